"""Would mistaken labels be found? Some are turned on purpose, and sought."""

from typing import Any

import numpy as np

from stages.auditing.confident import confident
from stages.auditing.contrast import contrasts
from stages.settings.evaluate import Evaluate

TURNED = 0.05  # of the labels: a twentieth changes little for those that learn from the others


def turned(labels: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Gives (texts,) class numbers of which a share, chosen by lot, is turned to another class, by lot too."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(labels), size=max(1, round(TURNED * len(labels))), replace=False)
    changed = labels.copy()
    changed[chosen] = (labels[chosen] + random.integers(1, classes, size=len(chosen))) % classes
    return changed


def found_again(
    labels: np.ndarray,
    changed: np.ndarray,
    probability: np.ndarray,
    settings: Evaluate,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Gives the share of the labels that were turned which is suspected, beside that of the others.

    Args:
        labels: (texts,) class numbers as they are.
        changed: (texts,) class numbers as `turned` left them.
        probability: (texts, classes) of who learnt from the changed ones of other texts; NaN for who was not judged.
        settings: of the intervals.
        groups: (texts,) numbers of their groups; None where each text stands alone.
    """
    judged = np.isfinite(probability).all(axis=1)
    wrong = (labels != changed)[judged]
    suspected = confident(changed[judged], probability[judged]).suspected.astype(float)
    together = None if groups is None else np.unique(groups[judged], return_inverse=True)[1]
    sides = {"turned": wrong, "others": ~wrong}
    return {"turned": int(wrong.sum()), **contrasts({"suspected": suspected}, sides, settings, together)}
