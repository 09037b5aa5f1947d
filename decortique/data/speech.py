"""Readers of speech: speeches of marked sentences, and turns of debates, which are split into sentences."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sentencex import segment

from decortique.data import records
from decortique.data.corpus import Row
from decortique.data.source_settings import TurnsReader
from decortique.data.text import LETTER_OR_DIGIT

# The text may itself hold <nom>, <date> or << … >>: only the first mark is one. Up to 9 digits fit the position's type.
LINE = re.compile(r"<([^<>:]*):([^<>:]*)(?::([^<>:]*))?>(.*)", re.DOTALL)
NUMBER = re.compile(r"0*[1-9][0-9]{0,8}")


def read_speeches(path: Path, encoding: str, marks: records.Marks | None) -> Iterator[tuple[int, Row | ValueError]]:
    """Yield (line number, row or error); a speech is a group, a sentence's number - 1 its position.

    In an unlabelled file, a sentence without text is a row too: predictions are handed in line by line, and one that
    is missing would shift all that follow. Elsewhere nothing can be learned from it, so that it is a bad row.

    `marks` are the labels by their mark, None for unlabelled files; a line without a mark has the empty one.
    """
    file = path.with_suffix("") if path.suffix.lower() in records.OPENERS else path
    last = (0, 0)  # speech, sentence
    ended: set[int] = set()  # speeches

    def parse(_: int, line: str) -> Row:
        nonlocal last
        speech, sentence, label, text = _parse_sentence(line.rstrip("\r\n"), marks, encoding)
        if speech != last[0] and speech in ended:
            raise ValueError(f"speech {speech} goes on after another one: its sentences must stand together")
        if speech == last[0] and sentence <= last[1]:
            raise ValueError(f"sentence {sentence} of speech {speech} stands after its sentence {last[1]}")
        last = speech, sentence
        ended.add(speech)
        group = f"{file.stem}-{speech}"
        return Row(f"{group}-{sentence}", text, label, None, group, sentence - 1)

    # newline="\n": a sentence may hold other characters that Python takes for line ends.
    with records.readable(path), records.open_text(path, encoding, newline="\n") as lines:
        yield from records.parse_each(enumerate(lines, start=1), parse)


def _parse_sentence(line: str, marks: records.Marks | None, encoding: str) -> tuple[int, int, str | None, str]:
    """Return the numbers of the speech and the sentence, the label and the text."""
    if records.is_broken(line):
        raise ValueError(f"the line is not {encoding} text")
    if not (marked := LINE.fullmatch(line)):
        raise ValueError("no mark <speech:sentence:LABEL> or <speech:sentence> at its beginning")
    for what, digits in (("speech", marked[1]), ("sentence", marked[2])):
        if not NUMBER.fullmatch(digits):
            raise ValueError(f"the {what} is {digits[:20]!r}, not a number from 1 to 999999999")
    mark, text = marked[3], marked[4].strip()
    if marks is not None and (mark or "") not in marks:
        shown = "absent" if mark is None else repr(mark)
        raise ValueError(f"the label is {shown}, not one of {', '.join(filter(None, marks))}")
    if marks is not None and not text:
        raise ValueError("the text is empty")
    return int(marked[1]), int(marked[2]), None if marks is None else marks[mark or ""], text


# Nobody says these. In capitals, seven letters tell a direction, (APPLAUSE) or (END VIDEO CLIP), from an abbreviation
# such as (NATO), which belongs to the text; the shorter ones, and those in small letters, are listed.
LISTED = "crosstalk|applause|cheers|cheering|laughs|laughing|laughter|inaudible|unintelligible|unknown|pause|ph|sic"
DIRECTION = re.compile(rf"\s?[(\[](?:(?i:{LISTED})|(?=(?:[^A-Z)\]]*[A-Z]){{7}})[A-Z][A-Z ,.'/-]*)[)\]]")
# What an editor put in so that a sentence can be understood: "we need [people who] work".
ADDED = re.compile(r"\[([^\[\]]*)\]")
# Where a source lost its line breaks: "right.I am", "NATO.I think", "don't.Now", 'league."Third'. An abbreviation has
# one letter before its point, or a capital and a small one, so that "U.S.", "I.C.E." and "Ph.D." stay.
GLUED = re.compile(r"((?:(?:[a-zß-öø-ÿ0-9]{2}|[A-ZÀ-ÖØ-Þ]{2}|['’][a-z])\.|\w[?!])[\"”]?)(?=[A-ZÀ-ÖØ-Þ])")


class Removed(NamedTuple):
    """A passage that a reader left out of a text because nobody said it: `(APPLAUSE)`."""

    passage: str


class _Turn(NamedTuple):
    line: int
    debate: str
    label: str | None  # None: a speaker whom the task does not name, such as a moderator
    sentences: list[str]
    removed: list[Removed]


def read_turns(path: Path, reader: TurnsReader, language: str) -> Iterator[tuple[int, Row | ValueError | Removed]]:
    """Yield (line number, row, error or stage direction) of a table of turns (CSV, TSV, JSONL or Parquet).

    A row is a sentence. Its `position` counts the sentences of the whole debate, whoever says them (those without a
    word, "...", are not counted): where two rows of a group are more than 1 apart, somebody else spoke between them.
    Its `group` is a part of the debate, `<debate>-<two digits>`: at least `reader.min_sentences` sentences, whoever
    says them, up to where somebody who is not among `reader.speakers` takes the word, so that no answer is cut; a
    shorter rest belongs to the last part. There are parts because a split takes whole groups and a stream is decoded
    group by group: of three debates, nothing could be kept for validation but a third.
    """
    ended: set[str] = set()
    debate: list[_Turn] = []
    with records.readable(path):
        table = records.read_records(path, reader.encoding, [reader.text, reader.label, reader.group])
        # A bad turn has no debate and must not end one: it is reported when met, and its debate goes on.
        for line, turn in records.parse_each(table, partial(_parse_turn, reader=reader, language=language)):
            if isinstance(turn, ValueError):
                yield line, turn
            elif turn.debate in ended:
                yield line, ValueError(f"{reader.group} {turn.debate!r} goes on after another one")
            else:
                if debate and turn.debate != debate[0].debate:
                    yield from _rows(path.name, debate, reader.min_sentences)
                    ended.add(debate[0].debate)
                    debate = []
                debate.append(turn)
        yield from _rows(path.name, debate, reader.min_sentences)


def _parse_turn(line: int, record: records.Record, reader: TurnsReader, language: str) -> _Turn:
    text = records.text_of(record, reader.text)
    speaker, debate = (records.filled(record, column).strip() for column in (reader.label, reader.group))
    records.refuse_broken(reader.encoding, {reader.text: text, reader.label: speaker, reader.group: debate})
    return _Turn(line, debate.lower(), reader.speakers.get(speaker), *sentences(text, language))


def sentences(text: str, language: str) -> tuple[list[str], list[Removed]]:
    """Return the sentences of a turn that hold a letter or a digit (sentencex), and its stage directions."""
    removed = [Removed(direction[0].strip()) for direction in DIRECTION.finditer(text)]
    spoken = ADDED.sub(r"\1", DIRECTION.sub("", text))
    lines = GLUED.sub(r"\1 ", spoken).splitlines()
    parts = [part.strip() for line in lines for part in segment(language, line)]
    return [part for part in parts if LETTER_OR_DIGIT.search(part)], removed


def _rows(file: str, debate: list[_Turn], min_sentences: int) -> Iterator[tuple[int, Row | Removed]]:
    parts: list[int] = []
    number, length = 1, 0
    for turn in debate:
        if turn.label is None and length >= min_sentences:
            number, length = number + 1, 0
        parts.append(number)
        length += len(turn.sentences)
    if length < min_sentences:
        number = max(1, number - 1)  # the rest belongs to the part before
    position = 0
    for turn, part in zip(debate, parts, strict=True):
        group = f"{turn.debate}-{min(part, number):02d}"
        if turn.label is not None:
            yield from ((turn.line, removed) for removed in turn.removed)
            for index, text in enumerate(turn.sentences, start=position):
                yield turn.line, Row(f"{records.stem(file)}-{group}-{index}", text, turn.label, None, group, index)
        position += len(turn.sentences)
