"""The picture of trainings: the loss step by step, and what validation said of each epoch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.pictures.style import COLOURS, picture

Curve = tuple[np.ndarray, np.ndarray]  # steps, values
SMOOTH = 20  # steps of which the mean is drawn: single batches hide the way


def draw_trainings(path: Path, losses: Mapping[str, Curve], validation: Mapping[str, Curve], measure: str) -> None:
    """Draws the training loss, and a measure on validation, of several models.

    Args:
        path: the PNG file.
        losses: by model.
        validation: by model.
        measure: what was measured on validation.
    """
    with picture(path, columns=2, width=4.6) as (left, right):
        for colour, (name, (steps, values)) in zip(COLOURS, losses.items(), strict=False):
            width = min(SMOOTH, len(values))
            smooth = np.convolve(values, np.ones(width) / width, mode="valid")
            left.plot(steps[width - 1 :], smooth, label=name, color=colour, linewidth=1.2)
            right.plot(*validation[name], "o-", label=name, color=colour, markersize=4)
        left.set(xlabel="step", ylabel=f"loss, mean of {SMOOTH} steps", title="Training")
        right.set(xlabel="step", ylabel=measure.replace("_", " "), title="Validation, after each epoch")
        for axes in (left, right):
            axes.grid(alpha=0.3)
        right.legend(loc="upper left", bbox_to_anchor=(1, 1))
