"""Stage `report`: what every stage measured → one page that a person can read, offline too."""

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.command import run
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
    """Writes `data/report/index.html`: the questions, what the numbers answer, and pictures and tables behind it."""
    settings, approaches, encoder = Report.load(), Approaches.load().root, EncoderName.load().root
    examples = settings.examples
    confidence, exported = Evaluate.load().confidence, Export.load().approaches
    alpha = round(1 - confidence, 9)  # a p-value below it is taken for a difference; 1 - 0.95 is more than 0.05
    tasks = {name: TaskSection.named(name) for name in Tasks.load().root}
    collections = {name: CollectionSection.named(name) for name in Collections.load().root}
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


if __name__ == "__main__":
    run(report)
