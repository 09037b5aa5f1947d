"""Which parameters of a method do best on validation."""

from collections.abc import Iterable

import numpy as np

from stages.decoding.methods import Method
from stages.decoding.streams import Streams
from stages.statistics.measures import every_measure


def tuned(
    candidates: Iterable[Method], probability: np.ndarray, streams: Streams, truth: np.ndarray, aim: str
) -> tuple[Method, dict[str, float]]:
    """Picks a method by its decisions on validation; of equals, the one of the lower log-loss, then the first.

    Args:
        candidates: a method with different parameters.
        probability: (texts, classes) calibrated.
        streams: of the validation set.
        truth: (texts,) class numbers.
        aim: `accuracy`, or `f1` of the last class.

    Returns:
        The method, and its scores on validation.
    """
    scored = []
    for method in candidates:
        decoded = method.decode(probability, streams)
        scored.append((method, every_measure(truth, decoded.decision, decoded.probability)))
    name = f"f1.{probability.shape[1] - 1}" if aim == "f1" else aim
    return max(scored, key=lambda found: (found[1][name], -found[1]["log_loss"]))
