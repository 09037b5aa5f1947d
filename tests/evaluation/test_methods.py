from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from decortique.evaluation.decoding import (
    Evidence,
    Method,
    OneRun,
    SequencePrior,
    Smoothing,
    Streams,
    Threshold,
    Viterbi,
    parameters,
    run_posterior,
    variants,
)
from tests.evaluation.made_decoding import made, one_run_each, one_stream, probabilities, run_lengths

NAMES = ["none", "moving_average", "gaussian", "viterbi", "one_run"]
EVEN = np.array([0.5, 0.5])
PLAIN = Evidence(EVEN, np.zeros(2), own_level=0.0)
TRAINED = one_run_each(20, seed=0)
PRIOR = SequencePrior.of(TRAINED.streams, TRAINED.truth, classes=2)
METHODS: list[Method] = [
    Threshold(0.5),
    Smoothing("moving_average", 5, 0.5),
    Smoothing("gaussian", 1.5, 0.5),
    Viterbi(PRIOR, PLAIN),
    OneRun(PRIOR, PLAIN),
]
each_method = pytest.mark.parametrize("method", METHODS, ids=NAMES)


def some(texts: int, classes: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=texts)


@each_method
def test_each_group_is_predicted_independently(method: Method) -> None:
    groups = ["a", "b", "b", "a", "c", "b", "a", "b", "a", "b", "b"]
    positions = [5, 1, 3, 2, 7, 2, 4, 9, 3, 8, 11]
    probability = some(len(groups))
    together = method(probability, Streams.of(groups, positions))
    for name in "abc":
        inside = np.array([index for index, group in enumerate(groups) if group == name])
        alone = method(probability[inside], Streams.of([name] * len(inside), [positions[i] for i in inside]))
        np.testing.assert_array_equal(together.prediction[inside], alone.prediction)
        np.testing.assert_allclose(together.probability[inside], alone.probability)


@each_method
@pytest.mark.parametrize("texts", [1, 2, 40])
def test_every_text_is_predicted_even_from_probabilities_of_zero_and_one(method: Method, texts: int) -> None:
    for probability in (some(texts), np.eye(2)[np.arange(texts) % 2], np.eye(2)[np.zeros(texts, int)]):
        decoded = method(probability, one_stream(texts))
        assert decoded.prediction.shape == (texts,)
        assert set(decoded.prediction.tolist()) <= {0, 1}
        np.testing.assert_allclose(decoded.probability.sum(axis=1), 1)
        assert (decoded.probability >= 0).all()


@each_method
def test_decoding_does_not_change_its_input(method: Method) -> None:
    probability = some(30)
    before = probability.copy()
    method(probability, one_stream(30))
    np.testing.assert_array_equal(probability, before)


@pytest.mark.parametrize("texts", [1, 3, 50])
@pytest.mark.parametrize(
    "method",
    [
        Smoothing("moving_average", 5, 0.5),
        Smoothing("moving_average", 25, 0.5),
        Smoothing("gaussian", 0.7, 0.5),
        Smoothing("gaussian", 7, 0.5),
    ],
)
def test_a_constant_stream_is_unchanged_up_to_its_ends(method: Method, texts: int) -> None:
    probability = np.tile([0.03, 0.9, 0.07], (texts, 1))
    np.testing.assert_allclose(method(probability, one_stream(texts)).probability, probability, atol=1e-12)


