import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from stages.statistics.measures import measure, measures, roc_auc


def examples(classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities with many ties, right more often than not."""
    random = np.random.default_rng(seed)
    truth = random.integers(classes, size=60)
    truth[:classes] = range(classes)
    probability = random.dirichlet(np.ones(classes), size=60) + 0.4 * np.eye(classes)[truth]
    rounded = np.maximum((probability / probability.sum(axis=1, keepdims=True)).round(1), 0.01)
    return truth, rounded / rounded.sum(axis=1, keepdims=True)


def weightings(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.vstack([np.ones(60), random.integers(1, 4, size=(4, 60)), random.multinomial(60, np.full(60, 1 / 60))])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_every_measure_is_that_of_scikit_learn(classes: int, seed: int) -> None:
    truth, probability = examples(classes, seed)
    weights = weightings(seed)
    found = measures(truth, probability, weights)
    decision = probability.argmax(axis=1)
    scores = probability[:, 1] if classes == 2 else None
    for place, one in enumerate(weights):
        f1 = f1_score(truth, decision, average=None, labels=range(classes), sample_weight=one)
        by_class = [roc_auc_score(truth == c, probability[:, c], sample_weight=one) for c in range(classes)]
        expected = {
            "accuracy": accuracy_score(truth, decision, sample_weight=one),
            "macro_f1": f1_score(truth, decision, average="macro", sample_weight=one),
            **{f"f1.{number}": value for number, value in enumerate(f1)},
            "roc_auc": np.mean(by_class) if scores is None else roc_auc_score(truth, scores, sample_weight=one),
            "log_loss": log_loss(truth, probability, sample_weight=one, labels=range(classes)),
        }
        assert {name: values[place] for name, values in found.items()} == pytest.approx(expected, abs=1e-12)


def test_the_area_of_three_classes_is_that_of_each_against_the_rest() -> None:
    truth, probability = examples(3, seed=9)
    found = measures(truth, probability, np.ones((1, 60)))["roc_auc"][0]
    assert found == pytest.approx(roc_auc_score(truth, probability, multi_class="ovr", average="macro"), abs=1e-12)


def test_equal_scores_count_half_an_area() -> None:
    positive, ones = np.array([True, False, True, False]), np.ones((1, 4))
    assert roc_auc(positive, np.full(4, 0.5), ones)[0] == 0.5
    assert roc_auc(positive, np.array([0.9, 0.5, 0.5, 0.1]), ones)[0] == pytest.approx(3.5 / 4)
    assert roc_auc(positive, np.array([0.9, 0.2, 0.8, 0.1]), ones)[0] == 1.0


def test_a_weighting_without_a_class_has_no_area_but_does_not_spoil_the_others() -> None:
    positive = np.array([True, False, False])
    weights = np.array([[0, 1, 2], [1, 1, 1], [3, 0, 0]])
    found = roc_auc(positive, np.array([0.8, 0.1, 0.2]), weights)
    assert np.isnan(found).tolist() == [True, False, True]
    assert found[1] == 1.0


def test_certainty_about_what_did_not_happen_costs_much_but_not_infinitely() -> None:
    found = measure(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert found == {"accuracy": 0.5, "macro_f1": pytest.approx(1 / 3), "log_loss": pytest.approx(-np.log(1e-15) / 2)}


def test_of_equal_probabilities_the_first_class_is_decided() -> None:
    assert measure(np.array([0, 1]), np.full((2, 2), 0.5))["accuracy"] == 0.5
    assert measure(np.array([0, 0]), np.full((2, 2), 0.5))["accuracy"] == 1.0


def test_a_class_that_neither_stands_nor_is_decided_scores_zero_and_no_nan() -> None:
    found = measures(np.array([0, 1]), np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]), np.ones((1, 2)))
    assert found["f1.2"][0] == 0.0
    assert found["macro_f1"][0] == pytest.approx(2 / 3)
