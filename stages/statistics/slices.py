"""Parts of a set of texts: where is an approach good, and where not?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled
from stages.statistics.comparison import mcnemar, swap_test
from stages.statistics.multiple import with_corrected


@dataclass(frozen=True, slots=True)
class Part:
    """Texts whose value lies within two bounds, both included."""

    low: float
    high: float
    inside: np.ndarray  # (texts,) bool


def bounds(part: Mapping[str, Any]) -> str:
    """Shows `from` and `to` of a part; one number where they are the same."""
    low, high = part["from"], part["to"]
    return f"{low:.2g}" if low == high else f"{low:.2g}–{high:.2g}"


def parts_of(values: np.ndarray, count: int, least: int) -> list[Part]:
    """Cuts texts into `count` parts of equal size by their value; equal values stay together, so there may be fewer.

    Args:
        values: (texts,); NaN is in no part.
        count: of parts.
        least: texts of a part; smaller ones are left out.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, np.arange(1, count) / count, method="lower"))
    number = np.searchsorted(edges, values, side="left")
    inside = [(number == place) & np.isfinite(values) for place in range(len(edges) + 1)]
    return [Part(float(values[one].min()), float(values[one].max()), one) for one in inside if one.sum() >= least > 0]


@dataclass(frozen=True, slots=True)
class Sliced:
    """What several approaches decided on the same texts."""

    truth: np.ndarray  # (texts,) class numbers
    decided: Mapping[str, np.ndarray]  # (texts,) class numbers by approach; the first is the baseline
    groups: np.ndarray | None  # (texts,) numbers of the groups to resample whole
    last: int  # number of the last label
    settings: Evaluate

    def scores(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """Gives, for each part, each approach's accuracy and its paired test against the baseline.

        `holm_p` takes the number of tests into account: of all approaches in all the parts.
        """
        tests = with_corrected(
            {
                f"{place}/{approach}": self._versus(part.inside, approach)
                for place, part in enumerate(parts)
                for approach in list(self.decided)[1:]
            }
        )
        return [
            {
                "from": part.low,
                "to": part.high,
                "texts": int(part.inside.sum()),
                "accuracy": {name: self._interval(found) for name, found in self.accuracy(part.inside).items()},
                "versus": {
                    name.partition("/")[2]: test for name, test in tests.items() if name.startswith(f"{place}/")
                },
            }
            for place, part in enumerate(parts)
        ]

    def apart(self, parts: Sequence[Part]) -> dict[str, Any]:
        """Gives by how much each approach is more accurate on the last part than on the first."""
        if len(parts) < 2:
            return {}
        first, last = (self.accuracy(parts[place].inside) for place in (0, -1))
        return {name: self._interval(last[name].apart(first[name])) for name in self.decided}

    def accuracy(self, inside: np.ndarray) -> dict[str, Resampled]:
        """Gives each approach's accuracy on some of the texts, under the same resamples."""
        right = {name: (decided == self.truth)[inside].astype(float) for name, decided in self.decided.items()}

        def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
            total = weights.sum(axis=1)
            return {name: weights @ one / total for name, one in right.items()}

        return resampled(
            measured,
            int(inside.sum()),
            resamples=self.settings.resamples,
            seed=self.settings.seed,
            groups=self._groups(inside),
        )

    def _versus(self, inside: np.ndarray, approach: str) -> dict[str, Any]:
        baseline = next(iter(self.decided))
        truth, this, other = (one[inside] for one in (self.truth, self.decided[approach], self.decided[baseline]))
        groups, accuracy = self._groups(inside), self.accuracy(inside)
        swapped = (
            {}
            if groups is None
            else swap_test(truth, other, this, groups=groups, last=self.last, seed=self.settings.seed)
        )
        return {
            **mcnemar(other == truth, this == truth),
            **swapped,
            "accuracy_difference": self._interval(accuracy[approach] - accuracy[baseline]),
        }

    def _groups(self, inside: np.ndarray) -> np.ndarray | None:
        return None if self.groups is None else np.unique(self.groups[inside], return_inverse=True)[1]

    def _interval(self, found: Resampled) -> dict[str, float]:
        return found.interval(self.settings.confidence)
