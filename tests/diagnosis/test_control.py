import numpy as np
import pytest

from decortique.diagnosis.suspected_labels import detect_flipped, flip_labels
from tests.diagnosis.made_auditing import SETTINGS

LABELS = np.arange(100) % 3


def test_five_percent_of_labels_are_flipped_each_to_a_different_label() -> None:
    changed = flip_labels(LABELS, 3, seed=0)
    assert (changed != LABELS).sum() == 5
    assert set(changed) == {0, 1, 2}
    np.testing.assert_array_equal(changed, flip_labels(LABELS, 3, seed=0))
    assert (changed != flip_labels(LABELS, 3, seed=1)).any()


def test_one_label_of_a_handful_is_flipped() -> None:
    assert (flip_labels(np.array([0, 1, 1]), 2, seed=0) != [0, 1, 1]).sum() == 1


def test_a_model_that_knows_the_truth_detects_the_flipped_labels() -> None:
    result = detect_flipped(LABELS, flip_labels(LABELS, 3, seed=0), np.eye(3)[LABELS] * 0.9 + 0.1 / 3, SETTINGS, None)
    assert result["flipped"] == 5
    assert result["suspected"]["flipped"]["value"] == 1.0
    assert result["suspected"]["others"]["value"] == 0.0


def test_a_model_that_fits_the_mistakes_does_not_detect_them() -> None:
    changed = flip_labels(LABELS, 3, seed=0)
    result = detect_flipped(LABELS, changed, np.eye(3)[changed], SETTINGS, None)
    assert result["suspected"]["flipped"]["value"] == 0.0


def test_texts_that_were_not_judged_are_not_detected() -> None:
    changed, probability = flip_labels(LABELS, 3, seed=0), np.eye(3)[LABELS]
    probability[np.flatnonzero(changed != LABELS)[:2]] = np.nan
    result = detect_flipped(LABELS, changed, probability, SETTINGS, groups=np.arange(100) // 10)
    assert result["flipped"] == 3
    assert result["suspected"]["flipped"]["value"] == pytest.approx(1.0)
