"""Reader of turns of speech, cut into sentences."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentencex import segment

from decortique.data.records import BadRow, Removed, Row, filled, is_broken, records, stem, text_of, whole
from decortique.data.task_settings import TurnsReader

# Nobody says these. In capitals, seven letters tell a direction, (APPLAUSE) or (END VIDEO CLIP), from an abbreviation
# such as (NATO), which belongs to the text; the shorter ones, and those in small letters, are listed.
LISTED = "crosstalk|applause|cheers|cheering|laughs|laughing|laughter|inaudible|unintelligible|unknown|pause|ph|sic"
DIRECTION = re.compile(rf"\s?[(\[](?:(?i:{LISTED})|(?=(?:[^A-Z)\]]*[A-Z]){{7}})[A-Z][A-Z ,.'/-]*)[)\]]")
# What an editor put in so that a sentence can be understood: "we need [people who] work".
ADDED = re.compile(r"\[([^\[\]]*)\]")
# Where a source lost its line breaks: "right.I am", "NATO.I think", "don't.Now", 'league."Third'. An abbreviation has
# one letter before its point, or a capital and a small one, so that "U.S.", "I.C.E." and "Ph.D." stay.
GLUED = re.compile(r"((?:(?:[a-zß-öø-ÿ0-9]{2}|[A-ZÀ-ÖØ-Þ]{2}|['’][a-z])\.|\w[?!])[\"”]?)(?=[A-ZÀ-ÖØ-Þ])")
SPOKEN = re.compile(r"[^\W_]")


def sentences(text: str, language: str) -> tuple[list[str], list[Removed]]:
    """Cuts what one person said into sentences, with the rules of `language` (sentencex).

    Returns:
        The sentences that hold a letter or a digit ("..." is none), and the stage directions that were taken out.
    """
    removed = [Removed(found[0].strip()) for found in DIRECTION.finditer(text)]
    spoken = ADDED.sub(r"\1", DIRECTION.sub("", text))
    lines = GLUED.sub(r"\1 ", spoken).splitlines()
    cut = [part.strip() for line in lines for part in segment(language, line)]
    return [sentence for sentence in cut if SPOKEN.search(sentence)], removed


Item = Row | BadRow | Removed


@dataclass(frozen=True, slots=True)
class _Turn:
    line: int
    debate: str
    label: str | None  # None: somebody whom the task does not ask for, such as a moderator
    sentences: list[str]
    removed: list[Removed]


def read_turns(path: Path, reader: TurnsReader, language: str) -> Iterator[tuple[int, Item]]:
    """Yields (line number, row, bad row or stage direction) of a table of turns (CSV, TSV, JSONL or Parquet).

    A row is a sentence. Its `position` counts the sentences of the whole debate, whoever says them (those without a
    word, "...", are not counted): where two rows of a group are more than 1 apart, somebody else spoke between them.
    Its `group` is a piece of the debate, `<debate>-<two digits>`: at least `reader.piece` sentences, whoever says
    them, up to where somebody who is not among `reader.speakers` takes the word, so that no answer is cut; a shorter
    rest belongs to the last piece. There are pieces because a split takes whole groups and a stream is decoded group
    by group: of three debates, nothing could be kept for validation but a third.

    Args:
        path: the file.
        reader: which column holds what, and which speakers are asked for; turns of others give no rows.
        language: two-letter code, for the rules by which sentences end.

    Raises:
        StageError: the ending or the encoding is unknown, or a column is not in the table.
    """
    told: set[str] = set()
    with whole(path):
        # A bad turn has no debate and must not end one: it is told when met, and its debate goes on.
        debate: list[_Turn] = []
        for line, turn in _turns(path, reader, language):
            if isinstance(turn, BadRow):
                yield line, turn
            elif debate and turn.debate == debate[0].debate:
                debate.append(turn)
            elif turn.debate in told:
                yield line, BadRow(path.name, line, f"{reader.group} {turn.debate!r} goes on after another one")
            else:
                yield from _rows(path, debate, reader.piece)
                told.add(turn.debate)
                debate = [turn]
        yield from _rows(path, debate, reader.piece)


def _turns(path: Path, reader: TurnsReader, language: str) -> Iterator[tuple[int, _Turn | BadRow]]:
    for line, record in records(path, reader.encoding, [reader.text, reader.label, reader.group]):
        turn = record if isinstance(record, str) else _turn(line, record, reader, language)
        yield line, BadRow(path.name, line, turn) if isinstance(turn, str) else turn


def _turn(line: int, record: Mapping[str, Any], reader: TurnsReader, language: str) -> _Turn | str:
    """Gives the turn that a record holds, or says why it holds none."""
    try:
        text = text_of(record, reader.text)
        speaker, debate = filled(record, reader.label).strip(), filled(record, reader.group).strip().lower()
    except ValueError as error:
        return str(error)
    for column, value in ((reader.text, text), (reader.label, speaker), (reader.group, debate)):
        if is_broken(value):
            return f"{column} is not {reader.encoding} text"
    return _Turn(line, debate, reader.speakers.get(speaker), *sentences(text, language))


def _rows(path: Path, debate: list[_Turn], piece: int) -> Iterator[tuple[int, Item]]:
    position = 0
    for turn, number in zip(debate, _pieces(debate, piece), strict=True):
        group = f"{turn.debate}-{number:02d}"
        if turn.label is not None:
            yield from ((turn.line, removed) for removed in turn.removed)
            for place, text in enumerate(turn.sentences, start=position):
                yield turn.line, Row(f"{stem(path.name)}-{group}-{place}", text, turn.label, None, group, place)
        position += len(turn.sentences)


def _pieces(debate: list[_Turn], least: int) -> list[int]:
    """Numbers the piece of each turn, from 1."""
    numbers, number, length = [], 1, 0
    for turn in debate:
        if turn.label is None and length >= least:
            number, length = number + 1, 0
        numbers.append(number)
        length += len(turn.sentences)
    if length >= least:
        return numbers
    return [max(1, min(one, number - 1)) for one in numbers]
