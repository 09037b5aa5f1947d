import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from decortique.core.files import StageError
from decortique.evaluation.decoding import fit_calibration, log_odds
from decortique.evaluation.scores import reliability
from tests.evaluation.made_decoding import probabilities

LABELS = ["chirac", "mitterrand"]


def drawn(texts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True log-odds, and classes drawn from them."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.5, texts)
    return odds, (random.random(texts) < probabilities(odds)[:, 1]).astype(int)


@pytest.mark.parametrize(("scale", "shift"), [(2.5, 1.0), (0.3, -1.0), (1.0, 2.0), (-1.0, 0.0)])
def test_probabilities_that_are_too_sure_or_shifted_become_the_true_ones(scale: float, shift: float) -> None:
    (known, truth), (odds, unseen) = drawn(3000, seed=0), drawn(5000, seed=1)
    said = probabilities(scale * odds + shift)
    calibrated = fit_calibration([probabilities(scale * known + shift)], truth, LABELS)([said])
    assert np.abs(calibrated - probabilities(odds)).max() < 0.02
    assert log_loss(unseen, calibrated) < log_loss(unseen, said) - 0.01
    assert log_loss(unseen, calibrated) == pytest.approx(log_loss(unseen, probabilities(odds)), abs=0.002)
    said_error, error, least = (
        reliability(unseen == 1, found[:, 1], bins=10).expected_error
        for found in (said, calibrated, probabilities(odds))
    )
    assert error == pytest.approx(least, abs=0.005)
    assert error < said_error / 3


def test_two_approaches_that_each_know_half_are_worth_more_together() -> None:
    def halves(texts: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
        random = np.random.default_rng(seed)
        truth = random.integers(2, size=texts)
        return [probabilities(2 * truth - 1 + random.normal(0, 1.4, texts)) for _ in range(2)], truth

    (known, learnt), (said, truth) = halves(1000, seed=0), halves(3000, seed=1)
    together = fit_calibration(known, learnt, LABELS)(said)
    for one in range(2):
        alone = fit_calibration([known[one]], learnt, LABELS)([said[one]])
        assert log_loss(truth, together) < log_loss(truth, alone) - 0.05
        assert accuracy_score(truth, together.argmax(axis=1)) > accuracy_score(truth, alone.argmax(axis=1)) + 0.03


def test_an_approach_that_guesses_does_not_spoil_the_one_that_knows() -> None:
    (known, truth), (odds, unseen) = drawn(3000, seed=0), drawn(3000, seed=1)
    guesses = [probabilities(np.random.default_rng(seed).normal(0, 2, 3000)) for seed in (2, 3)]
    together = fit_calibration([probabilities(known), guesses[0]], truth, LABELS)([probabilities(odds), guesses[1]])
    assert np.abs(together - probabilities(odds)).mean() < 0.02
    assert log_loss(unseen, together) == pytest.approx(log_loss(unseen, probabilities(odds)), abs=0.003)


def test_the_same_approach_twice_is_not_believed_twice() -> None:
    known, truth = drawn(3000, seed=0)
    said = probabilities(known)
    once, twice = (fit_calibration([said] * times, truth, LABELS)([said] * times) for times in (1, 2))
    np.testing.assert_allclose(once, twice, atol=0.005)


def test_three_classes_are_calibrated_too() -> None:
    random = np.random.default_rng(0)
    scores = random.normal([0.8, 0.0, -0.8], 1.2, (6000, 3))
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(3, p=row) for row in true])
    sure = true**2.5 * [1, 2, 0.5]
    sure /= sure.sum(axis=1, keepdims=True)
    calibrated = fit_calibration([sure[:3000]], truth[:3000], ["a", "b", "c"])([sure[3000:]])
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    assert np.abs(calibrated - true[3000:]).mean() < 0.02
    assert log_loss(truth[3000:], calibrated) < log_loss(truth[3000:], sure[3000:]) - 0.05


@pytest.mark.parametrize(
    ("truth", "labels", "absent"),
    [([0, 0, 0], LABELS, "mitterrand"), ([1, 1, 1], LABELS, "chirac"), ([0, 2, 0], ["a", "b", "c"], "b")],
)
def test_a_validation_set_that_misses_a_class_is_refused_with_what_to_do(
    truth: list[int], labels: list[str], absent: str
) -> None:
    said = np.full((3, len(labels)), 1 / len(labels))
    with pytest.raises(StageError, match=rf"holds no '{absent}'.*enlarge split\.validation.*split\.seed"):
        fit_calibration([said], np.array(truth), labels)


def test_certainty_is_neither_an_error_nor_beyond_doubt() -> None:
    said = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)
    truth = np.array([0, 1] * 18 + [1, 0] * 2)  # wrong in 4 of 40
    calibrated = fit_calibration([said], truth, LABELS)([said])
    assert np.isfinite(log_odds([said])).all()
    np.testing.assert_allclose(calibrated[:2], [[0.9, 0.1], [0.1, 0.9]], atol=0.01)


def test_log_odds_are_taken_of_each_approach_against_the_first_class() -> None:
    one, other = np.array([[0.5, 0.25, 0.25]]), np.array([[0.1, 0.2, 0.7]])
    np.testing.assert_allclose(log_odds([one, other]), np.log([[0.5, 0.5, 2, 7]]))
