"""Stage `report`: what every stage measured → one page that a person can read, offline too, and the model cards."""

from collections.abc import Mapping, Sequence

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, read_json
from decortique.core.findings import Part
from decortique.core.run_settings import Approaches, EncoderName, Tasks
from decortique.data.settings import Collections, CollectionSection, Languages
from decortique.data.task_settings import TaskSection
from decortique.diagnosis.findings import validity_part
from decortique.distillation.findings import anatomy_part, students_part
from decortique.evaluation.findings import predictions_part
from decortique.evaluation.settings import Evaluate
from decortique.models.settings import Encoders, Export
from decortique.report.card_page import Card
from decortique.report.card_results import Results
from decortique.report.card_sources import Made, Origin
from decortique.report.page import origins_part, sections_of, write_page
from decortique.report.settings import Report
from decortique.summarization.findings import collection_part
from decortique.words.findings import words_part


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
            **{name: [predictions_part(name, one, approaches, alpha, folder)] for name, one in tasks.items()},
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
