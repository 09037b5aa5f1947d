"""The page: its sections in their order, what a run was made from, one file."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from decortique.core.errors import StageError
from decortique.core.files import new_file
from decortique.core.findings import Part, Picture, Section, Table, many, measured
from decortique.data.settings import Collection
from decortique.data.task_settings import Task
from decortique.models.settings import Encoder

TITLE = "What a transformer knows, predicts and is worth"
LEAD = (
    "A transformer taken apart, put to work on real texts, and weighed against simpler tools. Each section asks one "
    "question, and answers it from what this run measured; what cannot be told from chance is shown as such."
)
CHALLENGES = {"opinion": "D3", "author": "D4", "author-fr": "D4"}
QUESTIONS = {
    "words": (
        "D1 · Words in context",
        "How does what stands for a pronoun, a stop word or a word of several senses change when it stands in a text?",
    ),
    "collections": (
        "D2 · Clusters, summaries",
        "Do clusters of texts find again what belongs together, and what are summaries worth that are built on them?",
    ),
    "dissection": (
        "The transformer, dissected",
        "What happens between a text and its prediction, and what does each layer make of a word?",
    ),
    "distillation": (
        "Distillation",
        "How small can a model be that the transformer taught, and what does it lose, at home and away from it?",
    ),
    "validity": (
        "How valid is all this?",
        "Where do the predictions fail, how right could anyone be, does anything leak, and do the explanations hold?",
    ),
    "origins": ("What it was made from", "Which texts, under which licences, and how many of them?"),
}
IN_SHORT = ("short", "In short", "The first answer of each section; what stands behind it is below.")


def sections_of(parts: Mapping[str, Sequence[Part]], tasks: Mapping[str, Task]) -> list[Section]:
    """Puts parts under their questions; what a run does not have is no section.

    Args:
        parts: by key of `QUESTIONS`, and by task, in the order of the page.
        tasks: of the run, by name.
    """
    asked = {**QUESTIONS, **{name: _about(name, task) for name, task in tasks.items()}}
    sections = [Section(key, *asked[key], found) for key, found in parts.items() if found]
    return [Section(*IN_SHORT, [_first_of(section) for section in sections if section.key != "origins"]), *sections]


def _about(name: str, task: Task) -> tuple[str, str]:
    challenge = f"{CHALLENGES[name]} · " if name in CHALLENGES else ""
    labels = " or ".join(task.labels)
    question = f"{task.title}: {labels}? Does a transformer predict better than a bag of words, and is that sure?"
    return f"{challenge}{name.capitalize()}", question


def _first_of(section: Section) -> Part:
    """Gives the first finding of each part of a section, under its title."""
    several = len(section.parts) > 1
    found = [
        replace(finding, claim=f"{part.title}: {finding.claim}") if several else finding
        for part in section.parts
        for finding in part.findings[:1]
    ]
    return Part(section.title, found)


def origins_part(
    tasks: Mapping[str, Task], collections: Mapping[str, Collection], encoder: str, described: Encoder
) -> Part:
    """Tells which texts there were, and under which licence they and the encoder come.

    Args:
        tasks: of the run, by name.
        collections: of the run, by name.
        encoder: its name.
        described: the encoder.
    """
    splits = Table(
        ["task", "split", "texts", "labels"],
        [
            [
                task,
                split,
                many(counts["all"]),
                ", ".join(f"{label} {many(count)}" for label, count in counts.items() if label != "all"),
            ]
            for task in tasks
            for split, counts in measured("prepare", task)["rows"].items()
        ],
        "How many texts there are to learn from, to choose by (validation), to be tested on, and of other kinds.",
        folded=True,
    )
    licences = Table(
        ["what", "name", "licence"],
        [
            *([f"task {name}", one.title, one.licence] for name, one in tasks.items()),
            *([f"collection {name}", one.title, one.licence] for name, one in collections.items()),
            ["encoder", encoder, described.licence],
        ],
        "Sources are pinned by checksum in catalogue/. Each model has a card in data/cards/.",
    )
    return Part("", [], [licences, splits])


COLOURS = 96  # of a picture: lines and letters on white need few, and a page of 5 MB should hold them all


def write_page(path: Path, sections: Sequence[Section], *, confidence: float, megabytes: float) -> None:
    """Writes a page whose style and pictures are inside it; what stands in the texts is shown, not obeyed.

    Args:
        path: the HTML file.
        sections: in their order.
        confidence: of the intervals.
        megabytes: of the page at most.

    Raises:
        StageError: a picture is missing, or the page would be larger.
    """
    pictures = {
        block.path: inlined(block.path)
        for section in sections
        for part in section.parts
        for block in part.blocks
        if isinstance(block, Picture)
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("page.html.j2").render(
        title=TITLE, lead=LEAD, sections=sections, pictures=pictures, confidence=f"{confidence:.0%}"
    )
    if len(page.encode()) > megabytes * 1e6:
        raise StageError(
            f"{path.name} would have {len(page.encode()) / 1e6:.1f} MB, report.megabytes allows {megabytes:g}: raise "
            "it, or run fewer tasks"
        )
    with new_file(path) as temporary:
        temporary.write_text(page + "\n", encoding="utf-8")


def inlined(path: Path) -> str:
    """Gives a picture as an address that holds it, in fewer colours: a third of the bytes.

    Raises:
        StageError: it is missing, or no picture.
    """
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    except OSError as error:
        raise StageError(f"{path} is missing, or no picture ({error}): run `dvc repro` to draw it") from None
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
