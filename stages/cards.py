"""Stage `cards`: models + all that was measured of them → the cards that they are published with."""

from stages.artifacts import paths
from stages.artifacts.files import new_folder, read_json
from stages.command import run
from stages.publishing.made import Made
from stages.publishing.origin import Origin
from stages.publishing.page import Card
from stages.publishing.results import Results
from stages.settings.chain import Approaches, EncoderName, Tasks
from stages.settings.encoders import Encoders
from stages.settings.evaluate import Evaluate
from stages.settings.export import Export
from stages.settings.task import TaskSection


def cards() -> None:
    """Writes a model card for each approach of each task, and for its export, with its scores, in the hub's form."""
    names = [(name, False) for name in Approaches.load().root] + [(name, True) for name in Export.load().approaches]
    # All are made before any is written.
    made = {task: [card(task, name, exported=small) for name, small in names] for task in Tasks.load().root}
    for task, found in made.items():
        with new_folder(paths.cards(task)) as folder:
            for one in found:
                one.write(folder / one.file)


def card(task: str, approach: str, *, exported: bool) -> Card:
    """Gathers what is known of an approach of a task, or of its export in 8 bits."""
    described, encoder = TaskSection.named(task), EncoderName.load().root
    made = Made.read(paths.model(task, approach))
    return Card(
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
    )


if __name__ == "__main__":
    run(cards)
