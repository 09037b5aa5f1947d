"""Speeches, a sentence per line: `<speech:sentence:LABEL> text`; `<speech:sentence> text` where labels are sought."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stages.corpora.records import OPENERS, is_broken, open_text, whole
from stages.corpora.row import BadRow, Marks, Row

# The text may itself hold <nom>, <date> or << … >>: only the first mark is one. Up to 9 digits fit the position's type.
LINE = re.compile(r"<([^<>:]*):([^<>:]*)(?::([^<>:]*))?>(.*)", re.DOTALL)
NUMBER = re.compile(r"0*[1-9][0-9]{0,8}")


def read_speeches(path: Path, encoding: str, marks: Marks | None) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row or bad row); a speech is a group, a sentence's number - 1 its position.

    Where labels are sought, a sentence without text is a row too: decisions are handed in line by line, and one
    that is missing would shift all that follow. Elsewhere there is nothing to learn from it, so that it is a bad row.

    Args:
        path: the file, plain or packed (.gz, .bz2, .xz).
        encoding: of its text.
        marks: which mark of the file stands for which label, or None where labels are sought; the empty mark is that
            of a line without one, too.

    Raises:
        StageError: the file cannot be read to its end, or the encoding is unknown.
    """
    place = _Place()
    # newline="\n": a sentence may hold other characters that Python takes for line ends.
    with whole(path), open_text(path, encoding, newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield number, _parse(path, line.rstrip("\r\n"), marks, place, encoding)
            except ValueError as error:
                yield number, BadRow(path.name, number, str(error))


@dataclass(slots=True)
class _Place:
    """How far the reading has come: sentences follow each other, and a speech is told in one go."""

    speech: int = 0
    sentence: int = 0
    told: set[int] = field(default_factory=set)

    def move_to(self, speech: int, sentence: int) -> None:
        if speech != self.speech:
            if speech in self.told:
                raise ValueError(f"speech {speech} goes on after another one: its sentences must stand together")
            self.told.add(speech)
        elif sentence <= self.sentence:
            raise ValueError(f"sentence {sentence} of speech {speech} stands after its sentence {self.sentence}")
        self.speech, self.sentence = speech, sentence


def _parse(path: Path, line: str, marks: Marks | None, place: _Place, encoding: str) -> Row:
    if is_broken(line):
        raise ValueError(f"the line is not {encoding} text")
    marked = LINE.fullmatch(line)
    if marked is None:
        raise ValueError("no mark <speech:sentence:LABEL> or <speech:sentence> at its beginning")
    speech, sentence = _number(marked[1], "speech"), _number(marked[2], "sentence")
    label = None if marks is None else _label(marked[3], marks)
    text = marked[4].strip()
    if not text and marks is not None:
        raise ValueError("the text is empty")
    place.move_to(speech, sentence)
    file = path.with_suffix("") if path.suffix.lower() in OPENERS else path
    group = f"{file.stem}-{speech}"
    return Row(f"{group}-{sentence}", text, label, None, group, sentence - 1)


def _number(digits: str, what: str) -> int:
    if not NUMBER.fullmatch(digits):
        raise ValueError(f"the {what} is {digits[:20]!r}, not a number from 1 to 999999999")
    return int(digits)


def _label(mark: str | None, marks: Marks) -> str | None:
    if (mark or "") not in marks:
        shown = "absent" if mark is None else repr(mark)
        raise ValueError(f"the label is {shown}, not one of {', '.join(filter(None, marks))}")
    return marks[mark or ""]
