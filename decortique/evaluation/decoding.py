"""Decoding: calibrated predictions of single texts → predictions over sequences of texts, tuned on validation.

The methods: none, two kinds of smoothing, Viterbi, and one contiguous run. Each is a `Method` with its parameters set;
`variants` lists the parameters worth trying, of which `tune` picks by the scores on validation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product, starmap
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.special import logsumexp, softmax
from scipy.stats import gaussian_kde

from decortique.core.measures import every_measure


@dataclass(frozen=True, slots=True)
class Streams:
    """The texts of a split in sequence, group by group."""

    members: list[np.ndarray]  # of each group: (texts,) row numbers, in the order of their positions
    interrupted: np.ndarray  # (texts of the split,) bool: does not follow directly on the text before it in its group

    @classmethod
    def of(cls, groups: Sequence[str], positions: Sequence[int]) -> "Streams":
        """Gather the rows of a split; a step of more than one position is an interruption."""
        position, rows = np.asarray(positions, int), dict[str, list[int]]()
        for row in np.argsort(position, kind="stable").tolist():
            rows.setdefault(groups[row], []).append(row)
        members = [np.array(rows[group]) for group in dict.fromkeys(groups)]
        interrupted = np.zeros(len(position), bool)
        for stream in members:
            interrupted[stream[1:]] = np.diff(position[stream]) > 1
        return cls(members, interrupted)

    def __len__(self) -> int:
        return len(self.interrupted)

    def runs(self, wanted: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield (number of the group, length) of each unbroken run of texts where `wanted` (texts,) is true."""
        for number, stream in enumerate(self.members):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted[stream], [False]]).astype(int)))
            for start, stop in edges.reshape(-1, 2):
                yield number, int(stop - start)


UNSEEN = 0.5  # pseudo-count: what was not seen may still happen
LONGEST = 2.0  # times the longest run seen is the longest that gets a probability
FLOOR = 0.02  # share of the probability that is spread evenly over all run lengths


@dataclass(frozen=True, slots=True)
class SequencePrior:
    """How classes follow each other in the training set."""

    start: np.ndarray  # (classes,) probability of the first text's class
    transitions: np.ndarray  # (2, classes, classes) from a class to the next, directly, and after an interruption
    length: np.ndarray  # (longest,) probability that the run of the last class has 1, 2, … texts
    present: float  # probability that a group holds a run of the last class

    @classmethod
    def of(cls, streams: Streams, truth: np.ndarray, classes: int) -> "SequencePrior":
        """Estimate from the streams of the training set and the (texts,) class numbers."""
        start, transitions = np.full(classes, UNSEEN), np.full((2, classes, classes), UNSEEN)
        for rows in streams.members:
            start[truth[rows[0]]] += 1
            interrupted = streams.interrupted[rows[1:]].astype(int)
            np.add.at(transitions, (interrupted, truth[rows[:-1]], truth[rows[1:]]), 1)
        runs = list(streams.runs(truth == classes - 1))
        present = len({group for group, _ in runs})
        return cls(
            start / start.sum(),
            transitions / transitions.sum(axis=2, keepdims=True),
            run_length_distribution([length for _, length in runs]),
            (present + UNSEEN) / (len(streams.members) + 2 * UNSEEN),
        )


def run_length_distribution(seen: list[int]) -> np.ndarray:
    """Return the probability of each length from 1 up: a smoothed histogram (kernel density, Silverman's bandwidth).

    With fewer than two different lengths seen, it is uniform up to `LONGEST` times the longest.
    """
    longest = max(2, round(LONGEST * max(seen, default=1)))
    uniform = np.full(longest, 1 / longest)
    if len(set(seen)) < 2:
        return uniform
    density = gaussian_kde(seen, bw_method="silverman")(np.arange(1, longest + 1))
    return (1 - FLOOR) * density / density.sum() + FLOOR * uniform


class Decoded(NamedTuple):
    """What a method predicts for each text of a split."""

    prediction: np.ndarray  # (texts,) class numbers
    probability: np.ndarray  # (texts, classes)


# A decoding method, its parameters set: calibrated (texts, classes) probabilities → predictions
Method = Callable[[np.ndarray, Streams], Decoded]


@dataclass(frozen=True, slots=True)
class Threshold:
    """No look at the neighbours: the last class where its odds against the likeliest other exceed t : (1 - t).

    With two classes that is where its probability exceeds the threshold t; with t = 1/2, it is the likeliest class.
    """

    threshold: float

    def __call__(self, probability: np.ndarray, streams: Streams) -> Decoded:  # noqa: ARG002
        """See `Method`."""
        last = probability.shape[1] - 1
        others = probability[:, :last].argmax(axis=1)
        likeliest = probability[np.arange(len(others)), others]
        above = (1 - self.threshold) * probability[:, last] > self.threshold * likeliest
        return Decoded(np.where(above, last, others), probability)


