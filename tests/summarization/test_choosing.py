from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from decortique.data.corpus import fingerprint
from decortique.data.text import forms
from decortique.summarization.choosing import Budget, SentenceSimilarity, Summary, choose_sentences
from decortique.summarization.clustering import NONE
from decortique.summarization.vectors import tfidf
from tests.summarization.made_summaries import BATTERY, FRENCH, PRICE, REVIEWS, SCREEN, summarizer, summary

METHODS = ["kmeans", "agglomerative", "hdbscan"]
LONG = "and so on " * 200 + "battery lasts."
# Repeated in capitals, empty, longer than any budget, and in another language.
MANY = [*REVIEWS, LONG, REVIEWS[0].upper(), "...", "?!", REVIEWS[1], *FRENCH, "Battery: lasts!", "the battery lasts"]
BUDGETS = [Budget(1), Budget(3), Budget(5, 30), Budget(None, 12), Budget(None, 100), Budget(99)]
TEXTS = {
    "reviews": MANY,
    "French": FRENCH,
    "all alike": ["The same.", "the same", "THE SAME!"] * 4,
    "nothing said": ["...", "?!", "...", ":)"],
    "one": ["The battery lasts two days."],
    "nothing like another": ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"],
    "one long": [LONG, *PRICE],
}


def words(texts: list[str], chosen: Summary) -> int:
    return sum(len(forms(texts[index])) for index in chosen.indices)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("redundancy", [0.0, 1.0])
@pytest.mark.parametrize("per_sentence", [1, 2, None])
def test_summaries_keep_budget_and_text_order_and_repeat_nothing(
    name: str, method: str, redundancy: float, per_sentence: int | None
) -> None:
    texts = TEXTS[name]
    for budget in BUDGETS:
        chosen = summary(texts, budget, method=method, redundancy=redundancy, per_sentence=per_sentence)
        assert len(chosen.indices) <= (budget.sentences or len(texts))
        assert words(texts, chosen) <= (budget.words or 99_999)
        assert all(first < second for first, second in pairwise(chosen.indices))
        assert len({fingerprint(texts[index]) for index in chosen.indices}) == len(chosen.indices)
        for one in chosen.chosen:
            assert chosen.clusters[one.index] == one.cluster != NONE
            assert one.size == (chosen.clusters == one.cluster).sum()


@pytest.mark.parametrize("method", METHODS)
def test_a_summary_is_reproducible(method: str) -> None:
    one, other = (summary(list(MANY), Budget(4), method=method, per_sentence=2) for _ in range(2))
    assert one.chosen == other.chosen
    assert one.clusters.tolist() == other.clusters.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_each_topic_is_represented(method: str) -> None:
    chosen = summary(REVIEWS, Budget(3), method=method)
    for topic in (BATTERY, SCREEN, PRICE):
        assert sum(REVIEWS[index] in topic for index in chosen.indices) == 1
    assert [one.size for one in chosen.chosen] == [
        next(len(topic) for topic in (BATTERY, SCREEN, PRICE) if REVIEWS[index] in topic) for index in chosen.indices
    ]


@pytest.mark.parametrize("method", METHODS)
def test_the_largest_cluster_is_represented_first(method: str) -> None:
    chosen = summary(REVIEWS, Budget(1), method=method, per_sentence=3)
    (one,) = chosen.chosen
    assert REVIEWS[one.index] in BATTERY
    assert one.size == len(BATTERY)
    chosen = summary(REVIEWS, Budget(2), method=method, per_sentence=None, candidates=[3])
    assert [REVIEWS[index] in PRICE for index in chosen.indices] == [False, False]


def test_the_earlier_of_two_equally_large_clusters_is_represented() -> None:
    for texts in ([*SCREEN, *BATTERY[:4]], [*BATTERY[:4], *SCREEN]):
        (one,) = summary(texts, Budget(1), per_sentence=2).chosen
        assert one.index < 4


def test_one_sentence_is_its_own_summary() -> None:
    for method in METHODS:
        chosen = summary(["The battery lasts two days."], Budget(5), method=method, per_sentence=None)
        assert chosen.indices == [0]


@pytest.mark.parametrize("method", METHODS)
def test_identical_sentences_appear_once_and_represent_all(method: str) -> None:
    (one,) = summary(["The same.", "the same", "THE SAME!"] * 4, Budget(3), method=method).chosen
    assert one.size == 12


@pytest.mark.parametrize("method", METHODS)
def test_without_sentences_the_summary_is_empty(method: str) -> None:
    chosen = choose_sentences([], np.empty((0, 3), np.float32), Budget(3), summarizer(method=method), [2, 3])
    assert (chosen.chosen, chosen.clusters.tolist()) == ([], [])


@pytest.mark.parametrize("method", METHODS)
def test_dissimilar_sentences_still_have_a_summary(method: str) -> None:
    texts = TEXTS["nothing like another"]
    chosen = summary(texts, Budget(3), method=method)
    assert len(chosen.indices) == 3
    if method == "hdbscan":
        assert chosen.clusters.tolist() == [0] * 6


