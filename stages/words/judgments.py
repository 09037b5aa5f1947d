"""How alike people find two words: the sets that come with gensim."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gensim.test.utils import datapath


@dataclass(frozen=True, slots=True)
class Judgment:
    """Two words and how alike people find them, on the scale of its set (0 to 10)."""

    first: str
    second: str
    score: float


FILES = {
    "wordsim353": "wordsim353.tsv",  # Finkelstein et al., 2002: relatedness
    "simlex999": "simlex999.txt",  # Hill et al., 2015: similarity proper
}


def read_judgments(name: Literal["wordsim353", "simlex999"]) -> list[Judgment]:
    """Reads a set, words in lower case."""
    lines = Path(datapath(FILES[name])).read_text(encoding="utf-8").splitlines()
    rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return [Judgment(first.lower(), second.lower(), float(score)) for first, second, score in rows]