FILTERS: dict[str, Callable[..., np.ndarray]] = {"moving_average": uniform_filter1d, "gaussian": gaussian_filter1d}


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Log-probabilities averaged along each stream, then a threshold; what lies beyond its ends has no weight."""

    kernel: str  # a key of `FILTERS`
    width: float  # texts: that are averaged, or the standard deviation of a Gaussian
    threshold: float

    def __call__(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`."""
        smoothed, smooth = np.empty_like(probability), FILTERS[self.kernel]
        for rows in streams.members:
            values = (np.log(np.maximum(probability[rows], 1e-12)), np.ones((len(rows), 1)))
            logs, weight = (smooth(one, self.width, axis=0, mode="constant") for one in values)
            smoothed[rows] = softmax(logs / weight, axis=1)
        return Threshold(self.threshold)(smoothed, streams)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of each text for each class, without how frequent the class is.

    By Bayes' rule that is its calibrated probability over the share of the class among the texts it was calibrated on.
    Texts that follow each other are not independent. They share a subject: a speech on farming may sound like one
    speaker whoever gives it. The share `own_level` of a group's mean evidence is attributed to that, and subtracted.
    And they repeat each other: `trust` below 1 makes each count for less.
    """

    prior: np.ndarray  # (classes,) shares for which the probabilities were calibrated
    usual: np.ndarray  # (classes,) mean of log-probability over prior, of the set they were calibrated on
    own_level: float
    trust: float = 1.0

    @classmethod
    def calibrated_on(cls, probability: np.ndarray, truth: np.ndarray, own_level: float) -> "Evidence":
        """Take prior and usual level from the (texts, classes) probabilities and class numbers of validation."""
        prior = np.bincount(truth, minlength=probability.shape[1]) / len(truth)
        return cls(prior, _over(probability, prior).mean(axis=0), own_level)

    def of(self, probability: np.ndarray, streams: Streams) -> np.ndarray:
        """Return (texts, classes) log-likelihoods, up to a constant a text."""
        evidence = _over(probability, self.prior)
        for rows in streams.members:
            evidence[rows] -= self.own_level * (evidence[rows].mean(axis=0) - self.usual)
        return self.trust * evidence


def _over(probability: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probability, 1e-12)) - np.log(prior)


@dataclass(frozen=True, slots=True)
class Viterbi:
    """The likeliest sequence of classes, given how often classes follow each other (Viterbi, 1967)."""

    prior: SequencePrior
    evidence: Evidence

    def __call__(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`; the probabilities are those of the forward-backward algorithm."""
        evidence = self.evidence.of(probability, streams)
        start, transitions = np.log(self.prior.start), np.log(self.prior.transitions)
        prediction, posterior = np.empty(len(streams), int), np.empty_like(probability)
        for rows in streams.members:
            steps = transitions[streams.interrupted[rows[1:]].astype(int)]
            prediction[rows] = best_path(evidence[rows], start, steps)
            posterior[rows] = forward_backward(evidence[rows], start, steps)
        return Decoded(prediction, posterior)


