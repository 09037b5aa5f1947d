import numpy as np
import pytest

from decortique.diagnosis.suspected_labels import detect_flipped, flip_labels
from tests.diagnosis.made_auditing import SETTINGS

LABELS = np.arange(100) % 3


def test_a_twentieth_of_the_labels_is_flipped_and_each_to_another_one() -> None:
    changed = flip_labels(LABELS, 3, seed=0)
    assert (changed != LABELS).sum() == 5
    assert set(changed) == {0, 1, 2}
    np.testing.assert_array_equal(changed, flip_labels(LABELS, 3, seed=0))
    assert (changed != flip_labels(LABELS, 3, seed=1)).any()


def test_of_a_handful_of_labels_one_is_flipped() -> None:
    assert (flip_labels(np.array([0, 1, 1]), 2, seed=0) != [0, 1, 1]).sum() == 1


def test_mistakes_are_found_by_who_knows_the_truth() -> None:
    found = detect_flipped(LABELS, flip_labels(LABELS, 3, seed=0), np.eye(3)[LABELS] * 0.9 + 0.1 / 3, SETTINGS, None)
    assert found["flipped"] == 5
    assert found["suspected"]["flipped"]["value"] == 1.0
    assert found["suspected"]["others"]["value"] == 0.0


def test_mistakes_are_not_found_by_who_believes_them() -> None:
    changed = flip_labels(LABELS, 3, seed=0)
    found = detect_flipped(LABELS, changed, np.eye(3)[changed], SETTINGS, None)
    assert found["suspected"]["flipped"]["value"] == 0.0


def test_who_was_not_judged_cannot_be_found() -> None:
    changed, probability = flip_labels(LABELS, 3, seed=0), np.eye(3)[LABELS]
    probability[np.flatnonzero(changed != LABELS)[:2]] = np.nan
    found = detect_flipped(LABELS, changed, probability, SETTINGS, groups=np.arange(100) // 10)
    assert found["flipped"] == 3
    assert found["suspected"]["flipped"]["value"] == pytest.approx(1.0)
