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
        for at in range(6)[indices]
    ]
    for split, indices in SPLITS.items()
}
ALL = TaskTexts.of(CORPUS, NAMES, keep_groups=False)
PROBABILITY = np.array([LAST[label][at] for indices in SPLITS.values() for label in NAMES for at in range(6)[indices]])
OURS = np.column_stack([1 - PROBABILITY, PROBABILITY])
# Rows of validation and of test: two negative, two positive ones. The first of each pair is confirmed in test.
OUTPUTS = {
    "bag-of-words": {"validation": predicted([0, 0, 1, 1]), "test": predicted([1, 1, 0, 0])},
    "poor": {"validation": predicted([0, 1, 1, 0]), "test": predicted([0, 0, 0, 0])},
    "transformer": {"validation": predicted([0.1, 0.1, 0.9, 0.9]), "test": predicted([0.3, 0.6, 0.7, 0.1])},
}


def suspected(texts: TaskTexts = ALL, ours: np.ndarray = OURS, *approaches: str) -> SuspectedLabels:
    outputs = {name: OUTPUTS[name] for name in approaches or OUTPUTS}
    return SuspectedLabels.of(texts, ours, outputs)


def test_the_second_opinion_is_the_best_on_validation_except_bag_of_words() -> None:
    assert suspected().best == "transformer"
    assert suspected(ALL, OURS, "bag-of-words", "poor").best == "poor"
    assert suspected(ALL, OURS, "bag-of-words").best is None


def test_a_stack_which_holds_the_bag_of_words_is_no_second_opinion() -> None:
    outputs = {"poor": OUTPUTS["poor"], "stacked": OUTPUTS["transformer"]}
    assert SuspectedLabels.of(ALL, OURS, outputs).best == "poor"


def test_labels_doubted_by_both_come_first_and_confirmed_ones_last() -> None:
    lines = list(suspected().lines())
    # Means of 0.2 and 0.1, of 0.2 and 0.4; confirmed: of 0.1 and 0.7, of 0.15 and 0.7.
    assert [line["id"] for line in lines] == ["positive-5", "negative-5", "negative-4", "positive-4"]
    assert lines[0] == {
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


def test_a_label_judged_only_by_the_bag_of_words_is_ranked_in_between() -> None:
    ours = OURS.copy()
    ours[0] = [0.0, 1.0]  # a negative text of train, of which the bag of words is the surest
    lines = list(suspected(ALL, ours).lines())
    assert [line["id"] for line in lines] == ["positive-5", "negative-5", "negative-0", "negative-4", "positive-4"]
    assert (lines[2]["approaches"], lines[2]["predicted_against"]) == ({}, [])


def test_without_a_second_opinion_the_least_probable_label_is_shown_first() -> None:
    lines = list(suspected(ALL, OURS, "bag-of-words").lines())
    assert [line["probability"] for line in lines] == [0.1, 0.15, 0.2, 0.2]


def test_the_summary_counts_suspected_labels_with_their_evidence() -> None:
    result = suspected().summary(SETTINGS)
    assert result["suspected"]["count"] == 4
    assert result["suspected"]["share"]["value"] == pytest.approx(1 / 3)
    assert result["suspected"]["by_label"] == {name: {"texts": 6, "suspected": 2} for name in NAMES}
    assert result["suspected"]["by_split"]["test"] == {"texts": 4, "suspected": 4}
    assert result["suspected"]["by_split"]["train"] == {"texts": 4, "suspected": 0}
    assert result["confident_joint"]["negative"] == {"negative": 4, "positive": 2}
    assert result["estimated_errors"]["value"] == pytest.approx(1 / 3)
    assert result["accuracy"]["value"] == pytest.approx(2 / 3)
    assert result["absolute_grade"]["suspected"]["value"] == pytest.approx(0.75)
    assert result["absolute_grade"]["others"]["value"] == pytest.approx(2.5)
    assert result["absolute_grade"]["difference"]["high"] < 0
    against = result["second_opinion"]["predicts_against"]
    assert result["second_opinion"]["texts"] == {"suspected": 4, "others": 4}
    assert against["transformer"]["suspected"]["value"] == 0.5
    assert against["transformer"]["others"]["value"] == 0.0
    assert against["poor"]["others"]["value"] == 0.5


def test_texts_with_the_same_absolute_grade_are_counted_together() -> None:
    parts = suspected().summary(SETTINGS)["by_absolute_grade"]
    assert sum(part["texts"] for part in parts) == 12
    assert [part["suspected"]["value"] for part in parts] == [1.0, 1.0, 0.0]
    assert [(part["from"], part["to"]) for part in parts] == [(0.5, 0.5), (1.5, 1.5), (2.0, 3.0)]


def test_grades_that_contradict_the_labels_are_not_used_as_strength() -> None:
    rows = {split: [row(one.id, one.text, one.label, 3.5) for one in several] for split, several in CORPUS.items()}
    result = suspected(TaskTexts.of(rows, NAMES, keep_groups=False)).summary(SETTINGS)
    assert "absolute_grade" not in result
    assert "by_absolute_grade" not in result


def test_correct_labels_leave_nothing_to_show() -> None:
    sound = np.eye(2)[ALL.labels]
    result = suspected(ALL, sound)
    assert list(result.lines()) == []
    summary = result.summary(SETTINGS)
    assert summary["suspected"]["count"] == 0
    assert summary["second_opinion"]["predicts_against"] == {}
    assert "absolute_grade" not in summary


def test_texts_that_were_not_judged_are_left_out_of_every_count() -> None:
    ours = OURS.copy()
    ours[-1] = np.nan  # positive-5
    result = suspected(ALL, ours)
    assert [line["id"] for line in result.lines()] == ["negative-5", "negative-4", "positive-4"]
    assert result.summary(SETTINGS)["suspected"]["by_split"]["test"] == {"texts": 3, "suspected": 3}
