"""The command `decortique`, also `python -m decortique`: what DVC alone does not do for this project."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Ask about the project in this folder. `dvc repro` rebuilds it; `decortique why` says what it would do and why.

    `decortique compare` tests whether two runs differ; `decortique verify` says whether the last commit is reproduced;
    `decortique quick` rehearses the whole chain in minutes.
    """


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """End the process with exit code 1 and one line where the person can correct what is wrong."""
    from dvc.exceptions import DvcException

    from decortique.core.files import StageError
    from decortique.core.source import FingerprintError

    try:
        yield
    except (FingerprintError, StageError, DvcException) as error:
        sys.exit(f"ERROR {' '.join(str(error).split())}")


@app.command(name="why")
def explain(
    stages: Annotated[
        list[str] | None, typer.Argument(metavar="[STAGE]...", help="Names as in dvc.yaml; all where none is given.")
    ] = None,
) -> None:
    """Say why stages will run again at the next `dvc repro`.

    A stage runs again when the code that it can reach, a parameter that it reads or one of its inputs changed since its
    last run. Comments, docstrings and formatting are not code. For each such stage this command names the modules and
    package versions that changed, the parameters with their old and new values, and the inputs.

    `decortique why evaluate` asks about `evaluate@opinion`, `evaluate@author` and so on;
    `decortique why evaluate@opinion` about one of them.

    "may run again": a stage that makes one of its inputs runs first, and the input may come out as it was.
    """
    from decortique.core.why import why

    with errors_as_one_line():
        for line in why(stages or [], Path()):
            typer.echo(line)


@app.command(name="compare")
def compare_versions(
    first: Annotated[str, typer.Argument(metavar="A", help="A Git revision, the name of an experiment, or workspace.")],
    second: Annotated[str, typer.Argument(metavar="[B]", help="Another one.")] = "workspace",
    task: Annotated[list[str] | None, typer.Option(help="A task; may be given several times. All without it.")] = None,
    form: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="JSON has the numbers as they are.")
    ] = "table",
) -> None:
    """Say whether predictions became better or worse between two runs, and which parameters differ.

    Both are scored on the test texts that they share. Each approach that both have gets its difference B − A with a
    bootstrap interval, and a paired test, whose p-value is corrected for the number of comparisons.

    `decortique compare HEAD` compares the workspace with the last commit; `decortique compare one other` two
    experiments. What another version predicted comes from DVC's cache. Resamples and confidence are those of
    `evaluate` in params.yaml.
    """
    from decortique.evaluation.compare import compare, rendered
    from decortique.evaluation.versions import Version

    with errors_as_one_line():
        typer.echo(rendered(compare(Version.named(first), Version.named(second), task or ()), form))


@app.command(name="verify")
def verify_run(
    tolerance: Annotated[
        float, typer.Option(min=0, help="How far a headline number without an interval may be from the committed one.")
    ] = 0.02,
) -> None:
    """Say whether the committed results are reproduced, after `dvc repro` on this machine.

    Another processor changes the last digits, and so a few predictions. The headline numbers of an evaluation should
    lie in the committed intervals, and all others near the committed numbers. Exit code 1 where one does not, or where
    parameters are not those of the last commit.
    """
    from decortique.evaluation.verify import verify

    with errors_as_one_line():
        answers = list(verify(tolerance))
    for _, line in answers:
        typer.echo(line)
    if not all(is_reproduced for is_reproduced, _ in answers):
        raise typer.Exit(1)


@app.command(name="quick")
def rehearse_chain(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Tasks of catalogue/tasks/; those of params.yaml.")
    ] = None,
) -> None:
    """Run the whole chain on few texts, for a first look at its report in minutes; its numbers mean little.

    It is the experiment `quick` of DVC, in a temporary copy of the last commit with what was changed since then: the
    workspace stays as it is. What it downloads is there for `make repro`.
    """
    from decortique.report.quick import rehearse

    with errors_as_one_line():
        for line in rehearse(tasks or []):
            typer.echo(line)


if __name__ == "__main__":
    app(prog_name="decortique")
