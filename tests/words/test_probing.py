import numpy as np
import pytest

from decortique.words.probing import balance, balanced_accuracy, predict, probe, probe_across_families

RANDOM = np.random.default_rng(0)
COUNT = 600
FORMS = [f"form{number}" for number in RANDOM.integers(6, size=COUNT)]
CLASSES = RANDOM.choice([0, 1, 1, -1], size=COUNT)
GROUPS = [f"group{number}" for number in RANDOM.integers(80, size=COUNT)]
STRENGTH = 10.0


def test_classes_are_balanced_for_each_form_in_each_fold() -> None:
    balanced = balance(FORMS, CLASSES, GROUPS, folds=5, seed=0)
    assert (CLASSES[balanced.indices] == balanced.classes).all()
    for form in set(FORMS):
        for fold in range(5):
            here = [
                index
                for index, of in enumerate(balanced.indices)
                if FORMS[of] == form and balanced.folds[index] == fold
            ]
            assert balanced.classes[here].sum() * 2 == len(here)
            assert balanced.shuffled[here].sum() * 2 == len(here)
    assert len(set(balanced.indices)) == len(balanced.indices) > 200


def test_no_group_is_in_two_folds() -> None:
    balanced = balance(FORMS, CLASSES, GROUPS, folds=5, seed=0)
    folds = {GROUPS[of]: set() for of in balanced.indices}  # type: ignore[var-annotated]
    for index, of in enumerate(balanced.indices):
        folds[GROUPS[of]].add(balanced.folds[index])
    assert all(len(several) == 1 for several in folds.values())


def test_a_constant_vector_has_an_accuracy_of_exactly_one_half() -> None:
    static = RANDOM.normal(size=(6, 20)).astype(np.float32)
    features = np.stack([static[int(form[-1])] for form in FORMS])
    right, shuffled = probe(features, balance(FORMS, CLASSES, GROUPS, folds=5, seed=0), ridge=STRENGTH)
    assert right.mean() == shuffled.mean() == 0.5


def test_a_signal_in_vectors_is_detected_and_shuffled_labels_are_not() -> None:
    signal = np.where(CLASSES == 1, 1.0, -1.0)[:, None] * np.linspace(0.1, 1, 20) + RANDOM.normal(size=(COUNT, 20))
    right, shuffled = probe(signal.astype(np.float32), balance(FORMS, CLASSES, GROUPS, folds=5, seed=0), ridge=STRENGTH)
    assert right.mean() > 0.9
    assert 0.4 < shuffled.mean() < 0.6


def test_many_columns_at_once_are_predicted_as_each_alone() -> None:
    features = RANDOM.normal(size=(100, 8))
    columns = RANDOM.integers(3, size=(100, 4))
    new = RANDOM.normal(size=(30, 8))
    together = predict(features, columns, new, classes=3, ridge=STRENGTH)
    for column in range(4):
        alone = predict(features, columns[:, [column]], new, classes=3, ridge=STRENGTH)
        assert together[:, column].tolist() == alone[:, 0].tolist()


def test_a_frequent_class_has_no_advantage() -> None:
    noise = RANDOM.normal(size=(1000, 5))
    classes = (np.arange(1000) < 900).astype(int)
    predicted = predict(noise, classes[:, None], RANDOM.normal(size=(1000, 5)), classes=2, ridge=STRENGTH)
    assert 0.3 < predicted.mean() < 0.7


FAMILIES = np.repeat(np.arange(6), 3)  # three forms each
OF_FAMILIES = np.array([0, 0, 0, 0, 1, 1])


def test_a_property_is_probed_on_unseen_word_families() -> None:
    direction = RANDOM.normal(size=30)
    signal = np.where(OF_FAMILIES == 1, 3.0, -3.0)[FAMILIES][:, None, None] * direction
    features = signal + RANDOM.normal(size=(18, 1, 30)) + RANDOM.normal(size=(18, 12, 30))
    right, permuted = probe_across_families(features, FAMILIES, OF_FAMILIES, ridge=STRENGTH, seed=0)
    assert balanced_accuracy(right, OF_FAMILIES) > 0.9
    assert len(permuted) == 15  # all ways to give two of six the second class
    assert permuted[0] == permuted.max()


def test_a_signal_that_only_separates_families_does_not_generalise() -> None:
    scores = []
    for _ in range(20):
        own = RANDOM.normal(size=(6, 1, 300))[FAMILIES] + 0.1 * RANDOM.normal(size=(18, 4, 300))
        right, permuted = probe_across_families(own, FAMILIES, OF_FAMILIES, ridge=STRENGTH, seed=0)
        scores.append(balanced_accuracy(right, OF_FAMILIES))
        assert permuted.std() > 0
    assert 0.3 < np.mean(scores) < 0.7


def test_many_families_have_many_distinct_permutations() -> None:
    classes = np.arange(10) % 2
    features = RANDOM.normal(size=(10, 2, 4))
    _, permuted = probe_across_families(features, np.arange(10), classes, ridge=STRENGTH, seed=0)
    assert 100 < len(permuted) <= 200


def test_few_families_with_many_assignments_are_permuted_at_random() -> None:
    classes = np.array([0, 0, 0, 1, 1, 1, 2, 2])  # 560 ways
    features = RANDOM.normal(size=(8, 2, 4))
    _, permuted = probe_across_families(features, np.arange(8), classes, ridge=STRENGTH, seed=0)
    _, others = probe_across_families(features, np.arange(8), classes, ridge=STRENGTH, seed=1)
    assert len(permuted) == len(others) == 200
    assert permuted[0] == others[0]  # as they are
    assert permuted.tolist() != others.tolist()


def test_a_single_group_can_be_balanced_but_not_probed() -> None:
    balanced = balance(FORMS, CLASSES, ["one group"] * COUNT, folds=5, seed=0)
    assert len(set(balanced.folds)) == 1
    assert balance([], np.empty(0, int), [], folds=5, seed=0).indices.tolist() == []


def test_balanced_accuracy_gives_classes_equal_weight() -> None:
    assert balanced_accuracy(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 0, 1])) == pytest.approx(0.5)
