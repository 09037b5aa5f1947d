"""The command `decortique`, also `python -m decortique`: questions about the project that DVC alone does not answer."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Ask about the project in this folder. `dvc repro` rebuilds it; `decortique why` says what it would do and why."""


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
    from dvc.exceptions import DvcException

    from decortique.core.files import StageError
    from decortique.core.source import FingerprintError
    from decortique.core.why import why

    try:
        for line in why(stages or [], Path()):
            typer.echo(line)
    except (FingerprintError, StageError, DvcException) as error:
        sys.exit(f"ERROR {' '.join(str(error).split())}")


if __name__ == "__main__":
    app(prog_name="decortique")
