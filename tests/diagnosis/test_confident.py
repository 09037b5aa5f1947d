import numpy as np
import pytest

from decortique.diagnosis.suspected_labels import confident_learning

LABELS = np.array([0, 0, 0, 0, 1, 1])
LAST = np.array([0.1, 0.2, 0.3, 0.9, 0.7, 0.5])  # probability of class 1


def two(last: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - last, last])


def test_a_text_is_suspected_that_is_as_sure_of_another_label_as_those_who_have_it() -> None:
    """Thresholds: (0.9 + 0.8 + 0.7 + 0.1) / 4 = 0.625 and (0.7 + 0.5) / 2 = 0.6."""
    found = confident_learning(LABELS, two(LAST))
    assert found.thresholds == pytest.approx([0.625, 0.6])
    assert found.suggested.tolist() == [0, 0, 0, 1, 1, -1]
    assert found.suspected.tolist() == [False, False, False, True, False, False]
    assert found.joint.tolist() == [[3, 1], [0, 1]]
    assert found.estimated.tolist() == [[3.0, 1.0], [0.0, 2.0]]  # a row of 4 texts, all counted; one of 2


def test_a_class_that_the_model_hardly_dares_to_name_asks_for_less() -> None:
    """It never gives class 1 more than 0.45, but gives its texts 0.4 on average: 0.45 is sure, for that class."""
    last = np.array([0.05, 0.05, 0.05, 0.45, 0.40, 0.40])
    found = confident_learning(LABELS, two(last))
    assert found.thresholds == pytest.approx([0.85, 0.4])
    assert found.suspected.tolist() == [False, False, False, True, False, False]


def test_of_two_classes_that_are_reached_the_more_probable_counts() -> None:
    labels = np.array([0, 1, 2, 2])
    probability = np.array([[0.3, 0.3, 0.4], [0.3, 0.4, 0.3], [0.35, 0.45, 0.2], [0.1, 0.1, 0.8]])
    found = confident_learning(labels, probability)
    assert found.thresholds == pytest.approx([0.3, 0.4, 0.5])
    assert found.suggested.tolist() == [0, 1, 1, 2]  # the third: 0.35 reaches 0.3, and 0.45 reaches 0.4
    assert found.joint.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_a_label_without_a_text_is_suggested_to_none() -> None:
    probability = np.array([[0.2, 0.1, 0.7], [0.1, 0.2, 0.7]])
    found = confident_learning(np.array([0, 1]), probability)
    assert np.isinf(found.thresholds[2])
    assert not (found.suggested == 2).any()
    assert found.estimated.sum() == 2


def test_perfect_labels_are_not_suspected() -> None:
    found = confident_learning(LABELS, two(LABELS.astype(float)))
    assert not found.suspected.any()
    assert found.estimated.tolist() == [[4.0, 0.0], [0.0, 2.0]]