@pytest.mark.parametrize("method", ["kmeans", "agglomerative"])
@pytest.mark.parametrize("per_sentence", [1, None])
def test_a_budget_beyond_the_text_takes_every_sentence(method: str, per_sentence: int | None) -> None:
    chosen = summary(MANY, Budget(99), method=method, per_sentence=per_sentence)
    prints = [fingerprint(MANY[index]) for index in chosen.indices]
    assert sorted(prints) == sorted({fingerprint(text) for text in MANY})


def test_a_too_long_sentence_is_skipped_for_one_that_fits() -> None:
    texts = [LONG, *[f"{LONG} {number}" for number in range(5)], "The battery lasts."]
    assert summary(texts, Budget(None, 10)).indices == [6]
    assert summary(texts, Budget(3, 10)).indices == [6]
    assert summary(texts, Budget(None, 2)).indices == []  # not even the short one fits


@pytest.mark.parametrize("limit", [3, 8, 20, 40])
def test_the_word_budget_is_used_as_far_as_sentences_fit(limit: int) -> None:
    chosen = summary(REVIEWS, Budget(None, limit))
    assert 0 < words(REVIEWS, chosen) <= limit
    assert words(REVIEWS, chosen) > limit - 10


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (Budget(3), 3),
        (Budget(99), 4),
        (Budget(None, 10), 2),  # of five words each
        (Budget(None, 2), 1),
        (Budget(1, 10), 1),
        (Budget(None, 1000), 4),
        (Budget(), 1),
    ],
)
def test_a_budget_gives_the_number_of_sentences_that_fit(budget: Budget, expected: int) -> None:
    assert budget.expected(
        ["one two three four five"] * 2 + ["one", "one two three four five six seven eight nine"]
    ) == (expected)
    assert budget.expected(["..."]) == 1


def test_a_redundancy_penalty_chooses_dissimilar_sentences() -> None:
    texts = [*BATTERY, PRICE[0]]
    one_cluster: dict[str, Any] = {"per_sentence": None, "candidates": [99]}
    freely, unlike = (summary(texts, Budget(2), redundancy=weight, **one_cluster) for weight in (0.0, 1.0))
    assert 6 in unlike.indices
    assert 6 not in freely.indices
    similarity = SentenceSimilarity(texts, tfidf(texts, "en"), 0.5)
    first, second = unlike.indices
    assert similarity.to_nearest(np.arange(7), [first])[second] == pytest.approx(
        similarity.to_nearest(np.arange(7), [first]).min()
    )


def test_redundancy_falls_as_its_weight_grows() -> None:
    vectors = tfidf(MANY, "en")
    similarity = SentenceSimilarity(MANY, vectors, 0.5)
    similarities = []
    for weight in (0.0, 0.5, 1.0):
        indices = summary(MANY, Budget(4), redundancy=weight, per_sentence=None, candidates=[99]).indices
        similarities.append(
            np.mean([similarity.to_nearest(np.array([one]), sorted({*indices} - {one}))[0] for one in indices])
        )
    assert similarities[0] > similarities[1] >= similarities[2]


@pytest.mark.parametrize("words_weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("per_sentence", [1, 2])
def test_each_chosen_sentence_is_the_best_of_its_cluster(words_weight: float, per_sentence: int) -> None:
    chosen = summary(MANY, Budget(4), word_weight=words_weight, per_sentence=per_sentence)
    coverage = SentenceSimilarity(MANY, tfidf(MANY, "en"), words_weight).coverage
    for one in chosen.chosen:
        others = [index for index in chosen.indices if index != one.index]
        taken = {fingerprint(MANY[index]) for index in others}
        members = np.flatnonzero(chosen.clusters == one.cluster)
        allowed = np.array([index for index in members if fingerprint(MANY[index]) not in taken])
        assert coverage(np.array([one.index]), others)[0] >= coverage(allowed, others).max() - 1e-6


def test_a_summary_covers_more_than_most_random_ones() -> None:
    coverage, random = SentenceSimilarity(REVIEWS, tfidf(REVIEWS, "en"), 0.5).coverage, np.random.default_rng(0)
    draws = [random.permutation(len(REVIEWS))[:3].tolist() for _ in range(200)]
    ours = summary(REVIEWS, Budget(3)).indices
    assert coverage(np.array(ours[:1]), ours[1:])[0] >= np.quantile(
        [coverage(np.array(draw[:1]), draw[1:])[0] for draw in draws], 0.95
    )


def test_multilingual_vectors_cluster_two_languages_by_meaning() -> None:
    texts = ["The battery lasts.", "La batterie tient.", "The screen is dark.", "L'écran est sombre.", "Good battery."]
    angles = np.array([0.0, 0.1, 1.5, 1.6, 0.05])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    for method in METHODS:
        chosen = choose_sentences(texts, vectors, Budget(2), summarizer(method=method, word_weight=0.5), [2, 3])
        assert {one.size: one.index in {2, 3} for one in chosen.chosen} == {3: False, 2: True}
