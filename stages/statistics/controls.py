"""Controls: the same examples dealt otherwise."""

from collections.abc import Mapping

import numpy as np


def dealt_at_random(splits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Deals examples anew to splits of the same sizes and labels, whatever their groups.

    Args:
        splits: (examples of it,) places of each split.
        labels: (examples,) class numbers.
        seed: of the deal.

    Returns:
        The places of each split, in order.
    """
    random = np.random.default_rng(seed)
    dealt: dict[str, list[np.ndarray]] = {name: [] for name in splits}
    for number in np.unique(labels):
        places = random.permutation(np.flatnonzero(labels == number))
        counts = [int((labels[found] == number).sum()) for found in splits.values()]
        for name, part in zip(splits, np.split(places, np.cumsum(counts)[:-1]), strict=True):
            dealt[name].append(part)
    return {name: np.sort(np.concatenate(parts)) for name, parts in dealt.items()}
