from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from decortique.evaluation.decoding import best_path, forward_backward

Path = tuple[int, ...]
Chain = tuple[np.ndarray, np.ndarray, np.ndarray]


def chain(texts: int, classes: int, seed: int) -> Chain:
    """Return evidence, start and transitions of a stream in which every step has its own probabilities."""
    random = np.random.default_rng(seed)
    start = np.log(random.dirichlet(np.ones(classes)))
    changes = np.log(random.dirichlet(np.ones(classes), size=(texts - 1, classes)))
    return random.normal(0, 2, (texts, classes)), start, changes


def weighed(evidence: np.ndarray, start: np.ndarray, changes: np.ndarray) -> Iterator[tuple[float, Path]]:
    """Yield the log-weight of every path."""
    texts, classes = evidence.shape
    for path in product(range(classes), repeat=texts):
        steps = sum(changes[step][path[step], path[step + 1]] for step in range(texts - 1))
        yield float(start[path[0]] + steps + sum(evidence[index, one] for index, one in enumerate(path))), path


CASES = [(texts, classes, seed) for texts in (1, 2, 5, 7) for classes in (2, 3) for seed in range(3)]


@pytest.mark.parametrize(("texts", "classes", "seed"), CASES)
def test_the_best_path_is_the_likeliest(texts: int, classes: int, seed: int) -> None:
    given = chain(texts, classes, seed)
    assert tuple(best_path(*given).tolist()) == max(weighed(*given))[1]


@pytest.mark.parametrize(("texts", "classes", "seed"), CASES)
def test_class_probabilities_sum_over_all_paths(texts: int, classes: int, seed: int) -> None:
    given = chain(texts, classes, seed)
    expected = np.zeros((texts, classes))
    for weight, path in weighed(*given):
        expected[np.arange(texts), path] += np.exp(weight)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(forward_backward(*given), expected, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_ties_between_paths_go_to_the_lower_classes(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    evidence, start = random.integers(2, size=(5, classes)) * 1.0, np.zeros(classes)
    changes = random.integers(2, size=(4, classes, classes)) * 1.0  # whole numbers, so that sums are equal exactly
    ranked = list(weighed(evidence, start, changes))
    best = [path for weight, path in ranked if weight == max(ranked)[0]]
    # Predicted from the end: the last text is of the lowest class, then the one before it, …
    assert tuple(best_path(evidence, start, changes).tolist()) == min(best, key=lambda path: path[::-1])


def test_texts_without_evidence_keep_the_first_class() -> None:
    assert best_path(np.zeros((4, 3)), np.zeros(3), np.zeros((3, 3, 3))).tolist() == [0, 0, 0, 0]


def test_an_uncertain_text_is_predicted_like_its_certain_neighbours() -> None:
    evidence = np.log([[0.1, 0.9], [0.1, 0.9], [0.6, 0.4], [0.1, 0.9], [0.1, 0.9]])
    changes = np.log(np.tile([[0.9, 0.1], [0.1, 0.9]], (4, 1, 1)))
    assert best_path(evidence, np.log([0.5, 0.5]), changes).tolist() == [1] * 5
    assert forward_backward(evidence, np.log([0.5, 0.5]), changes)[2, 1] > 0.9


def test_a_stream_of_thousands_of_texts_does_not_underflow() -> None:
    evidence = np.tile([0.0, -3.0], (5000, 1))
    evidence[2000:2100] = [-3.0, 0.0]
    changes = np.log(np.tile([[0.99, 0.01], [0.01, 0.99]], (4999, 1, 1)))
    posterior = forward_backward(evidence, np.log([0.5, 0.5]), changes)
    assert np.flatnonzero(best_path(evidence, np.log([0.5, 0.5]), changes)).tolist() == list(range(2000, 2100))
    assert np.flatnonzero(posterior[:, 1] > 0.5).tolist() == list(range(2000, 2100))
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
