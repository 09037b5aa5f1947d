import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from decortique.core.files import StageError
from decortique.evaluation.scores import reliability
from decortique.models.calibration import fit_calibration, log_odds
from tests.evaluation.made_decoding import probabilities

LABELS = ["chirac", "mitterrand"]


def sample(texts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return true log-odds, and classes sampled from them."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.5, texts)
    return odds, (random.random(texts) < probabilities(odds)[:, 1]).astype(int)


@pytest.mark.parametrize(("scale", "shift"), [(2.5, 1.0), (0.3, -1.0), (1.0, 2.0), (-1.0, 0.0)])
def test_overconfident_or_shifted_probabilities_are_corrected(scale: float, shift: float) -> None:
    (known, truth), (odds, unseen) = sample(3000, seed=0), sample(5000, seed=1)
    stated = probabilities(scale * odds + shift)
    calibrated = fit_calibration([probabilities(scale * known + shift)], truth, LABELS)([stated])
    assert np.abs(calibrated - probabilities(odds)).max() < 0.02
    assert log_loss(unseen, calibrated) < log_loss(unseen, stated) - 0.01
    assert log_loss(unseen, calibrated) == pytest.approx(log_loss(unseen, probabilities(odds)), abs=0.002)
    stated_error, error, least = (
        reliability(unseen == 1, estimate[:, 1], bins=10).expected_error
        for estimate in (stated, calibrated, probabilities(odds))
    )
    assert error == pytest.approx(least, abs=0.005)
    assert error < stated_error / 3


def test_two_complementary_approaches_are_better_together() -> None:
    def halves(texts: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
        random = np.random.default_rng(seed)
        truth = random.integers(2, size=texts)
        return [probabilities(2 * truth - 1 + random.normal(0, 1.4, texts)) for _ in range(2)], truth

    (known, known_truth), (stated, truth) = halves(1000, seed=0), halves(3000, seed=1)
    together = fit_calibration(known, known_truth, LABELS)(stated)
    for one in range(2):
        alone = fit_calibration([known[one]], known_truth, LABELS)([stated[one]])
        assert log_loss(truth, together) < log_loss(truth, alone) - 0.05
        assert accuracy_score(truth, together.argmax(axis=1)) > accuracy_score(truth, alone.argmax(axis=1)) + 0.03


def test_a_guessing_approach_does_not_spoil_an_informed_one() -> None:
    (known, truth), (odds, unseen) = sample(3000, seed=0), sample(3000, seed=1)
    guesses = [probabilities(np.random.default_rng(seed).normal(0, 2, 3000)) for seed in (2, 3)]
    together = fit_calibration([probabilities(known), guesses[0]], truth, LABELS)([probabilities(odds), guesses[1]])
    assert np.abs(together - probabilities(odds)).mean() < 0.02
    assert log_loss(unseen, together) == pytest.approx(log_loss(unseen, probabilities(odds)), abs=0.003)


def test_the_same_approach_twice_does_not_count_twice() -> None:
    known, truth = sample(3000, seed=0)
    stated = probabilities(known)
    once, twice = (fit_calibration([stated] * times, truth, LABELS)([stated] * times) for times in (1, 2))
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
def test_a_validation_set_without_a_class_is_refused_with_a_remedy(
    truth: list[int], labels: list[str], absent: str
) -> None:
    stated = np.full((3, len(labels)), 1 / len(labels))
    with pytest.raises(StageError, match=rf"holds no '{absent}'.*enlarge split\.validation.*split\.seed"):
        fit_calibration([stated], np.array(truth), labels)


def test_probabilities_of_zero_and_one_stay_finite() -> None:
    stated = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)
    truth = np.array([0, 1] * 18 + [1, 0] * 2)  # wrong in 4 of 40
    calibrated = fit_calibration([stated], truth, LABELS)([stated])
    assert np.isfinite(log_odds([stated])).all()
    np.testing.assert_allclose(calibrated[:2], [[0.9, 0.1], [0.1, 0.9]], atol=0.01)


def test_log_odds_of_each_approach_are_relative_to_the_first_class() -> None:
    one, other = np.array([[0.5, 0.25, 0.25]]), np.array([[0.1, 0.2, 0.7]])
    np.testing.assert_allclose(log_odds([one, other]), np.log([[0.5, 0.5, 2, 7]]))
