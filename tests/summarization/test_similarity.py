from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from decortique.data.text import forms
from decortique.summarization import choosing as module
from decortique.summarization.choosing import SentenceSimilarity, f1_of_words, word_sets, words_of
from decortique.summarization.vectors import Vectors, dense, tfidf
from tests.summarization.made_summaries import FRENCH, REVIEWS, scorer

WEIGHTS = [0.0, 0.3, 1.0]
# Repeats, and sentences without words, some of them without any.
TEXTS = [*REVIEWS, REVIEWS[0], "...", "It is the", REVIEWS[3].upper(), ""]


def f1(first: str, second: str) -> float:
    """Return ROUGE-1 of two texts, each word counted once."""
    one, other = set(forms(first)), set(forms(second))
    return 2 * len(one & other) / max(len(one) + len(other), 1)


def alike(texts: list[str], vectors: Vectors, weight: float, first: int, second: int) -> float:
    cosine = float(dense(vectors)[first] @ dense(vectors)[second])
    return (1 - weight) * cosine + weight * f1(texts[first], texts[second])


def test_the_f1_of_words_matches_a_calculation_by_hand() -> None:
    # {the, battery, lasts, two, days} and {a, battery, that, lasts, for, days}: 3 words of 5 and of 6.
    assert f1(REVIEWS[0], REVIEWS[2]) == pytest.approx(2 * (3 / 5) * (3 / 6) / (3 / 5 + 3 / 6))
    assert f1_of_words(np.array([3.0, 0, 2]), np.array([5.0, 0, 2]), np.array([6.0, 0, 2])) == pytest.approx(
        [2 * 3 / 11, 0, 1]
    )


def test_a_word_counts_once_per_text_in_any_case() -> None:
    words = word_sets(["Dark, dark: DARK screen", "été", "..."])
    assert words.sum(axis=1).ravel().tolist() == [[2, 1, 0]]
    assert words_of(words, [0, 1]).tolist() == words_of(words, [0, 1, 0, 2]).tolist() == [1, 1, 1]
    assert words_of(words, []).tolist() == [0, 0, 0]
    assert word_sets(["...", ""]).shape[0] == 2
    assert word_sets(["...", ""]).sum() == 0


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("sparse", [True, False])
def test_the_mean_similarity_covers_all_sentences(weight: float, *, sparse: bool) -> None:
    vectors = tfidf(TEXTS, "en") if sparse else dense(tfidf(TEXTS, "en"))
    members = np.array([0, 2, 3, 1, 12, 13, 14, 15, 16])
    expected = [np.mean([alike(TEXTS, vectors, weight, one, other) for other in members]) for one in members]
    np.testing.assert_allclose(SentenceSimilarity(TEXTS, vectors, weight).mean(members), expected, atol=1e-6)


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("sparse", [True, False])
def test_similarity_to_the_nearest_is_that_of_the_most_similar(weight: float, *, sparse: bool) -> None:
    vectors = tfidf(TEXTS, "en") if sparse else dense(tfidf(TEXTS, "en"))
    members, others = np.arange(len(TEXTS)), [3, 13, 1]
    expected = [max(alike(TEXTS, vectors, weight, one, other) for other in others) for one in members.tolist()]
    np.testing.assert_allclose(
        SentenceSimilarity(TEXTS, vectors, weight).to_nearest(members, others), expected, atol=1e-6
    )


@pytest.mark.parametrize("texts", [TEXTS, FRENCH, ["...", "!"], ["one sentence"], ["same"] * 3])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(("weight", "measure"), [(0.0, "coverage"), (1.0, "shared_words")])
def test_sentences_are_chosen_by_the_similarity_that_rates_summaries(
    texts: list[str], weight: float, measure: str, *, sparse: bool
) -> None:
    rated = scorer(texts)
    similarity = SentenceSimilarity(texts, csr_matrix(rated.vectors) if sparse else rated.vectors, weight)
    members = np.arange(len(texts))
    for others in ([], [0], [len(texts) - 1, 0]):
        expected = [rated.score([*others, member])[measure] for member in members.tolist()]
        np.testing.assert_allclose(similarity.coverage(members, others), expected, atol=1e-6)


def test_an_intermediate_weight_mixes_words_and_vectors() -> None:
    vectors, members = tfidf(REVIEWS, "en"), np.arange(len(REVIEWS))
    near, wording, both = (
        SentenceSimilarity(REVIEWS, vectors, weight).coverage(members, [1]) for weight in (0.0, 1.0, 0.3)
    )
    np.testing.assert_allclose(both, 0.7 * near + 0.3 * wording, atol=1e-6)


def test_a_repeated_sentence_adds_no_coverage() -> None:
    similarity = SentenceSimilarity(TEXTS, tfidf(TEXTS, "en"), 0.5)
    alone, again = similarity.coverage(np.array([0, 3]), []), similarity.coverage(np.array([12, 15]), [0, 3])
    assert again == pytest.approx([similarity.coverage(np.array([3]), [0])[0]] * 2)
    assert (again > alone).all()


@pytest.mark.parametrize("rows", [1, 3, 5_000])
def test_similarity_does_not_depend_on_the_batch_size(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    whole = SentenceSimilarity(TEXTS, tfidf(TEXTS, "en"), 0.5).mean(np.arange(len(TEXTS)))
    monkeypatch.setattr(module, "ROWS", rows)
    np.testing.assert_array_equal(SentenceSimilarity(TEXTS, tfidf(TEXTS, "en"), 0.5).mean(np.arange(len(TEXTS))), whole)


def test_a_sample_across_the_text_represents_many_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["battery", "screen", "price", "sound"]
    pairs = list(product(words, repeat=2))
    texts = [" ".join(pairs[index]) for index in np.random.default_rng(0).integers(len(pairs), size=400)]
    vectors, members = tfidf(texts, "en"), np.arange(len(texts))
    exact = SentenceSimilarity(texts, vectors, 0.5)
    agreement, worth = exact.mean(members), exact.coverage(members, [0])
    monkeypatch.setattr(module, "PEERS", 100)
    similarity = SentenceSimilarity(texts, vectors, 0.5)
    assert (similarity.peers[0], similarity.peers[-1], len(set(similarity.peers.tolist()))) == (0, len(texts) - 1, 100)
    np.testing.assert_allclose(similarity.mean(members), agreement, atol=0.05)
    np.testing.assert_allclose(similarity.coverage(members, [0]), worth, atol=0.05)
