import numpy as np
import pytest

from decortique.words import similarity as judging
from decortique.words.similarity import Judgment, agreement
from tests.words.made_representations import BOOTSTRAP

ANGLES = {"a": 0.0, "b": 0.2, "c": 0.6, "d": 1.2}
PLANE = {word: np.array([np.cos(angle), np.sin(angle)]) for word, angle in ANGLES.items()}
WORDS = list(ANGLES)
JUDGMENTS = [
    Judgment(one, other, 10 - 5 * abs(ANGLES[one] - ANGLES[other]))
    for index, one in enumerate(WORDS)
    for other in WORDS[index + 1 :]
]


@pytest.fixture(autouse=True)
def few_pairs_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MIN_PAIRS", 2)


def test_vectors_that_agree_with_people_correlate_with_them() -> None:
    turned = {word: np.array([np.cos(5 * angle), np.sin(5 * angle)]) for word, angle in ANGLES.items()}
    result = agreement(JUDGMENTS, {"word2vec": turned, "glove": PLANE}, BOOTSTRAP)
    assert result["vectors"]["glove"]["spearman"]["value"] == pytest.approx(1.0)
    assert result["vectors"]["word2vec"]["spearman"]["value"] < 1.0
    difference = result["vectors"]["glove"]["versus_word2vec"]["value"]
    assert difference == pytest.approx(1 - result["vectors"]["word2vec"]["common"]["value"])


def test_a_word_without_vector_lowers_coverage_but_not_correlation() -> None:
    without = {word: vector for word, vector in PLANE.items() if word != "d"}
    result = agreement(JUDGMENTS, {"word2vec": without, "glove": PLANE}, BOOTSTRAP)
    assert (result["pairs"], result["covered_by_all"]) == (6, 3)
    assert result["vectors"]["word2vec"]["coverage"] == 0.5
    assert result["vectors"]["word2vec"]["spearman"]["value"] == pytest.approx(1.0)
    assert result["vectors"]["glove"]["coverage"] == 1.0
