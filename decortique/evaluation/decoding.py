"""Calibrated predictions decoded over sequences, each way tuned on validation.

The ways: none, two kinds of smoothing, Viterbi, and one contiguous run. Each is a `Method` with its parameters set;
`variants` lists the parameters worth trying, of which `tuned` picks by what they do on validation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any, Protocol

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from decortique.core.errors import StageError
from decortique.core.measures import every_measure
from decortique.evaluation.sequences import History, Streams
from decortique.evaluation.viterbi import best_path, best_run, path_posterior, run_posterior

SMALLEST = 1e-6  # a probability of 0 or 1 would be evidence without end


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on the log-odds of one approach, or of several at once.

    With one approach and two classes this is Platt's scaling (1999); with several it is stacking (Wolpert, 1992), and
    each approach counts as far as the others leave something to say.
    """

    model: LogisticRegression

    @classmethod
    def fit(cls, probabilities: Sequence[np.ndarray], truth: np.ndarray, labels: Sequence[str]) -> "Calibration":
        """Fits on the validation set.

        Args:
            probabilities: of each approach, (texts, classes).
            truth: (texts,) class numbers.
            labels: names of the classes.

        Raises:
            StageError: a class is missing among the texts.
        """
        if absent := sorted(set(range(len(labels))) - set(truth.tolist())):
            raise StageError(
                f"the validation set holds no {labels[absent[0]]!r}, so that nothing can be calibrated on it: "
                "enlarge split.validation, or choose another split.seed"
            )
        # Weakly regularised: a few coefficients on hundreds of texts.
        return cls(LogisticRegression(C=10.0, max_iter=1000).fit(log_odds(probabilities), truth))

    def __call__(self, probabilities: Sequence[np.ndarray]) -> np.ndarray:
        """Gives (texts, classes) calibrated probabilities of texts whose approaches gave `probabilities`."""
        return self.model.predict_proba(log_odds(probabilities))