def best_path(evidence: np.ndarray, start: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return the likeliest sequence of classes, (texts,) (Viterbi, 1967); of equals, that of the lower class numbers.

    Given are (texts, classes) log-likelihoods, (classes,) log-probabilities of the first class, and those of each step
    from the row's class to the column's, (texts - 1, classes, classes).
    """
    best = start + evidence[0]
    came_from = np.empty((len(transitions), len(start)), int)
    for step, transition in enumerate(transitions):
        reached = best[:, None] + transition
        came_from[step] = reached.argmax(axis=0)
        best = reached.max(axis=0) + evidence[step + 1]
    path = [int(best.argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def forward_backward(evidence: np.ndarray, start: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return (texts, classes) posterior probabilities (Rabiner, 1989, equations 19 to 27); arguments of `best_path`."""
    forward, backward = np.empty_like(evidence), np.zeros_like(evidence)
    forward[0] = start + evidence[0]
    for step, transition in enumerate(transitions):
        forward[step + 1] = np.logaddexp.reduce(forward[step][:, None] + transition, axis=0) + evidence[step + 1]
    for step in range(len(transitions) - 1, -1, -1):
        backward[step] = np.logaddexp.reduce(transitions[step] + evidence[step + 1] + backward[step + 1], axis=1)
    return softmax(forward + backward, axis=1)


@dataclass(frozen=True, slots=True)
class OneRun:
    """At most one contiguous run of the last class per group; for two classes."""

    prior: SequencePrior
    evidence: Evidence

    def __call__(self, probability: np.ndarray, streams: Streams) -> Decoded:
        """See `Method`."""
        evidence = self.evidence.of(probability, streams)
        prediction, posterior = np.zeros(len(streams), int), np.empty_like(probability)
        for rows in streams.members:
            inside = run_posterior(evidence[rows, 1] - evidence[rows, 0], self.prior.length, self.prior.present)
            prediction[rows[best_run(inside - 0.5)]] = 1
            posterior[rows] = np.stack([1 - inside, inside], axis=1)
        return Decoded(prediction, posterior)


def run_posterior(odds: np.ndarray, length: np.ndarray, present: float) -> np.ndarray:
    """Return the probability that each text lies in the run, (texts,).

    `odds` are (texts,) log-likelihood ratios of inside against outside; `length` and `present`, see `SequencePrior`. A
    run of k texts weighs present · P(k) · P(start) · exp(Σ of its odds), all starts being equally likely; no run weighs
    1 - present. Lengths that do not fit in the stream are left out. All n(n + 1)/2 runs are weighed: the sums come from
    one cumulative sum, so that they cost n × (longest run).
    """
    texts, fitting = len(odds), min(len(odds), len(length))
    sums = np.concatenate([[0.0], np.cumsum(odds)])
    start, size = np.arange(texts)[:, None], np.arange(1, fitting + 1)[None, :]
    stop = start + size
    chances = np.log(length[:fitting] / length[:fitting].sum()) - np.log(texts - size + 1)
    weight = np.where(stop <= texts, sums[np.minimum(stop, texts)] - sums[start] + chances, -np.inf) + np.log(present)
    total = logsumexp(np.append(weight, np.log1p(-present)))
    probability = np.exp(weight - total)
    # Each run adds its probability where it starts and takes it back where it stops.
    edges = np.zeros(texts + 1)
    edges[:-1] += probability.sum(axis=1)
    np.subtract.at(edges, np.minimum(stop, texts), probability)
    return np.clip(np.cumsum(edges[:-1]), 0.0, 1.0)


def best_run(gain: np.ndarray) -> slice:
    """Return the contiguous run of the greatest total gain (Bentley, 1984); empty where no run gains anything.

    With the gain P(inside) - 1/2 it is the run with the most texts expected to be predicted right: a posterior that
    hesitates between two runs must not split the prediction in two, as predicting text by text would.
    """
    best, run, total, start = 0.0, slice(0, 0), 0.0, 0
    for row, value in enumerate(gain.tolist()):
        if total <= 0:
            total, start = 0.0, row
        total += value
        if total > best:
            best, run = total, slice(start, row + 1)
    return run


THRESHOLDS = sorted(np.arange(0.1, 0.91, 0.05).round(2).tolist(), key=lambda value: abs(value - 0.5))
WIDTHS = (3, 5, 7, 9, 13, 17, 25)  # texts
DEVIATIONS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0)  # texts
TRUSTS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15)


def variants(name: str, prior: SequencePrior, evidence: Evidence) -> Iterator[Method]:
    """Return a method with each choice of its parameters, the plainest first; a `KeyError` where none has this name."""
    trusted = [replace(evidence, trust=trust) for trust in TRUSTS]
    methods: dict[str, Iterator[Method]] = {
        "none": map(Threshold, THRESHOLDS),
        "moving_average": starmap(Smoothing, product(["moving_average"], WIDTHS, THRESHOLDS)),
        "gaussian": starmap(Smoothing, product(["gaussian"], DEVIATIONS, THRESHOLDS)),
        "viterbi": (Viterbi(prior, one) for one in trusted),
        "one_run": (OneRun(prior, one) for one in trusted),
    }
    return methods[name]


def parameters(method: Method) -> dict[str, Any]:
    """Return the parameters that were chosen, for the results."""
    if isinstance(method, Viterbi | OneRun):
        return {"trust": method.evidence.trust}
    return {name: value for name, value in asdict(method).items() if name != "kernel"}  # type: ignore[call-overload]


TOLERANCE = 0.02  # hundreds of sentences in a dozen streams cannot distinguish scores that are nearer than this


def tune(
    candidates: Iterable[Method], probability: np.ndarray, streams: Streams, truth: np.ndarray, aim: str
) -> tuple[Method, dict[str, float]]:
    """Return the method that predicts best on validation, and its scores there.

    `aim` is `accuracy`, or `f1` of the last class. Of those within `TOLERANCE` of the best score, the one of the lowest
    log-loss is taken: how sure each prediction is says more than the few predictions by which such scores differ. Of
    equals, the first.
    """
    scored = [(method, every_measure(truth, *method(probability, streams))) for method in candidates]
    name = f"f1.{probability.shape[1] - 1}" if aim == "f1" else aim
    best = max(scores[name] for _, scores in scored)
    near_best = (pair for pair in scored if pair[1][name] >= best - TOLERANCE)
    return min(near_best, key=lambda pair: pair[1]["log_loss"])
