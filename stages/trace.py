"""Stage `trace`: the decisions of teachers and students → what each generation keeps, and where it drifts."""

from stages.artifacts import paths
from stages.artifacts.decisions import read_decisions
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.labelled import Labelled, held_out
from stages.artifacts.points import write_points
from stages.artifacts.tables import read_metadata
from stages.command import run
from stages.pictures.generations import draw_generations
from stages.progress import progress
from stages.settings.chain import Approaches
from stages.settings.distill import Rounds
from stages.settings.evaluate import Evaluate
from stages.settings.task import TaskSection
from stages.statistics.evaluation import Examples
from stages.statistics.family import families, lineages
from stages.statistics.generations import Generations, generation_points, traced


def trace(task: str) -> None:
    """Follows every student of a task back to the first of its teachers, and holds its decisions against theirs."""
    settings, described = Evaluate.load(), TaskSection.named(task)
    names = [*Approaches.load().root, *Rounds.load().of(task)]
    family, found = families({name: taught_by(task, name) for name in names}), dict[str, Generations]()
    splits = held_out(task)
    with progress("trace", len(splits), "set") as bar:
        for name, split in splits.items():
            rows = Labelled.read(task, split, described.labels, keep_groups=described.split.keep_groups)
            decided = {
                member: read_decisions(paths.decisions(task, member), split, rows.labels, rows.ids) for member in family
            }
            found[name] = Generations.of(Examples(rows.labels, rows.truth, rows.together), decided, family, settings)
            bar.update()
    points = list(generation_points(found))
    write_json(paths.metrics("trace", task), {"members": traced(found)})
    with new_folder(paths.plots("trace", task)) as folder:
        write_points(folder / "generations.csv", points)
        if family:
            draw_generations(
                folder / "generations.png", points, lineages(family), f"{settings.confidence:.0%} intervals"
            )


def taught_by(task: str, name: str) -> str | None:
    """Tells who taught an approach or a round; None where nobody did."""
    return read_metadata(paths.decisions(task, name) / "test.parquet").get("teacher")


if __name__ == "__main__":
    run(trace)
