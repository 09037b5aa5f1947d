from collections.abc import Iterable

import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.diagnosis.near_duplicates import TaskTexts, near_pairs
from decortique.diagnosis.suspected_labels import linked_groups, out_of_fold_probability, split_folds
from tests.diagnosis.made_auditing import CANDIDATE, NAMES, row


def task_texts(rows: Iterable[Row], *, keep_groups: bool = False) -> TaskTexts:
    return TaskTexts.of({"train": list(rows), "validation": [], "test": []}, NAMES, keep_groups=keep_groups)


def judged(
    texts: TaskTexts, folds: list[np.ndarray], labels: np.ndarray | None = None, kind: str = "naive_bayes"
) -> np.ndarray:
    candidate = CANDIDATE.model_copy(update={"classifier": kind})
    return out_of_fold_probability(
        texts, texts.labels if labels is None else labels, folds, candidate, "en", lambda _: None
    )


def test_near_duplicates_are_never_in_different_folds() -> None:
    texts = ["one two three four", "one two three five", "one two seven five", "elsewhere", "another thing"]
    corpus = {"train": [row(str(at), text) for at, text in enumerate(texts)], "validation": [], "test": []}
    corpus["transfer-far"] = [row("far", "elsewhere")]
    together = linked_groups(task_texts(corpus["train"]), near_pairs(corpus, 0.4))
    # The first and the third share too little, and are linked by the second.
    assert len(set(together[:3])) == 1
    assert len(set(together)) == 3


def test_folds_keep_whole_groups_where_the_task_does() -> None:
    rows = [row("a", "Thank you.", group="x"), row("b", "Thank you.", group="y"), row("c", "So.", group="x")]
    texts = task_texts(rows, keep_groups=True)
    pairs = near_pairs({"train": rows}, 0.6)
    assert linked_groups(texts, pairs).tolist() == [0, 1, 0]


def test_each_text_is_in_one_fold_with_its_group_and_labels_are_balanced() -> None:
    labels, groups = np.arange(60) % 2, np.arange(60) // 4
    folds = split_folds(labels, groups, 5, seed=0)
    assert sorted(np.concatenate(folds).tolist()) == list(range(60))
    for fold in folds:
        assert labels[fold].mean() == 0.5
        assert not set(groups[fold]) & {group for other in folds if other is not fold for group in groups[other]}
    assert [fold.tolist() for fold in split_folds(labels, groups, 5, seed=0)] == [fold.tolist() for fold in folds]
    assert [fold.tolist() for fold in split_folds(labels, groups, 5, seed=1)] != [fold.tolist() for fold in folds]


def test_with_fewer_groups_than_folds_each_group_is_a_fold() -> None:
    folds = split_folds(np.arange(12) % 2, np.arange(12) // 4, 5, seed=0)
    assert sorted(fold.tolist() for fold in folds) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_the_error_about_too_few_texts_for_the_folds_names_the_setting() -> None:
    with pytest.raises(StageError, match=r"4 labelled texts cannot be split into 4 folds .* lower audit\.folds"):
        split_folds(np.arange(4) % 2, np.arange(4), 5, seed=0)


WORDS = task_texts(
    row(str(at), text, label)
    for at, (text, label) in enumerate([("good film", "positive"), ("bad film", "negative")] * 4)
)
HALVES = [np.arange(4), np.arange(4, 8)]


def test_the_label_of_a_text_does_not_influence_its_own_prediction() -> None:
    before = judged(WORDS, HALVES)
    labels = WORDS.labels.copy()
    labels[0] = 0
    after = judged(WORDS, HALVES, labels)
    np.testing.assert_array_equal(after[HALVES[0]], before[HALVES[0]])
    assert not np.allclose(after[HALVES[1]], before[HALVES[1]])
    assert (before.argmax(axis=1) == WORDS.labels).all()


def test_a_fold_model_trained_without_a_label_is_not_used_for_it() -> None:
    """Without the second fold, there is no positive text to train on."""
    negative_first = [np.array([1, 3, 5]), np.array([0, 2, 4, 6, 7])]
    probability = judged(WORDS, negative_first)
    assert np.isfinite(probability[negative_first[0]]).all()
    assert np.isnan(probability[negative_first[1]]).all()


def test_folds_that_leave_one_label_to_train_on_are_refused() -> None:
    by_label = [np.arange(0, 8, 2), np.arange(1, 8, 2)]
    with pytest.raises(StageError, match=r"no label can be doubted, .* audit\.folds or audit\.seed"):
        judged(WORDS, by_label)


def test_a_linear_svm_is_calibrated_on_texts_it_is_not_trained_on() -> None:
    rows = list(WORDS.rows)
    texts = TaskTexts.of(
        {"train": rows[:4], "validation": rows[4:], "test": [row("t", "good plot", "positive")]},
        NAMES,
        keep_groups=False,
    )
    probability = judged(texts, [np.array([8]), np.array([0, 1])], kind="linear_svm")
    assert probability[8, 1] > 0.5
    assert np.isfinite(probability[[0, 1]]).all()
