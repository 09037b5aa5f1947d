"""What report, docs and model cards are made of: findings, tables, pictures, examples; and the format of numbers."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.files import read_json


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim or question, the answer in a few words, and a sentence with the numbers that it rests on."""

    claim: str
    verdict: str
    evidence: str
    is_significant: bool = True  # what is not is marked as such

    @property
    def asked(self) -> str:
        """The claim, with a colon where it is no question."""
        return self.claim if self.claim.endswith("?") else f"{self.claim}:"

    @property
    def markdown(self) -> str:
        """The finding as an item of a Markdown list."""
        return f"- **{self.asked} {self.verdict}.** {self.evidence}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; strong where a test is significant."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; the caption says what to see."""

    heading: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str
    folded: bool = False  # in the report behind a click

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
    """A PNG file; the caption says what to see."""

    path: Path
    caption: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and its weight: from -1 (against the prediction) to +1 (for it)."""

    text: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """The prediction of one approach, and all words of the text with their weights for it."""

    approach: str
    prediction: str
    words: Sequence[Word]


@dataclass(frozen=True, slots=True)
class Example:
    """A text of the run, and what to see in it."""

    title: str
    text: str = ""
    explanations: Sequence[Explanation] = ()


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
    """The findings about one task, language or collection."""

    title: str
    findings: Sequence[Finding] = ()
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A question, and the findings that answer it."""

    key: str
    title: str
    question: str
    parts: Sequence[Part] = ()


SMALLEST_P = 0.001
EFFECTS = {0.25: "large", 0.15: "medium", 0.05: "small"}  # of Cohen's g


def interval(score: Mapping[str, float], digits: int = 3, sign: str = "", kind: str = "f") -> str:
    """Return a value with its interval, where it has one (a single group has none)."""
    form = f"{sign}.{digits}{kind}"
    value = format(score["value"], form)
    return f"{value} [{score['low']:{form}}, {score['high']:{form}}]" if "low" in score else value


def signed(score: Mapping[str, float], digits: int = 3) -> str:
    """Return a difference with its interval, and with its sign."""
    return interval(score, digits, sign="+")


def percent(share: Mapping[str, float] | float, digits: int = 1) -> str:
    """Return a share in percent, with its interval, where it has one."""
    return interval(share if isinstance(share, Mapping) else {"value": share}, digits, kind="%")


def decimal(value: float, digits: int = 3) -> str:
    """Return a number without an interval."""
    return f"{value:.{digits}f}"


def spread(score: Mapping[str, float]) -> str:
    """Return a mean over seeds, and the smallest and the greatest value."""
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def format_p(value: float) -> str:
    """Return a p-value for a cell of a table."""
    return f"< {SMALLEST_P}" if value < SMALLEST_P else decimal(value)


def p_equals(value: float) -> str:
    """Return a p-value for a sentence."""
    return f"p {format_p(value)}" if value < SMALLEST_P else f"p = {format_p(value)}"


def thousands(number: float) -> str:
    """Return a count, with a space between thousands."""
    return f"{number:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def effect(g: float) -> str:
    """Return how large an effect is, in the words of Cohen (1988) for his g."""
    return next((word for smallest, word in EFFECTS.items() if abs(g) >= smallest), "next to none")


def rehearsal(limit: int | None) -> str:
    """Return what a run with `prepare.limit` says of itself; an empty text where there is no limit."""
    if limit is None:
        return ""
    return f"A rehearsal on about {thousands(limit)} texts of each split (prepare.limit): its numbers mean little."


def is_significant(test: Mapping[str, Any], alpha: float) -> bool:
    """Return whether a test, corrected for the number of tests of its family, rejects chance."""
    return test["holm_p"] < alpha


def excludes_zero(difference: Mapping[str, float]) -> bool:
    """Return whether the interval of a difference excludes zero."""
    return not difference["low"] <= 0 <= difference["high"]


def comparison(claim: str, difference: Mapping[str, float], p: float, alpha: float, evidence: str) -> Finding:
    """Return whether something is better, worse, or not significantly different; `evidence` precedes the numbers."""
    verdict = "no significant difference" if p >= alpha else "better" if difference["value"] > 0 else "worse"
    return Finding(claim, verdict, f"{evidence}: {signed(difference)}, {p_equals(p)}.", p < alpha)


def pictures(
    stage: str, item: str, captions: Mapping[str, str], folded: Container[str] = (), without: Container[str] = ()
) -> list[Picture]:
    """Return the pictures of an item, in the order of `captions` (by file name), but not those it goes `without`."""
    return [
        Picture(paths.plots(stage, item) / f"{name}.png", caption, folded=name in folded)
        for name, caption in captions.items()
        if name not in without
    ]


def measured(stage: str, item: str, part: str | None = None) -> Any:
    """Return what a stage measured of a task, language or collection; of several files, one part."""
    return read_json(paths.results(stage, item, part))
