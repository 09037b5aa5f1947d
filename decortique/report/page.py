"""The report: one HTML file with its sections in order, style and pictures inside, and what the run was made from."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from decortique.core.files import StageError, new_file
from decortique.core.findings import Part, Picture, Section, Table, measured, percent, thousands
from decortique.data.settings import Collection, Task
from decortique.models.settings import Encoder

TITLE = "What a transformer knows, predicts and is worth"
LEAD = (
    "A transformer taken apart, put to work on real texts, and compared with simpler tools. Each section asks one "
    "question and answers it from what this run measured; answers that are not significant are marked as such."
)
CHALLENGES = {"opinion": "D3", "author": "D4", "author-fr": "D4"}
QUESTIONS = {
    "words": (
        "D1 · Words in context",
        "How does the representation of a pronoun, a stop word or a word of several senses change with its context?",
    ),
    "collections": (
        "D2 · Clusters, summaries",
        "Do clusters of texts recover what belongs together, and how good are summaries that are built on them?",
    ),
    "dissection": (
        "The transformer, dissected",
        "What happens between a text and its prediction, and what does each layer make of a word?",
    ),
    "distillation": (
        "Distillation",
        "How small can a student of the transformer be, and what does it lose, in domain and out of domain?",
    ),
    "validity": (
        "How valid is all this?",
        "Where do the predictions fail, how accurate could anyone be, does anything leak, and do explanations hold?",
    ),
    "origins": ("What it was made from", "Which texts, under which licences, and how many of them?"),
}
IN_SHORT = ("short", "In short", "The first answer of each section; what it rests on is below.")


def sections_of(parts: Mapping[str, Sequence[Part]], tasks: Mapping[str, Task]) -> list[Section]:
    """Return the sections of the page: parts by key of `QUESTIONS`, or by task, under their questions.

    A key without parts is no section.
    """
    headings = {**QUESTIONS, **{name: _heading(name, task) for name, task in tasks.items()}}
    sections = [Section(key, *headings[key], its_parts) for key, its_parts in parts.items() if its_parts]
    short = [_first_findings(section) for section in sections if section.key != "origins"]
    return [Section(*IN_SHORT, short), *sections]


def _heading(name: str, task: Task) -> tuple[str, str]:
    challenge = f"{CHALLENGES[name]} · " if name in CHALLENGES else ""
    question = f"{task.title}: {' or '.join(task.labels)}? Does a transformer predict better than a bag of words?"
    return f"{challenge}{name.capitalize()}", question


def _first_findings(section: Section) -> Part:
    several = len(section.parts) > 1
    findings = [
        replace(finding, claim=f"{part.title}: {finding.claim}") if several else finding
        for part in section.parts
        for finding in part.findings[:1]
    ]
    return Part(section.title, findings)


def origins_part(
    tasks: Mapping[str, Task], collections: Mapping[str, Collection], encoder_name: str, encoder: Encoder
) -> Part:
    """Return the tables of the licences of texts and encoder, and of the number of texts of each split."""
    splits = [
        [
            task,
            split,
            thousands(counts["all"]),
            ", ".join(f"{label} {thousands(count)}" for label, count in counts.items() if label != "all"),
        ]
        for task in tasks
        for split, counts in measured("prepare", task)["rows"].items()
    ]
    licences = [
        *([f"task {name}", task.title, task.licence] for name, task in tasks.items()),
        *([f"collection {name}", one.title, one.licence] for name, one in collections.items()),
        ["encoder", encoder_name, encoder.licence],
    ]
    pinned = "Sources are pinned by checksum in catalogue/. Each model has a card in data/cards/."
    counted = "How many texts there are to train on, to choose by (validation), to test on, and of other kinds."
    return Part(
        "",
        blocks=[
            Table(["what", "name", "licence"], licences, pinned),
            Table(["task", "split", "texts", "labels"], splits, counted, folded=True),
        ],
    )


COLOURS = 96  # of a picture: lines and letters on white need few, and a page of 5 MB should hold them all


def write_page(
    path: Path, sections: Sequence[Section], *, confidence: float, max_megabytes: float, warning: str = ""
) -> None:
    """Write the page, with a warning at its top, if any; HTML inside texts is escaped, never interpreted.

    Raises:
        StageError: a picture is missing, or the page would be larger than `max_megabytes`.
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
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html.j2").render(
        title=TITLE,
        lead=LEAD,
        warning=warning,
        sections=sections,
        pictures=pictures,
        confidence=percent(confidence, 0),
    )
    if len(page.encode()) > max_megabytes * 1e6:
        raise StageError(
            f"{path.name} would have {len(page.encode()) / 1e6:.1f} MB, report.max_megabytes allows {max_megabytes:g}: "
            "raise it, or run fewer tasks"
        )
    with new_file(path) as temporary:
        temporary.write_text(page + "\n", encoding="utf-8")


def inlined(path: Path) -> str:
    """Return a picture as a data URL, in fewer colours: a third of the bytes.

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