def log_odds(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Gives (texts, approaches × (classes - 1)) log-odds of each class against the first."""
    logs = [np.log(np.clip(values, SMALLEST, 1.0)) for values in probabilities]
    return np.concatenate([values[:, 1:] - values[:, :1] for values in logs], axis=1)


THRESHOLDS = sorted(np.arange(0.1, 0.91, 0.05).round(2).tolist(), key=lambda value: abs(value - 0.5))
WIDTHS = (3, 5, 7, 9, 13, 17, 25)  # texts
DEVIATIONS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0)  # texts
TRUSTS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was predicted of each text of a split."""

    prediction: np.ndarray  # (texts,) class numbers
    probability: np.ndarray  # (texts, classes)


class Method(Protocol):
    """A way to predict over streams, its parameters set."""

    def decode(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """Predicts on texts of calibrated (texts, classes) probabilities."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """No look at the neighbours: the last class where its odds against the likeliest other exceed t : (1 - t).

    With two classes that is where its probability exceeds the threshold t; with t = 1/2, it is the likeliest class.
    """

    threshold: float

    def decode(self, probability: np.ndarray, streams: Streams) -> Decoded:  # noqa: ARG002
        """See `Method`."""
        last = probability.shape[1] - 1
        others = probability[:, :last].argmax(axis=1)
        likeliest = probability[np.arange(len(others)), others]
        chosen = (1 - self.threshold) * probability[:, last] > self.threshold * likeliest
        return Decoded(np.where(chosen, last, others), probability)


class Smoothing:
    """Log-probabilities averaged over the texts around each one, then a threshold."""

    threshold: float

    def average(self, values: np.ndarray) -> np.ndarray:
        """Averages (texts, n) values along a stream, with zeros beyond its ends."""
        raise NotImplementedError

    def decode(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`."""
        return Threshold(self.threshold).decode(smoothed(probability, streams, self.average), streams)


@dataclass(frozen=True)
class MovingAverage(Smoothing):
    """Averages over `width` texts."""

    width: int
    threshold: float

    def average(self, values: np.ndarray) -> np.ndarray:
        """See `Smoothing`."""
        return uniform_filter1d(values, self.width, axis=0, mode="constant")


@dataclass(frozen=True)
class Gaussian(Smoothing):
    """Averages with weights that fall like a bell of `deviation` texts."""

    deviation: float
    threshold: float

    def average(self, values: np.ndarray) -> np.ndarray:
        """See `Smoothing`."""
        return gaussian_filter1d(values, self.deviation, axis=0, mode="constant")


def smoothed(probability: np.ndarray, streams: Streams, average: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Smooths log-probabilities along each stream; beyond its ends there is nothing, rather than zeros."""
    result = np.empty_like(probability)
    for found in streams.members:
        weight = average(np.ones((len(found), 1)))
        result[found] = softmax(average(np.log(np.maximum(probability[found], 1e-12))) / weight, axis=1)
    return result


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each text says for each class, apart from how frequent the class is.

    By Bayes' rule that is its calibrated probability over the share of the class among the texts it was calibrated on.
    Two things keep texts that follow each other from being added up as if they were independent:

    - They share a subject, which lends all of them to one class: a speech on farming may sound like one speaker
      whoever gives it. `own_level` of what a group's mean says is put down to that, and taken off.
    - They repeat each other: `trust` below 1 makes each count for less.
    """

    prior: np.ndarray  # (classes,) shares for which the probabilities were calibrated
    usual: np.ndarray  # (classes,) mean of log-probability over prior, of the set they were calibrated on
    own_level: float
    trust: float = 1.0

    @classmethod
    def calibrated_on(cls, probability: np.ndarray, truth: np.ndarray, own_level: float) -> "Evidence":
        """Takes prior and usual level from the (texts, classes) probabilities and classes of the validation set."""
        prior = np.bincount(truth, minlength=probability.shape[1]) / len(truth)
        return cls(prior, _over(probability, prior).mean(axis=0), own_level)

    def of(self, probability: np.ndarray, streams: Streams) -> np.ndarray:
        """Gives (texts, classes) log-likelihoods, up to a constant a text."""
        evidence = _over(probability, self.prior)
        for found in streams.members:
            evidence[found] -= self.own_level * (evidence[found].mean(axis=0) - self.usual)
        return self.trust * evidence


def _over(probability: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probability, 1e-12)) - np.log(prior)


@dataclass(frozen=True, slots=True)
class Viterbi:
    """The likeliest sequence of classes, given how often classes follow each other (Viterbi, 1967)."""

    history: History
    evidence: Evidence

    def decode(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`; the probabilities are those of the forward-backward sums."""
        evidence, history = self.evidence.of(probability, streams), self.history
        prediction, posterior = np.empty(len(streams), int), np.empty_like(probability)
        for found in streams.members:
            changes = np.log(history.change)[streams.interrupted[found[1:]].astype(int)]
            prediction[found] = best_path(evidence[found], np.log(history.start), changes)
            posterior[found] = path_posterior(evidence[found], np.log(history.start), changes)
        return Decoded(prediction, posterior)


@dataclass(frozen=True, slots=True)
class OneRun:
    """At most one contiguous run of the last class per group."""

    history: History
    evidence: Evidence

    def decode(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`; for two classes."""
        evidence = self.evidence.of(probability, streams)
        prediction, posterior = np.zeros(len(streams), int), np.empty_like(probability)
        for found in streams.members:
            odds = evidence[found, 1] - evidence[found, 0]
            inside = run_posterior(odds, self.history.length, self.history.present)
            prediction[found[best_run(inside - 0.5)]] = 1
            posterior[found] = np.stack([1 - inside, inside], axis=1)
        return Decoded(prediction, posterior)


def variants(name: str, history: History, evidence: Evidence) -> Iterator[Method]:
    """Yields a method with each choice of its parameters, the plainest first.

    Args:
        name: `none`, `moving_average`, `gaussian`, `viterbi` or `one_run`.
        history: of the training streams.
        evidence: what probabilities are worth, on the set they were calibrated on.
    """
    match name:
        case "none":
            yield from map(Threshold, THRESHOLDS)
        case "moving_average":
            yield from (MovingAverage(*choice) for choice in product(WIDTHS, THRESHOLDS))
        case "gaussian":
            yield from (Gaussian(*choice) for choice in product(DEVIATIONS, THRESHOLDS))
        case "viterbi" | "one_run":
            kind = Viterbi if name == "viterbi" else OneRun
            yield from (kind(history, replace(evidence, trust=trust)) for trust in TRUSTS)
        case _:
            raise ValueError(name)


def parameters(method: Method) -> dict[str, Any]:
    """Gives the parameters that were chosen, for people to see."""
    if isinstance(method, Viterbi | OneRun):
        return {"trust": method.evidence.trust}
    return asdict(method)  # type: ignore[call-overload]


# Hundreds of sentences in a dozen streams do not tell scores apart that are nearer than this.
ALIKE = 0.02


def tuned(
    candidates: Iterable[Method], probability: np.ndarray, streams: Streams, truth: np.ndarray, aim: str
) -> tuple[Method, dict[str, float]]:
    """Picks a method by its predictions on validation.

    Of those that come within `ALIKE` of the best score, the one of the lowest log-loss is taken: how sure each prediction
    is says more than the few predictions by which such scores differ. Of equals, the first.

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
        scored.append((method, every_measure(truth, decoded.prediction, decoded.probability)))
    name = f"f1.{probability.shape[1] - 1}" if aim == "f1" else aim
    best = max(scores[name] for _, scores in scored)
    return min((found for found in scored if found[1][name] >= best - ALIKE), key=lambda found: found[1]["log_loss"])
