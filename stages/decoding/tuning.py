"""Which parameters of a method do best on validation."""

from collections.abc import Iterable

import numpy as np

from stages.decoding.methods import Method
from stages.decoding.streams import Streams
from stages.statistics.measures import every_measure

# Hundreds of sentences in a dozen streams do not tell scores apart that are nearer than this.
ALIKE = 0.02


def tuned(
    candidates: Iterable[Method], probability: np.ndarray, streams: Streams, truth: np.ndarray, aim: str
) -> tuple[Method, dict[str, float]]:
    """Picks a method by its decisions on validation.

    Of those that come within `ALIKE` of the best score, the one of the lowest log-loss is taken: how sure each decision
    is says more than the few decisions by which such scores differ. Of equals, the first.

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
    best = max(scores[name] for _, scores in scored)
    return min((found for found in scored if found[1][name] >= best - ALIKE), key=lambda found: found[1]["log_loss"])
