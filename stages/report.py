"""Stage `report`: what every stage measured → one page that a person can read, offline too, and the model cards."""

from collections.abc import Mapping, Sequence

from stages.artifacts import paths
from stages.artifacts.files import new_folder, read_json
from stages.command import run
from stages.publishing.made import Made
from stages.publishing.origin import Origin
from stages.publishing.page import Card
from stages.publishing.results import Results
from stages.reporting.anatomy import anatomy_part
from stages.reporting.collected import collection_part
from stages.reporting.deciding import decided_part
from stages.reporting.elements import Part
from stages.reporting.origins import origins_part
from stages.reporting.page import write_page
from stages.reporting.sections import sections_of
from stages.reporting.students import students_part
from stages.reporting.validity import validity_part
from stages.reporting.words import words_part
from stages.settings.chain import Approaches, EncoderName, Tasks
from stages.settings.collections import Collections, CollectionSection
from stages.settings.encoders import Encoders
from stages.settings.evaluate import Evaluate
from stages.settings.export import Export
from stages.settings.languages import Languages
from stages.settings.report import Report
from stages.settings.task import TaskSection


def report() -> None:
    """Writes the model cards, and `data/report/index.html`: the questions, their answers, what stands behind."""
    settings, approaches, encoder = Report.load(), Approaches.load().root, EncoderName.load().root
    examples = settings.examples
    confidence, exported = Evaluate.load().confidence, Export.load().approaches
    alpha = round(1 - confidence, 9)  # a p-value below it is taken for a difference; 1 - 0.95 is more than 0.05
    tasks = {name: TaskSection.named(name) for name in Tasks.load().root}
    collections = {name: CollectionSection.named(name) for name in Collections.load().root}
    cards = made_cards()
    with new_folder(paths.report()) as folder:
        parts: dict[str, list[Part]] = {
            "words": [words_part(language, alpha) for language in Languages.load().root],
            "collections": [collection_part(name, one.title, alpha) for name, one in collections.items()],
            **{name: [decided_part(name, one, approaches, alpha, folder)] for name, one in tasks.items()},
            "dissection": [anatomy_part(name, one.title) for name, one in tasks.items()],
            "distillation": [students_part(name, one.title, exported, folder) for name, one in tasks.items()],
            "validity": [validity_part(name, one.title, approaches, alpha, examples) for name, one in tasks.items()],
            "origins": [origins_part(tasks, collections, encoder, Encoders.named(encoder))],
        }
        page = folder / "index.html"
        write_page(page, sections_of(parts, tasks), confidence=confidence, megabytes=settings.megabytes)
        write_cards(cards)


def made_cards() -> dict[str, list[Card]]:
    """Makes a model card for each approach of each task, and for its export, with its scores, in the hub's form."""
    names = [(name, False) for name in Approaches.load().root] + [(name, True) for name in Export.load().approaches]
    return {task: [card(task, name, exported=small) for name, small in names] for task in Tasks.load().root}


def write_cards(cards: Mapping[str, Sequence[Card]]) -> None:
    """Writes model cards, in a folder for each task."""
    for task, found in cards.items():
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
        rows=read_json(paths.results("prepare", task))["rows"],
        settings=Evaluate.load(),
    )


if __name__ == "__main__":
    run(report)
