"""What a report is made of: findings, tables, pictures, and numbers as people read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim, and what the numbers say of it.

    Attributes:
        claim: what is asked.
        verdict: the answer in a few words.
        evidence: the numbers it rests on, a full sentence.
        told: whether the numbers tell anything; False is shown as such.
    """

    claim: str
    verdict: str
    evidence: str
    told: bool = True

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


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG file; `caption` tells what to see."""

    path: Path
    caption: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and how much it speaks for the decision: from -1 (against) to +1."""

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
    decision: str
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


def p_shown(value: float) -> str:
    """Shows a p-value."""
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def p_said(value: float) -> str:
    """Shows a p-value in a sentence."""
    return f"p {p_shown(value)}" if value < SMALLEST_P else f"p = {p_shown(value)}"


def effect(g: float) -> str:
    """Says how large an effect is, in Cohen's words."""
    return next((word for least, word in EFFECTS.items() if abs(g) >= least), "next to none")


def many(number: float) -> str:
    """Shows a count, thousands apart."""
    return f"{number:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def told(test: Mapping[str, Any], alpha: float) -> bool:
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
    verdict = "not told apart" if p >= alpha else "better" if difference["value"] > 0 else "worse"
    return Finding(claim, verdict, f"{evidence}: {signed(difference)}, {p_said(p)}.", p < alpha)
