"""Sentences with a mean grade: `id TAB grade TAB text` (the corpora of Hutto & Gilbert, 2014)."""

import html
from collections.abc import Iterator
from pathlib import Path

from stages.corpora.row import BadRow, Row
from stages.errors import StageError

STRONGEST = 4.0  # raters graded from -4 to +4


def read_graded(path: Path, encoding: str) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row); the label is the sign of the grade, and no label stands for a grade of zero.

    An id `document_sentence` gives the row its group and its position; other rows are groups of their own.
    """
    try:
        # newline="\n": a sentence may hold other characters that Python takes for line ends.
        with path.open(encoding=encoding, newline="\n", errors="strict") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, _parse(path.name, number, line.rstrip("\r\n"))
    except (UnicodeDecodeError, LookupError) as error:
        raise StageError(f"{path} is not {encoding} text ({error}): set the reader's encoding") from None


def _parse(file: str, number: int, line: str) -> Row | BadRow:
    fields = line.split("\t", 2)
    if len(fields) < 3:
        return BadRow(file, number, f"{len(fields)} fields instead of id, grade and text")
    identifier, grade, text = fields[0], fields[1], html.unescape(fields[2]).strip()
    if not text:
        return BadRow(file, number, "the text is empty")
    try:
        score = float(grade)
    except ValueError:
        return BadRow(file, number, f"the grade {grade!r} is no number")
    if not -STRONGEST <= score <= STRONGEST:
        return BadRow(file, number, f"the grade {grade} is not within -4 and +4")
    label = "positive" if score > 0 else "negative" if score < 0 else None
    document, _, sentence = identifier.partition("_")
    name = file.rsplit(".", 1)[0]
    position = int(sentence) - 1 if sentence.isdecimal() and len(sentence) < 10 else 0
    return Row(f"{name}-{identifier}", text, label, score, f"{name}-{document}", position)
