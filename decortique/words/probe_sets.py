"""The probe sets written for this project: `probes/<language>/antecedents.tsv` and `senses.tsv`."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from decortique.core.errors import StageError
from decortique.data.text import forms

PROBES = Path("probes")


@dataclass(frozen=True, slots=True)
class Reference:
    """A sentence in which a pronoun refers to one of two nouns."""

    pair: str  # two sentences that differ in one word, which predicts between the nouns, share it
    text: str
    pronoun: str
    antecedent: str
    distractor: str

    def place(self, word: str) -> int:
        """Gives where one of the three stands."""
        return forms(self.text).index(word)


@dataclass(frozen=True, slots=True)
class Sense:
    """A sentence in which a word has one of its senses."""

    word: str
    sense: str
    text: str

    @property
    def place(self) -> int:
        """Where the word stands."""
        return forms(self.text).index(self.word)


def read_references(language: str) -> list[Reference]:
    """Reads the antecedents of a language, the two sentences of a pair one after the other; none if it has no file.

    Raises:
        StageError: a line is not as the file's header says, or a pair is not one.
    """
    path = PROBES / language / "antecedents.tsv"
    found = []
    for number, row in _rows(path, ("pair", "text", "pronoun", "antecedent", "distractor")):
        lower = {name: row[name].lower() for name in ("pronoun", "antecedent", "distractor")}
        reference = Reference(**{**row, **lower})
        for word in (reference.pronoun, reference.antecedent, reference.distractor):
            _once(path, number, reference.text, word)
        found.append(reference)
    for one, other in zip(found[::2], found[1::2], strict=False):
        nouns = (one.antecedent, one.distractor) == (other.distractor, other.antecedent)
        if one.pair != other.pair or not nouns or one.pronoun != other.pronoun or not decider(one, other):
            raise StageError(
                f"{path}: {one.text!r} and {other.text!r} are no pair: two lines that differ in one word, and swap "
                "their nouns"
            )
    if len(found) % 2:
        raise StageError(f"{path}: the last sentence has no other of its pair")
    return found


def decider(one: Reference, other: Reference) -> str | None:
    """Gives the word of a sentence that the other of its pair does not have; None if that is not a single one."""
    words, others = forms(one.text), forms(other.text)
    if len(words) != len(others):
        return None
    changed = [word for word, there in zip(words, others, strict=True) if word != there]
    return changed[0] if len(changed) == 1 else None


def read_senses(language: str) -> list[Sense]:
    """Reads the words of several senses of a language; none if it has no file.

    Raises:
        StageError: a line is not as the file's header says.
    """
    path = PROBES / language / "senses.tsv"
    found = []
    for number, row in _rows(path, ("word", "sense", "text")):
        sense = Sense(**{**row, "word": row["word"].lower()})
        _once(path, number, sense.text, sense.word)
        found.append(sense)
    counted = Counter((one.word, one.sense) for one in found)
    senses = Counter(word for word, _ in counted)
    for (word, meaning), count in counted.items():
        if senses[word] < 2 or count < 2:
            raise StageError(f"{path}: {word!r} needs two senses or more, with two sentences each ({meaning}: {count})")
    return found


def _rows(path: Path, names: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not lines or tuple(lines[0]) != names:
        raise StageError(f"{path} must begin with a line of the columns {', '.join(names)}, parted by tabs")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names) or not all(line):
            raise StageError(f"{path} line {number}: {len(names)} columns are wanted, parted by tabs, none empty")
    return [(number, dict(zip(names, line, strict=True))) for number, line in enumerate(lines[1:], start=2)]


def _once(path: Path, number: int, text: str, word: str) -> None:
    if (count := forms(text).count(word.lower())) != 1:
        raise StageError(f"{path} line {number}: {word!r} stands {count} times in {text!r}, not once")
