"""What a report is made of, before anyone decides how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


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
