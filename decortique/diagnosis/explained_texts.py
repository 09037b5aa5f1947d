"""Instructive texts, and their explanations as people read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decortique.core.errors import StageError
from decortique.data.labelled import Labelled
from decortique.diagnosis.deletion import BY_LOT, WEIGHTIEST, Falls, falls, lots, weightiest
from decortique.diagnosis.explainer import Attributed, Done, Explainer, Worded
from decortique.diagnosis.settings import Explain
from decortique.models.predictions import PredictionTable

LONGEST = 60  # words and marks of a text that is shown: more is not read


def instructive(
    truth: np.ndarray, predicted: Mapping[str, PredictionTable], sizes: np.ndarray, shown: int
) -> dict[str, list[int]]:
    """Chooses texts by how one or two approaches predict them.

    Args:
        truth: (texts,) class numbers.
        predicted: by approach, at most two.
        sizes: (texts,) numbers of words.
        shown: how many of each kind, where there are as many.

    Returns:
        Places by kind. Of two approaches: `both_right` and `both_wrong`, where the less sure of them is surest, and
        `only_<approach>`, where the right one is surer of the truth than the other by most. Of one: `right` and
        `wrong`, where it is surest. Of equals, the first.
    """
    if not predicted:
        return {}
    short = (sizes > 0) & (sizes <= LONGEST)
    everyone = np.arange(len(truth))
    right = {name: found.prediction == truth for name, found in predicted.items()}
    sure = np.min([found.probability[everyone, found.prediction] for found in predicted.values()], axis=0)
    of_truth = {name: found.probability[everyone, truth] for name, found in predicted.items()}
    all_right, all_wrong = (np.all([one == wanted for one in right.values()], axis=0) for wanted in (True, False))
    both = "both_" if len(predicted) > 1 else ""
    kinds = {f"{both}right": (all_right, sure)}
    if both:
        one, other = predicted
        kinds[f"only_{one}"] = right[one] & ~right[other], of_truth[one] - of_truth[other]
        kinds[f"only_{other}"] = right[other] & ~right[one], of_truth[other] - of_truth[one]
    kinds[f"{both}wrong"] = all_wrong, sure
    return {kind: _highest(merit, np.flatnonzero(fits & short), shown) for kind, (fits, merit) in kinds.items()}


def _highest(merit: np.ndarray, places: np.ndarray, count: int) -> list[int]:
    return places[np.argsort(-merit[places], kind="stable")[:count]].tolist()


def drawn(sizes: np.ndarray, longer_than: int, count: int, seed: int) -> list[int]:
    """Draws texts by lot among those of more than so many words; all of them where there are no more than `count`.

    Raises:
        StageError: there is none.
    """
    able = np.flatnonzero(sizes > longer_than)
    if not len(able):
        raise StageError(
            f"params.yaml: explain.deleted: no test text has more than {longer_than} words: take out fewer"
        )
    return np.sort(np.random.default_rng(seed).permutation(able)[:count]).tolist()


@dataclass(frozen=True, slots=True)
class Explained:
    """What one approach predicted some texts, and on which words that rests.

    Attributes:
        method: how it is explained.
        on_shown: what it predicted the texts that are shown.
        on_tested: what it predicted those that were drawn by lot.
        shown: the shares of the words of the former.
        tested: those of the latter.
        falls: how much less sure its predictions on the latter are without some words.
    """

    method: dict[str, Any]
    on_shown: PredictionTable
    on_tested: PredictionTable
    shown: Attributed
    tested: Attributed
    falls: Falls

    @classmethod
    def by(
        cls,
        explainer: Explainer,
        worded: Worded,
        predicted: PredictionTable,
        places: tuple[Sequence[int], Sequence[int]],
        settings: Explain,
        done: Done,
    ) -> "Explained":
        """Explains an approach.

        Args:
            explainer: the approach.
            worded: all texts.
            predicted: what it predicted them.
            places: of the texts that are shown, and of those that were drawn by lot.
            settings: of the stage.
            done: told how many texts each step took; `steps` says how many there will be.
        """
        (shown, on_shown), (tested, on_tested) = ((worded.chosen(some), taken(predicted, some)) for some in places)
        shares = explainer.attribute(tested, on_tested.prediction, done)
        orders = {WEIGHTIEST: weightiest(shares.words), BY_LOT: lots(tested, settings.seed)}
        return cls(
            explainer.method,
            on_shown,
            on_tested,
            explainer.attribute(shown, on_shown.prediction, done),
            shares,
            falls(explainer, tested, on_tested, orders, settings.deleted, done),
        )

    def told(self, place: int, worded: Worded, labels: Sequence[str]) -> dict[str, Any]:
        """Gives prediction, probability and words of a shown text: where each stands, and how much it speaks for it."""
        prediction = int(self.on_shown.prediction[place])
        shares = self.shown.words[place].tolist()
        return {
            "prediction": labels[prediction],
            "probability": float(self.on_shown.probability[place, prediction]),
            "words": [[*span, share] for span, share in zip(worded.words[place], shares, strict=True)],
        }

    def completeness(self) -> dict[str, Any]:
        """Tells how far the shares of the texts by lot are from adding up to the margins, for most texts and the worst.

        `gap` in units of the margin, `error` as a share of it; and `elsewhere`, the part of what all tokens have that
        is not of words.
        """
        tested = self.tested
        sizes = np.array([np.abs(shares).sum() for shares in tested.words]) + np.abs(tested.elsewhere)
        return {
            **self.method,
            "gap": _most_and_worst(tested.gap()),
            "error": _most_and_worst(tested.error()),
            "elsewhere": float(np.mean(np.abs(tested.elsewhere) / np.maximum(sizes, 1e-300))),
        }


def _most_and_worst(values: np.ndarray) -> dict[str, float]:
    # What a sum of floats is off by is no finding.
    return {"median": round(float(np.median(values)), 6), "worst": round(float(values.max()), 6)}


def steps(places: tuple[Sequence[int], Sequence[int]], settings: Explain) -> int:
    """Gives how many texts `Explained.by` goes through, those that lack words counted each time."""
    shown, tested = places
    return len(shown) + len(tested) * (1 + 2 * len(settings.deleted))


def taken(predicted: PredictionTable, places: Sequence[int]) -> PredictionTable:
    """Gives what was predicted some of the texts."""
    chosen = list(places)
    return PredictionTable(
        [predicted.ids[place] for place in chosen], predicted.prediction[chosen], predicted.probability[chosen]
    )


def told_texts(
    kinds: Mapping[str, Sequence[int]], worded: Worded, rows: Labelled, found: Mapping[str, Explained]
) -> list[dict[str, Any]]:
    """Gives the texts that are shown with what each approach makes of their words.

    Args:
        kinds: places of the texts by kind, in the order in which they were explained.
        worded: all texts.
        rows: their ids and labels.
        found: by approach.
    """
    places = [(kind, place) for kind, chosen in kinds.items() for place in chosen]
    shown = worded.chosen([place for _, place in places])
    return [
        {
            "id": rows.ids[place],
            "kind": kind,
            "text": worded.texts[place],
            "label": rows.labels[rows.truth[place]],
            "by": {name: one.told(number, shown, rows.labels) for name, one in found.items()},
        }
        for number, (kind, place) in enumerate(places)
    ]
