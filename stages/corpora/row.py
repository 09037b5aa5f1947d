"""What every reader gives: rows, the lines that cannot be one, and what was taken out of a text."""

from collections.abc import Mapping
from dataclasses import dataclass

Marks = Mapping[str, str | None]  # what stands in a file → the label of the task; None: none is known


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a corpus; the fields are those of `stages.artifacts.tables.CORPUS`."""

    id: str
    text: str
    label: str | None
    score: float | None
    group: str
    position: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a raw file that is no row, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """Gives `reviews.csv line 12: the text is empty`."""
        return f"{self.file} line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Removed:
    """A passage that a reader left out of a text because nobody said it: `(APPLAUSE)`."""

    passage: str
