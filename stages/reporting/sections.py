"""The questions of the mission, in their order, each with the parts that answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stages.reporting.elements import Part, Section
from stages.settings.task import Task

TITLE = "What a transformer knows, decides and is worth"
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
        "What happens between a text and its decision, and what does each layer make of a word?",
    ),
    "distillation": (
        "Distillation",
        "How small can a model be that the transformer taught, and what does it lose, at home and away from it?",
    ),
    "validity": (
        "How valid is all this?",
        "Where do the decisions fail, how right could anyone be, does anything leak, and do the explanations hold?",
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
    question = f"{task.title}: {labels}? Does a transformer decide better than a bag of words, and is that sure?"
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
