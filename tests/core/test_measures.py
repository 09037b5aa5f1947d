import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, log_loss, roc_auc_score

from decortique.core.measures import every_measure, measure, measures, most_probable, ranking


def examples(classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and probabilities with many ties, right more often than not."""
    random = np.random.default_rng(seed)
    truth = random.integers(classes, size=60)
    truth[:classes] = range(classes)
    probability = random.dirichlet(np.ones(classes), size=60) + 0.4 * np.eye(classes)[truth]
    rounded = np.maximum((probability / probability.sum(axis=1, keepdims=True)).round(1), 0.01)
    return truth, rounded / rounded.sum(axis=1, keepdims=True)


def weightings(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.vstack([np.ones(60), random.integers(1, 4, size=(4, 60)), random.multinomial(60, np.full(60, 1 / 60))])


def guessed(truth: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Return predictions that have little to do with the probabilities."""
    random = np.random.default_rng(seed)
    return np.where(random.random(len(truth)) < 0.5, truth, random.integers(classes, size=len(truth)))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("predicted", ["most probable", "otherwise"])
def test_every_measure_agrees_with_scikit_learn(classes: int, seed: int, predicted: str) -> None:
    truth, probability = examples(classes, seed)
    weights = weightings(seed)
    prediction = probability.argmax(axis=1) if predicted == "most probable" else guessed(truth, classes, seed)
    result = measures(truth, prediction, probability, weights)
    ranked = [1] if classes == 2 else [0, 1, 2]
    for index, one in enumerate(weights):
        f1 = f1_score(truth, prediction, average=None, labels=range(classes), sample_weight=one)
        areas = [roc_auc_score(truth == c, probability[:, c], sample_weight=one) for c in ranked]
        precisions = [average_precision_score(truth == c, probability[:, c], sample_weight=one) for c in ranked]
        expected = {
            "accuracy": accuracy_score(truth, prediction, sample_weight=one),
            "macro_f1": f1_score(truth, prediction, average="macro", sample_weight=one),
            **{f"f1.{number}": value for number, value in enumerate(f1)},
            "roc_auc": np.mean(areas),
            "average_precision": np.mean(precisions),
            "log_loss": log_loss(truth, probability, sample_weight=one, labels=range(classes)),
        }
        assert {name: values[index] for name, values in result.items()} == pytest.approx(expected, abs=1e-12)


def test_the_roc_auc_of_three_classes_is_one_vs_rest() -> None:
    truth, probability = examples(3, seed=9)
    result = every_measure(truth, most_probable(probability), probability)
    expected = roc_auc_score(truth, probability, multi_class="ovr", average="macro")
    assert result["roc_auc"] == pytest.approx(expected, abs=1e-12)
    expected = average_precision_score(np.eye(3)[truth], probability, average="macro")
    assert result["average_precision"] == pytest.approx(expected, abs=1e-12)


def test_a_prediction_that_contradicts_the_probabilities_is_scored_as_given() -> None:
    truth, sure = np.array([0, 1, 1, 1]), np.array([[0.9, 0.1]] * 4)
    result = every_measure(truth, np.array([0, 1, 1, 0]), sure)
    assert result["accuracy"] == 0.75
    assert result["f1.1"] == pytest.approx(0.8)
    assert measure(truth, sure)["accuracy"] == 0.25
    assert result["log_loss"] == measure(truth, sure)["log_loss"]


def test_tied_scores_count_half_an_area_and_are_ranked_together() -> None:
    positive, ones = np.array([True, False, True, False]), np.ones((1, 4))
    by_score = {
        (0.5, 0.5, 0.5, 0.5): (1 / 2, 1 / 2),
        (0.9, 0.5, 0.5, 0.1): (3.5 / 4, 1 / 2 + 1 / 2 * 2 / 3),
        (0.9, 0.2, 0.8, 0.1): (1, 1),
        (0.2, 0.9, 0.1, 0.8): (0, 1 / 2 * 1 / 3 + 1 / 2 * 2 / 4),
    }
    for scores, expected in by_score.items():
        area, precision = ranking(positive, np.array(scores), ones)
        assert (area[0], precision[0]) == pytest.approx(expected)


def test_a_resample_without_a_class_has_no_rank_but_does_not_spoil_the_others() -> None:
    positive = np.array([True, False, False])
    weights = np.array([[0, 1, 2], [1, 1, 1], [3, 0, 0]])
    for result in ranking(positive, np.array([0.8, 0.1, 0.2]), weights):
        assert np.isnan(result).tolist() == [True, False, True]
        assert result[1] == 1.0


def test_examples_that_were_not_sampled_do_not_count_even_at_the_top() -> None:
    positive, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6])
    sampled = np.array([[0.0, 0.0, 2.0, 1.0], [0.0, 3.0, 1.0, 0.0]])
    area, precision = ranking(positive, scores, sampled)
    assert area.tolist() == [1.0, 0.0]
    assert precision.tolist() == [1.0, 0.25]


def test_certainty_about_a_wrong_class_costs_much_but_not_infinitely() -> None:
    result = measure(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert result == {"accuracy": 0.5, "macro_f1": pytest.approx(1 / 3), "log_loss": pytest.approx(-np.log(1e-15) / 2)}


def test_the_first_class_is_predicted_among_equal_probabilities() -> None:
    assert measure(np.array([0, 1]), np.full((2, 2), 0.5))["accuracy"] == 0.5
    assert measure(np.array([0, 0]), np.full((2, 2), 0.5))["accuracy"] == 1.0


def test_a_class_neither_present_nor_predicted_scores_zero_not_nan() -> None:
    result = every_measure(np.array([0, 1]), np.array([0, 1]), np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]))
    assert result["f1.2"] == 0.0
    assert result["macro_f1"] == pytest.approx(2 / 3)
    assert np.isnan(result["roc_auc"])
