import numpy as np
import pytest

from decortique.diagnosis.near_duplicates import TaskTexts
from decortique.diagnosis.suspected_labels import SuspectedLabels
from tests.diagnosis.made_auditing import NAMES, SETTINGS, predicted, row

# Six texts of each label; the bag of words gives these probabilities of `positive`.
LAST = {"negative": [0.1, 0.2, 0.1, 0.2, 0.9, 0.8], "positive": [0.9, 0.8, 0.9, 0.8, 0.15, 0.2]}
GRADES = {"negative": [-3.0, -2.0, -3.0, -2.0, -0.5, -0.5], "positive": [3.0, 2.0, 3.0, 2.0, 0.5, 1.5]}
# Of either label, two texts in each split: the suspected ones are in test.
SPLITS = {"train": slice(0, 2), "validation": slice(2, 4), "test": slice(4, 6)}
CORPUS = {
    split: [
        row(f"{label}-{at}", f"{label} text {at}", label, GRADES[label][at])
        for label in NAMES
        for at in range(6)[places]
    ]
    for split, places in SPLITS.items()
}
ALL = TaskTexts.of(CORPUS, NAMES, keep_groups=False)
PROBABILITY = np.array([LAST[label][at] for places in SPLITS.values() for label in NAMES for at in range(6)[places]])
OURS = np.column_stack([1 - PROBABILITY, PROBABILITY])
# Rows of validation and of test: two negative, two positive ones. The first of each pair is confirmed in test.
SAID = {
    "bag-of-words": {"validation": predicted([0, 0, 1, 1]), "test": predicted([1, 1, 0, 0])},
    "poor": {"validation": predicted([0, 1, 1, 0]), "test": predicted([0, 0, 0, 0])},
    "transformer": {"validation": predicted([0.1, 0.1, 0.9, 0.9]), "test": predicted([0.3, 0.6, 0.7, 0.1])},
}


def suspected(texts: TaskTexts = ALL, ours: np.ndarray = OURS, *approaches: str) -> SuspectedLabels:
    said = {name: SAID[name] for name in approaches or SAID}
    return SuspectedLabels.of(texts, ours, said)


def test_the_best_second_opinion_is_of_who_predicts_best_on_validation_and_no_bag_of_words() -> None:
    assert suspected().best == "transformer"
    assert suspected(ALL, OURS, "bag-of-words", "poor").best == "poor"
    assert suspected(ALL, OURS, "bag-of-words").best is None


def test_a_label_that_is_doubted_by_both_is_shown_first_and_one_that_the_second_opinion_confirms_last() -> None:
    found = list(suspected().lines())
    # Means of 0.2 and 0.1, of 0.2 and 0.4; confirmed: of 0.1 and 0.7, of 0.15 and 0.7.
    assert [line["id"] for line in found] == ["positive-5", "negative-5", "negative-4", "positive-4"]
    assert found[0] == {
        "id": "positive-5",
        "split": "test",
        "text": "positive text 5",
        "label": "positive",
        "suggested": "negative",
        "probability": 0.2,
        "score": 1.5,
        "approaches": {"bag-of-words": 0.0, "poor": 0.0, "transformer": 0.1},
        "predicted_against": ["bag-of-words", "poor", "transformer"],
    }


def test_a_label_that_only_the_bag_of_words_can_judge_stands_between_them() -> None:
    ours = OURS.copy()
    ours[0] = [0.0, 1.0]  # a negative text of train, of which the bag of words is surer than of any other
    found = list(suspected(ALL, ours).lines())
    assert [line["id"] for line in found] == ["positive-5", "negative-5", "negative-0", "negative-4", "positive-4"]
    assert (found[2]["approaches"], found[2]["predicted_against"]) == ({}, [])


def test_without_a_second_opinion_the_least_probable_label_is_shown_first() -> None:
    found = list(suspected(ALL, OURS, "bag-of-words").lines())
    assert [line["probability"] for line in found] == [0.1, 0.15, 0.2, 0.2]


def test_the_summary_counts_who_is_suspected_and_tells_what_speaks_for_it() -> None:
    found = suspected().summary(SETTINGS)
    assert found["suspected"]["count"] == 4
    assert found["suspected"]["share"]["value"] == pytest.approx(1 / 3)
    assert found["suspected"]["by_label"] == {name: {"texts": 6, "suspected": 2} for name in NAMES}
    assert found["suspected"]["by_split"]["test"] == {"texts": 4, "suspected": 4}
    assert found["suspected"]["by_split"]["train"] == {"texts": 4, "suspected": 0}
    assert found["confident_joint"]["negative"] == {"negative": 4, "positive": 2}
    assert found["estimated_errors"]["value"] == pytest.approx(1 / 3)
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)
    assert found["absolute_grade"]["suspected"]["value"] == pytest.approx(0.75)
    assert found["absolute_grade"]["others"]["value"] == pytest.approx(2.5)
    assert found["absolute_grade"]["difference"]["high"] < 0
    against = found["second_opinion"]["predicts_against"]
    assert found["second_opinion"]["texts"] == {"suspected": 4, "others": 4}
    assert against["transformer"]["suspected"]["value"] == 0.5
    assert against["transformer"]["others"]["value"] == 0.0
    assert against["poor"]["others"]["value"] == 0.5


def test_texts_of_one_strength_are_counted_together() -> None:
    parts = suspected().summary(SETTINGS)["by_absolute_grade"]
    assert sum(part["texts"] for part in parts) == 12
    assert [part["suspected"]["value"] for part in parts] == [1.0, 1.0, 0.0]
    assert [(part["from"], part["to"]) for part in parts] == [(0.5, 0.5), (1.5, 1.5), (2.0, 3.0)]


def test_grades_that_say_another_thing_than_the_label_are_no_strength() -> None:
    rows = {split: [row(one.id, one.text, one.label, 3.5) for one in found] for split, found in CORPUS.items()}
    found = suspected(TaskTexts.of(rows, NAMES, keep_groups=False)).summary(SETTINGS)
    assert "absolute_grade" not in found
    assert "by_absolute_grade" not in found


def test_sound_labels_leave_nothing_to_show() -> None:
    sound = np.eye(2)[ALL.labels]
    found = suspected(ALL, sound)
    assert list(found.lines()) == []
    summary = found.summary(SETTINGS)
    assert summary["suspected"]["count"] == 0
    assert summary["second_opinion"]["predicts_against"] == {}
    assert "absolute_grade" not in summary


def test_texts_that_were_not_judged_are_left_out_of_every_count() -> None:
    ours = OURS.copy()
    ours[-1] = np.nan  # positive-5
    found = suspected(ALL, ours)
    assert [line["id"] for line in found.lines()] == ["negative-5", "negative-4", "positive-4"]
    assert found.summary(SETTINGS)["suspected"]["by_split"]["test"] == {"texts": 3, "suspected": 3}
