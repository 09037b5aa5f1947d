"""Stage `cards`: models + all that was measured of them → the cards that they are published with."""

from pathlib import Path

from stages.artifacts import paths
from stages.artifacts.files import new_folder, read_json
from stages.command import run
from stages.publishing.made import Made
from stages.publishing.origin import Origin
from stages.publishing.page import Card, path_name
from stages.publishing.results import Results
from stages.settings.chain import Approaches, EncoderName, Tasks
from stages.settings.encoders import Encoders
from stages.settings.evaluate import Evaluate
from stages.settings.export import Export
from stages.settings.task import TaskSection


def cards() -> None:
    """Writes a model card for each approach of each task, and for its export, with its scores, in the hub's form."""
    for task in Tasks.load().root:
        with new_folder(paths.cards(task)) as folder:
            for approach in Approaches.load().root:
                write_card(folder, task, approach, exported=False)
            for approach in Export.load().approaches:
                write_card(folder, task, approach, exported=True)


def write_card(folder: Path, task: str, approach: str, *, exported: bool) -> None:
    """Writes the card of an approach of a task, or of its export in 8 bits."""
    described, encoder = TaskSection.named(task), EncoderName.load().root
    made = Made.read(paths.model(task, approach))
    Card(
        task=task,
        approach=approach,
        exported=exported,
        made=made.exported(paths.export(task, approach)) if exported else made,
        origin=Origin(described, encoder, Encoders.named(encoder)),
        results=(
            Results.of_export(task, approach)
            if exported
            else Results.of_approach(task, approach, Approaches.load().baseline)
        ),
        rows=read_json(paths.metrics("prepare", task))["rows"],
        settings=Evaluate.load(),
    ).write(folder / f"{path_name(approach, exported=exported)}.md")


if __name__ == "__main__":
    run(cards)