def geometric_mean(probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    powers = np.exp(weights @ np.log(probability) / weights.sum())
    return np.asarray(powers / powers.sum())


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("width", [3, 5, 25])
def test_a_moving_average_covers_the_texts_within_its_width(width: int, classes: int) -> None:
    probability = some(12, classes)
    smoothed = Smoothing("moving_average", width, 0.5)(probability, one_stream(12)).probability
    for index in range(12):
        inside = (np.abs(np.arange(12) - index) <= width // 2).astype(float)
        np.testing.assert_allclose(smoothed[index], geometric_mean(probability, inside))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("deviation", [0.7, 2.0, 7.0])
def test_a_gaussian_weighs_texts_by_their_distance(deviation: float, classes: int) -> None:
    probability = some(12, classes)
    smoothed = Smoothing("gaussian", deviation, 0.5)(probability, one_stream(12)).probability
    for index in range(12):
        away = np.abs(np.arange(12) - index)
        bell = np.exp(-0.5 * (away / deviation) ** 2) * (away <= 4 * deviation + 0.5)
        np.testing.assert_allclose(smoothed[index], geometric_mean(probability, bell))


def test_a_threshold_below_a_half_finds_more_of_the_last_class() -> None:
    probability = probabilities(np.log([1 / 9, 1, 1.5, 9]))  # .1, .5, .6, .9
    predictions = {
        threshold: Threshold(threshold)(probability, one_stream(4)).prediction.tolist()
        for threshold in (0.05, 0.3, 0.5, 0.7, 0.95)
    }
    assert predictions == {
        0.05: [1, 1, 1, 1],
        0.3: [0, 1, 1, 1],
        0.5: [0, 0, 1, 1],
        0.7: [0, 0, 0, 1],
        0.95: [0, 0, 0, 0],
    }


def test_below_the_threshold_the_likelier_of_the_other_classes_is_predicted() -> None:
    probability = np.array([[0.3, 0.2, 0.5], [0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1]])
    assert Threshold(0.4)(probability, one_stream(4)).prediction.tolist() == [2, 2, 2, 0]
    assert Threshold(0.75)(probability, one_stream(4)).prediction.tolist() == [0, 1, 2, 0]


def test_the_default_threshold_predicts_the_likeliest_class() -> None:
    probability = np.random.default_rng(0).dirichlet(np.ones(3), size=50)
    predicted = Threshold(0.5)(probability, one_stream(50)).prediction
    np.testing.assert_array_equal(predicted, probability.argmax(axis=1))


@pytest.mark.parametrize("smoother", [Smoothing("moving_average", 5, 0.3), Smoothing("gaussian", 1.0, 0.3)])
def test_smoothed_probabilities_are_predicted_by_the_threshold(smoother: Method) -> None:
    decoded = smoother(some(40), one_stream(40))
    np.testing.assert_array_equal(decoded.prediction, decoded.probability[:, 1] > 0.3)
    assert (decoded.probability.argmax(axis=1) != decoded.prediction).any()


def test_evidence_with_a_uniform_prior_is_the_probability() -> None:
    probability = some(9, classes=3)
    evidence = Evidence(np.full(3, 1 / 3), np.zeros(3), own_level=0.0).of(probability, one_stream(9))
    np.testing.assert_allclose(evidence - np.log(probability), np.log(3))


def test_evidence_divides_by_the_class_prior_and_is_scaled_by_trust() -> None:
    prior = np.array([0.9, 0.1])

    def evidence(trust: float, probability: list[float]) -> np.ndarray:
        return Evidence(prior, np.zeros(2), own_level=0.0, trust=trust).of(np.array([probability]), one_stream(1))

    np.testing.assert_allclose(evidence(0.7, [0.9, 0.1]), 0, atol=1e-12)
    assert np.diff(evidence(0.5, [0.5, 0.5])).item() == pytest.approx(0.5 * np.log(9))


def test_the_level_of_a_whole_group_is_subtracted_by_the_given_share() -> None:
    streams = Streams.of(["a"] * 4 + ["b"] * 4, [0, 1, 2, 3] * 2)
    odds = np.array([2.0, 2.0, 0.0, 0.0, -1.0, -1.0, 1.0, 1.0])  # on average 1 in a, 0 in b
    usual = Evidence.calibrated_on(probabilities(odds), np.array([0, 1] * 4), own_level=0.0)
    for share in (0.0, 0.5, 1.0):
        result = np.diff(replace(usual, own_level=share).of(probabilities(odds), streams))[:, 0]
        np.testing.assert_allclose(result[:4], odds[:4] - share * 0.5)  # 1, where 0.5 is usual
        np.testing.assert_allclose(result[4:], odds[4:] + share * 0.5)


def test_evidence_is_relative_to_the_level_of_the_calibration_set() -> None:
    probability, truth = some(30), np.array([0] * 20 + [1] * 10)
    evidence = Evidence.calibrated_on(probability, truth, own_level=1.0)
    np.testing.assert_allclose(evidence.prior, [2 / 3, 1 / 3])
    # The set as one group has its usual level, so that nothing is subtracted.
    untouched = replace(evidence, own_level=0.0).of(probability, one_stream(30))
    np.testing.assert_allclose(evidence.of(probability, one_stream(30)), untouched)


@pytest.mark.parametrize("seed", range(4))
def test_viterbi_finds_the_likeliest_path_with_interrupted_transitions(seed: int) -> None:
    start, change = np.array([0.8, 0.2]), np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.7], [0.6, 0.4]]])
    prior = SequencePrior(start, change, np.array([1.0]), 0.5)
    probability, positions = some(6, seed=seed), [0, 1, 4, 5, 9, 10]
    decoded = Viterbi(prior, PLAIN)(probability, Streams.of(["a"] * 6, positions))

    def weight(path: tuple[int, ...]) -> float:
        steps = [change[int(positions[i + 1] > positions[i] + 1), path[i], path[i + 1]] for i in range(5)]
        return float(start[path[0]] * np.prod(steps) * np.prod(probability[np.arange(6), path]))

    paths = list(product(range(2), repeat=6))
    weights = np.array([weight(path) for path in paths])
    assert tuple(decoded.prediction) == paths[int(weights.argmax())]
    np.testing.assert_allclose(decoded.probability[:, 1], weights @ np.array(paths) / weights.sum())


