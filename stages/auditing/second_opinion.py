"""What the approaches of a run say of labels from which they have not learnt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stages.artifacts.decisions import Decisions
from stages.auditing.corpus import Home
from stages.statistics.measures import measure

OURS = "bag-of-words"  # the approach that doubts out of fold: no witness of itself
ASKED = ("validation", "test")  # the splits that nobody has learnt from


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The decisions of approaches, held against the labels of all texts of a task."""

    decided: Mapping[str, np.ndarray]  # approach → (texts,) class number; -1 where it learnt from the text
    given: Mapping[str, np.ndarray]  # approach → (texts,) probability of the label; NaN where it learnt from the text
    witness: str | None  # the approach whose word counts most; None where a bag of words is the only one

    @classmethod
    def of(cls, home: Home, decisions: Mapping[str, Mapping[str, Decisions]]) -> "SecondOpinion":
        """Gathers what was decided.

        The witness is the approach other than the bag of words that has the highest macro-F1 on validation, where
        nobody is scored; of equals, the first.

        Args:
            home: all texts.
            decisions: approach → split, each of `ASKED` → what it decided on the rows of the split, in their order.
        """
        decided = {name: np.full(len(home.rows), -1) for name in decisions}
        given = {name: np.full(len(home.rows), np.nan) for name in decisions}
        merits: dict[str, float] = {}
        for name, found in decisions.items():
            for split in ASKED:
                inside = home.splits == split
                labels = home.labels[inside]
                decided[name][inside] = found[split].decision
                given[name][inside] = found[split].probability[np.arange(len(labels)), labels]
            if name != OURS:
                validation = home.labels[home.splits == ASKED[0]]
                merits[name] = measure(validation, found[ASKED[0]].probability)["macro_f1"]
        return cls(decided, given, max(merits, key=merits.__getitem__, default=None))

    def at(self, inside: np.ndarray) -> "SecondOpinion":
        """Gives what was said of a part of the texts, told by (texts,) bool."""
        decided, given = (
            {name: values[inside] for name, values in kind.items()} for kind in (self.decided, self.given)
        )
        return SecondOpinion(decided, given, self.witness)
