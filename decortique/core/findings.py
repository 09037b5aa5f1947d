"""What a report is made of: findings, tables, pictures, and numbers as people read them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.files import read_json


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim, and what the numbers say of it.

    Attributes:
        claim: what is asked.
        verdict: the answer in a few words.
        evidence: the numbers it rests on, a full sentence.
        is_significant: whether the numbers tell anything; False is shown as such.
    """

    claim: str
    verdict: str
    evidence: str
    is_significant: bool = True

    @property
    def asked(self) -> str:
        """The claim with the mark that leads to its verdict."""
        return self.claim if self.claim.endswith("?") else f"{self.claim}:"

    @property
    def markdown(self) -> str:
        """A line of a Markdown list."""
        return f"- **{self.asked} {self.verdict}.** {self.evidence}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; strong where a test stands behind it."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; `caption` tells what to see."""

    heading: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str
    folded: bool = False  # behind a click: for who wants to know more

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, each cell with its emphasis."""
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]

    @property
    def markdown(self) -> str:
        """The caption, and the lines of a Markdown table."""
        rows = [list(self.heading), ["---"] * len(self.heading)]
        rows += [[f"**{cell.text}**" if cell.strong else cell.text for cell in row] for row in self.cells]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([self.caption, "", *lines] if self.caption else lines)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG file; `caption` tells what to see."""

    path: Path
    caption: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and how much it speaks for the prediction: from -1 (against) to +1."""

    text: str
    weight: float = 0.0

    @property
    def said(self) -> str:
        """What it does, and how strongly, for the page."""
        return f"{self.weight:+.2f}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as one approach saw it."""

    by: str
    prediction: str
    words: Sequence[Word]


@dataclass(frozen=True, slots=True)
class Example:
    """A text of the run, and what to see in it."""

    title: str
    text: str = ""
    shown: Sequence[Shown] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts under one caption."""

    caption: str
    texts: Sequence[Example]
    folded: bool = False


Block = Table | Picture | Examples


def markdown(blocks: Iterable[Finding | Table | str]) -> Iterator[str]:
    """Yield lines of Markdown: findings as one list, tables and sentences as paragraphs of their own."""
    previous: Finding | Table | str | None = None
    for block in blocks:
        if previous is not None and not (isinstance(previous, Finding) and isinstance(block, Finding)):
            yield ""
        yield block if isinstance(block, str) else block.markdown
        previous = block


@dataclass(frozen=True, slots=True)
class Part:
    """What is said of one task, language or collection."""

    title: str
    findings: Sequence[Finding] = ()
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A question of the mission, and its answer."""

    key: str
    title: str
    question: str
    parts: Sequence[Part] = field(default_factory=list)


SMALLEST_P = 0.001
EFFECTS = {0.25: "large", 0.15: "medium", 0.05: "small"}  # of Cohen's g


def interval(score: Mapping[str, float]) -> str:
    """Shows a value with its interval."""
    if "low" not in score:  # of a single group, which has none
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def signed(score: Mapping[str, float]) -> str:
    """Shows a difference with its interval."""
    if "low" not in score:
        return f"{score['value']:+.3f}"
    return f"{score['value']:+.3f} [{score['low']:+.3f}, {score['high']:+.3f}]"


def format_p(value: float) -> str:
    """Shows a p-value."""
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def p_equals(value: float) -> str:
    """Shows a p-value in a sentence."""
    return f"p {format_p(value)}" if value < SMALLEST_P else f"p = {format_p(value)}"


def effect(g: float) -> str:
    """Says how large an effect is, in Cohen's words."""
    return next((word for least, word in EFFECTS.items() if abs(g) >= least), "next to none")


def many(number: float) -> str:
    """Shows a count, thousands apart."""
    return f"{number:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def is_significant(test: Mapping[str, Any], alpha: float) -> bool:
    """Tells whether a test, corrected for the number of its like, rejects chance."""
    return test["holm_p"] < alpha


