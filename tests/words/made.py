"""Texts, vectors and senses small enough to be followed by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

from decortique.core import paths
from decortique.core.tables import CORPUS, write_table
from decortique.data.text import split_words
from decortique.words.corpus import Sentence

# Two senses of `bank` in two fields, a third in the first one's; `plant` in two linked senses; an adjective.
WORDNET = {
    "data.noun": [
        '00000001 14 n 01 bank 0 000 | money; "he cashed a check at the bank"; "the bank lends him money"',
        '00000002 17 n 01 bank 1 000 | a slope; "they sat on the bank of the river"; "he watched from the bank below"',
        '00000003 14 n 01 bank 2 000 | a building; "the bank is on the corner of the street"',
        '00000004 06 n 01 plant 0 001 @ 00000005 n 0000 | works; "they built a plant there"; "the plant makes cars"',
        '00000005 03 n 02 plant 1 green_thing 0 000 | life; "water the plant every day"; "the plant needs some light"',
    ],
    "data.verb": ['00000006 30 v 01 run 0 000 01 + 02 00 | move; "he runs every single day"'],
    "data.adj": ['00000007 00 s 01 fine(p) 0 000 | good; "a fine day it was"; "such a fine day"'],
    "data.adv": ["00000008 02 r 01 well 0 000 | no example"],
}


def write_wordnet(folder: Path, files: Mapping[str, Sequence[str]] = WORDNET) -> Path:
    """Write WordNet's files, each behind its licence."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_text("\n".join(["  1 This is the licence.", *lines]) + "\n", encoding="utf-8")
    return folder


def sentence(text: str, task: str = "film", label: str | None = None, group: str = "g") -> Sentence:
    return Sentence(text, split_words(text), task, label, task, group)


def write_corpus(task: str, language: str, splits: Mapping[str, Sequence[tuple[str, str | None]]]) -> None:
    """Write the (text, label) of each split as `prepare` does, each text a group of its own."""
    for split, rows in splits.items():
        path = paths.corpus(task) / f"{split}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_table(path, CORPUS, {"task": task, "labels": ["bad", "good"], "language": language}) as append:
            append(
                {
                    "id": [f"{split}-{number}" for number in range(len(rows))],
                    "text": [text for text, _ in rows],
                    "label": [label for _, label in rows],
                    "score": [None] * len(rows),
                    "group": [str(number) for number in range(len(rows))],
                    "position": list(range(len(rows))),
                }
            )


def vectors(known: Mapping[str, Sequence[float]]) -> KeyedVectors:
    """Return static vectors."""
    keyed = KeyedVectors(len(next(iter(known.values()))))
    keyed.add_vectors(list(known), np.array(list(known.values()), np.float32))
    return keyed
