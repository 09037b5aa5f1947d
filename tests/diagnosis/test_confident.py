import numpy as np
import pytest

from decortique.diagnosis.suspected_labels import confident_learning

LABELS = np.array([0, 0, 0, 0, 1, 1])
LAST = np.array([0.1, 0.2, 0.3, 0.9, 0.7, 0.5])  # probability of class 1


def two(last: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - last, last])


def test_a_text_as_sure_of_another_label_as_its_own_texts_is_suspected() -> None:
    """Thresholds: (0.9 + 0.8 + 0.7 + 0.1) / 4 = 0.625 and (0.7 + 0.5) / 2 = 0.6."""
    result = confident_learning(LABELS, two(LAST))
    assert result.thresholds == pytest.approx([0.625, 0.6])
    assert result.suggested.tolist() == [0, 0, 0, 1, 1, -1]
    assert result.suspected.tolist() == [False, False, False, True, False, False]
    assert result.joint.tolist() == [[3, 1], [0, 1]]
    assert result.estimated.tolist() == [[3.0, 1.0], [0.0, 2.0]]  # a row of 4 texts, all counted; one of 2


def test_a_class_predicted_with_low_probability_has_a_lower_threshold() -> None:
    """Class 1 never has more than 0.45, and its texts have 0.4 on average: 0.45 is high for that class."""
    last = np.array([0.05, 0.05, 0.05, 0.45, 0.40, 0.40])
    result = confident_learning(LABELS, two(last))
    assert result.thresholds == pytest.approx([0.85, 0.4])
    assert result.suspected.tolist() == [False, False, False, True, False, False]


def test_the_more_probable_of_two_classes_above_threshold_counts() -> None:
    labels = np.array([0, 1, 2, 2])
    probability = np.array([[0.3, 0.3, 0.4], [0.3, 0.4, 0.3], [0.35, 0.45, 0.2], [0.1, 0.1, 0.8]])
    result = confident_learning(labels, probability)
    assert result.thresholds == pytest.approx([0.3, 0.4, 0.5])
    assert result.suggested.tolist() == [0, 1, 1, 2]  # the third: 0.35 reaches 0.3, and 0.45 reaches 0.4
    assert result.joint.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_a_label_without_texts_is_never_suggested() -> None:
    probability = np.array([[0.2, 0.1, 0.7], [0.1, 0.2, 0.7]])
    result = confident_learning(np.array([0, 1]), probability)
    assert np.isinf(result.thresholds[2])
    assert not (result.suggested == 2).any()
    assert result.estimated.sum() == 2


def test_perfect_labels_are_not_suspected() -> None:
    result = confident_learning(LABELS, two(LABELS.astype(float)))
    assert not result.suspected.any()
    assert result.estimated.tolist() == [[4.0, 0.0], [0.0, 2.0]]