def compared(claim: str, difference: Mapping[str, float], p: float, alpha: float, evidence: str) -> Finding:
    """Says whether something is better, worse, or not to be told apart.

    Args:
        claim: what against what.
        difference: above zero where the first is better.
        p: of no difference, corrected.
        alpha: below which it is taken for one.
        evidence: what the difference is of; the difference and p are put behind it.
    """
    verdict = "no significant difference" if p >= alpha else "better" if difference["value"] > 0 else "worse"
    return Finding(claim, verdict, f"{evidence}: {signed(difference)}, {p_equals(p)}.", p < alpha)


# Subject → picture → what to see; the stage of the same name drew them, or the one of `DRAWN_BY`.
CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "pronouns": {
        "contextuality": "From layer to layer, words become what their text makes of them: a curve that lies lower is "
        "that of words which owe more to their context.",
        "probes": "What a linear probe reads from a pronoun alone: what lies above word2vec came in from its text.",
        "antecedents": "Does a pronoun lie nearer to what it refers to? Half is chance.",
    },
    "polysemy": {
        "words": "Occurrences of words of two senses: two clouds where the encoder has told them apart.",
        "senses": "Layer by layer, do clusters of occurrences agree with senses?",
    },
    "similarity": {"similarity": "Words out of context, ranked as people rank them (Spearman)."},
    "cluster": {
        "finding": "Groups of texts found again by clustering: higher is better, bars are intervals over sets of "
        "groups.",
        "clusters": "Texts in a plane, coloured by cluster.",
    },
    "summarize": {"summaries": "What summaries are worth, beside their baselines."},
    "evaluate": {
        "accuracy": "Accuracy at home and away. Where intervals overlap, look at the paired test in the table: it is "
        "sharper.",
        "streams/decoding": "From deciding text by text to Viterbi: do neighbours help? The tests are above.",
        "streams/streams": "Scores along the stream: noisy text by text, and what decoding makes of them.",
        "confusion": "Who errs in which direction: rows are the truth, columns the predictions.",
        "calibration": "On the dotted diagonal, a probability of .8 is right in 8 of 10 cases.",
        "roc": "Every threshold at once: the nearer to the upper left, the better.",
    },
    "dissect": {
        "layers": "The tokens of a few sentences in the plane of two principal components, layer by layer: from words "
        "to what predicts.",
        "parameters": "Where the parameters are.",
        "attention": "What each head of each layer looks at, in the first sentence.",
    },
    "slices": {
        "slices": "Accuracy on parts of the test set, beside how well people do (grey): where does who err?",
    },
    "robustness": {
        "flips": "How many predictions change when texts are rewritten: fewer is better, but for a negation."
    },
    "explain": {
        "deletion": "Without the words that an explanation names, a prediction should be less sure than without words "
        "taken out by lot.",
    },
    "audit": {"suspected": "Where labels are suspected."},
    "generations": {
        "generations/generations": "From generation to generation: accuracy, agreement with the first teacher, "
        "and entropy."
    },
}
DRAWN_BY = {"slices": "evaluate", "generations": "evaluate", "audit": "validity", "similarity": "pronouns"}
FOLDED = {
    *("antecedents", "senses", "similarity", "clusters", "streams/streams"),
    *("confusion", "calibration", "roc", "parameters", "attention"),
}  # behind a click: for who wants to know more


def measured(stage: str, name: str, part: str | None = None) -> Any:
    """Reads what a stage measured of a task, a language or a collection; of several files, one part.

    Raises:
        StageError: it did not.
    """
    return read_json(paths.results(stage, name, part))


def pictures_of(subject: str, name: str, *, without: Sequence[str] = ()) -> list[Picture]:
    """Gives the pictures of a subject, drawn of a task, a language or a collection.

    Args:
        subject: a key of `CAPTIONS`.
        name: of the task, language or collection.
        without: those that are not drawn for it.
    """
    stage = DRAWN_BY.get(subject, subject)
    return [
        Picture(paths.plots(stage, name) / f"{picture}.png", caption, folded=picture in FOLDED)
        for picture, caption in CAPTIONS[subject].items()
        if picture not in without
    ]
