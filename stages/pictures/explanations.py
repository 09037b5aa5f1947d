"""The picture of explanations put to the test: how much less sure a decision is without the words that they name."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.pictures.style import COLOURS, picture

ORDERS = {"weightiest": "the weightiest words", "by_lot": "words by lot"}
ASIDE = 0.05  # words between bars that would cover each other


def fall_points(scores: Mapping[str, Any]) -> Iterator[dict[str, str | float]]:
    """Yields the points of the picture.

    Args:
        scores: approach → number of words taken out → `weightiest` and `by_lot`, each with `value`, `low` and `high`.
    """
    for approach, by_count in scores.items():
        for count, found in by_count.items():
            for order in ORDERS:
                one = found[order]
                words = f"{count} {order.replace('_', ' ')}"
                yield {
                    "approach": approach,
                    "words": words,
                    "fall": one["value"],
                    "low": one["low"],
                    "high": one["high"],
                }


def draw_falls(path: Path, scores: Mapping[str, Any], confidence: float) -> None:
    """Draws a panel per approach: the fall of the probability of its decision by the number of words taken out.

    Args:
        path: the PNG file.
        scores: as for `fall_points`.
        confidence: of the intervals, for the caption.
    """
    with picture(path, columns=max(1, len(scores)), width=3.6, height=3.6) as panels:
        for axes, (approach, by_count) in zip(panels, scores.items(), strict=False):
            counts = np.array([int(count) for count in by_count])
            for place, (order, label) in enumerate(ORDERS.items()):
                value, low, high = (
                    np.array([found[order][key] for found in by_count.values()]) for key in ("value", "low", "high")
                )
                reach = np.maximum([value - low, high - value], 0)  # of texts that are all alike, a rounding error
                at = counts + (2 * place - 1) * ASIDE
                axes.errorbar(at, value, reach, fmt="o-", capsize=3, label=label, color=COLOURS[place])
            axes.axhline(0, linestyle=":", color="grey", linewidth=1)
            axes.set_xticks(sorted(counts))
            axes.set(title=approach, xlabel="words taken out")
            axes.grid(axis="y", alpha=0.3)
        limits = [axes.get_ylim() for axes in panels]
        for axes in panels:  # to be compared
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        panels[0].set(ylabel="fall of the probability of the decision")
        if scores:
            panels[0].legend(loc="upper left")
        panels[0].figure.suptitle(f"Decisions without the words that they rest on, {confidence:.0%} intervals")