def test_one_run_weighs_odds_lengths_and_the_probability_of_a_run() -> None:
    probability = some(25)
    decoded = OneRun(PRIOR, PLAIN)(probability, one_stream(25))
    odds = np.log(probability[:, 1] / probability[:, 0])
    np.testing.assert_allclose(decoded.probability[:, 1], run_posterior(odds, PRIOR.length, PRIOR.present))


@pytest.mark.parametrize("seed", range(5))
def test_one_run_never_predicts_two_runs_in_a_group(seed: int) -> None:
    streams = made([[5, 8, 9, 8, 5]] * 10 + [[20]] * 3, seed)  # two in most groups, none in some
    most = []
    for method in variants("one_run", PRIOR, PLAIN):
        prediction = method(streams.probability, streams.streams).prediction
        most.append(max(len(run_lengths(prediction[inside] == 1)) for inside in streams.streams.members))
    assert max(most) == most[0] == 1


def test_an_ambiguous_posterior_does_not_split_the_run() -> None:
    # Three texts here, three there, or all nine with the three between: a third each, so that texts of both stretches
    # are likelier inside than not, and those between are not.
    length = np.full(9, 1e-9)
    length[[2, 8]] = 0.5
    odds = np.repeat([3.0, -(9 + np.log(7)) / 3, 3.0], 3)
    prior = SequencePrior(EVEN, np.full((2, 2, 2), 0.5), length, 0.9)
    decoded = OneRun(prior, PLAIN)(probabilities(odds), one_stream(9))
    assert run_lengths(decoded.probability[:, 1] > 0.5) == [3, 3]
    assert run_lengths(decoded.prediction == 1) == [3]


def test_a_group_without_evidence_for_a_run_has_none() -> None:
    decoded = OneRun(PRIOR, PLAIN)(np.tile([0.95, 0.05], (40, 1)), one_stream(40))
    assert decoded.prediction.tolist() == [0] * 40


@pytest.mark.parametrize(
    ("name", "plainest", "choices"),
    [
        ("none", {"threshold": 0.5}, 17),
        ("moving_average", {"width": 3, "threshold": 0.5}, 7 * 17),
        ("gaussian", {"width": 0.7, "threshold": 0.5}, 7 * 17),
        ("viterbi", {"trust": 1.0}, 8),
        ("one_run", {"trust": 1.0}, 8),
    ],
)
def test_the_simplest_of_equally_good_choices_comes_first(name: str, plainest: dict[str, float], choices: int) -> None:
    tried = [parameters(method) for method in variants(name, PRIOR, PLAIN)]
    assert tried[0] == plainest
    assert len({tuple(options.values()) for options in tried}) == len(tried) == choices


def test_without_decoding_the_first_candidate_is_the_likeliest_class() -> None:
    probability = some(50)
    first = next(variants("none", PRIOR, PLAIN))(probability, one_stream(50))
    np.testing.assert_array_equal(first.prediction, probability.argmax(axis=1))
    np.testing.assert_array_equal(first.probability, probability)


def test_a_method_that_does_not_exist_is_named() -> None:
    with pytest.raises(KeyError, match="telepathy"):
        list(variants("telepathy", PRIOR, PLAIN))
