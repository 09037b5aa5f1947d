"""Stage `report`: what every stage measured → one page that a person can read, offline too, and the model cards."""

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder
from decortique.core.findings import rehearsal
from decortique.core.settings import Approaches, EncoderName, Tasks
from decortique.data.settings import Collections, CollectionSection, Languages, Prepare, TaskSection
from decortique.diagnosis.findings import dissection_part, explained_texts, validity_part
from decortique.distillation.findings import students_of, students_part
from decortique.evaluation.findings import predictions_part, trainings_picture
from decortique.evaluation.settings import Evaluate
from decortique.models.settings import Encoders, Export
from decortique.report.cards import Origin, card_texts, write_cards
from decortique.report.page import origins_part, sections_of, write_page
from decortique.report.settings import Report
from decortique.summarization.findings import collection_part
from decortique.words.findings import words_part


def report() -> None:
    """Write `data/report/index.html` with its questions, their answers and what they rest on, and the model cards."""
    settings, approaches, encoder = Report.load(), Approaches.load().root, EncoderName.load().root
    confidence, exported = Evaluate.load().confidence, Export.load().approaches
    alpha = round(1 - confidence, 9)  # a p-value below it is significant; 1 - 0.95 is more than 0.05
    tasks = {name: TaskSection.named(name) for name in Tasks.load().root}
    collections = {name: CollectionSection.named(name) for name in Collections.load().root}
    texts = cards()
    with new_folder(paths.REPORT) as folder:
        parts = {
            "words": [words_part(language, alpha) for language in Languages.load().root],
            "collections": [collection_part(name, one.title, alpha) for name, one in collections.items()],
            **{
                name: [predictions_part(name, one, approaches, alpha, folder, explained_texts(name))]
                for name, one in tasks.items()
            },
            "dissection": [dissection_part(name, one.title) for name, one in tasks.items()],
            "distillation": [
                students_part(name, one.title, exported, trainings_picture(folder, name, students_of(name)))
                for name, one in tasks.items()
            ],
            "validity": [
                validity_part(name, one.title, approaches, alpha, settings.max_examples) for name, one in tasks.items()
            ],
            "origins": [origins_part(tasks, collections, encoder, Encoders.named(encoder))],
        }
        sections = sections_of(parts, tasks)
        write_page(
            folder / "index.html",
            sections,
            confidence=confidence,
            max_megabytes=settings.max_megabytes,
            warning=rehearsal(Prepare.load().limit),
        )
        write_cards(texts)


def cards() -> dict[str, dict[str, str]]:
    """Return the text of the card of each approach and of each export, by task and name."""
    encoder, approaches, exported = EncoderName.load().root, Approaches.load().root, Export.load().approaches
    tasks, limit = {name: TaskSection.named(name) for name in Tasks.load().root}, Prepare.load().limit
    origins = {name: Origin(task, encoder, Encoders.named(encoder), limit) for name, task in tasks.items()}
    return {name: card_texts(name, origin, approaches, exported, Evaluate.load()) for name, origin in origins.items()}


if __name__ == "__main__":
    run(report)
