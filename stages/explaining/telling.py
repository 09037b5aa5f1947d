"""One approach explained: what is shown of it, and what is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.artifacts.decisions import Decisions
from stages.artifacts.labelled import Labelled
from stages.explaining.deleting import BY_LOT, WEIGHTIEST, Falls, falls, lots, weightiest
from stages.explaining.explainer import Attributed, Done, Explainer
from stages.explaining.words import Worded
from stages.settings.explain import Explain


@dataclass(frozen=True, slots=True)
class Explained:
    """What one approach decided on some texts, and on which words that rests.

    Attributes:
        method: how it is explained.
        on_shown: what it decided on the texts that are shown.
        on_tested: what it decided on those that were drawn by lot.
        shown: the shares of the words of the former.
        tested: those of the latter.
        falls: how much less sure its decisions on the latter are without some words.
    """

    method: dict[str, Any]
    on_shown: Decisions
    on_tested: Decisions
    shown: Attributed
    tested: Attributed
    falls: Falls

    @classmethod
    def by(
        cls,
        explainer: Explainer,
        worded: Worded,
        decided: Decisions,
        places: tuple[Sequence[int], Sequence[int]],
        settings: Explain,
        done: Done,
    ) -> "Explained":
        """Explains an approach.

        Args:
            explainer: the approach.
            worded: all texts.
            decided: what it decided on them.
            places: of the texts that are shown, and of those that were drawn by lot.
            settings: of the stage.
            done: told how many texts each step took; `steps` says how many there will be.
        """
        (shown, on_shown), (tested, on_tested) = ((worded.chosen(some), taken(decided, some)) for some in places)
        shares = explainer.attribute(tested, on_tested.decision, done)
        orders = {WEIGHTIEST: weightiest(shares.words), BY_LOT: lots(tested, settings.seed)}
        return cls(
            explainer.method,
            on_shown,
            on_tested,
            explainer.attribute(shown, on_shown.decision, done),
            shares,
            falls(explainer, tested, on_tested, orders, settings.deleted, done),
        )

    def told(self, place: int, worded: Worded, labels: Sequence[str]) -> dict[str, Any]:
        """Gives decision, probability and words of a shown text: where each stands, and how much it speaks for it."""
        decision = int(self.on_shown.decision[place])
        shares = self.shown.words[place].tolist()
        return {
            "decision": labels[decision],
            "probability": float(self.on_shown.probability[place, decision]),
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


def taken(decided: Decisions, places: Sequence[int]) -> Decisions:
    """Gives what was decided on some of the texts."""
    chosen = list(places)
    return Decisions([decided.ids[place] for place in chosen], decided.decision[chosen], decided.probability[chosen])


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
