from collections import Counter

from decortique.words.corpus import CONTENT_WORDS, PRONOUNS, STOP_WORDS, choose_words, match_by_frequency
from decortique.words.settings import Pronouns

COUNTS = {
    "it": 1000,
    "she": 100,
    "we": 50,
    "hers": 3,
    "the": 2000,
    "and": 110,
    "of": 52,
    "with": 4,
    "film": 105,
    "story": 95,
    "plot": 51,
    "day": 49,
    "actor": 10,
    "3d": 100,
    "don't": 100,
}
SPELLINGS = {word: Counter({word.capitalize(): count // 3, word: count - count // 3}) for word, count in COUNTS.items()}


def settings(**changes: int) -> Pronouns:
    few = {"stop_words": 10, "occurrences": 10, "random_words": 40, "max_words": 20, "probe_occurrences": 40}
    return Pronouns.model_validate({**few, "folds": 3, "ridge": 1.0, "seed": 0, **changes})


def test_words_are_compared_with_content_words_of_similar_frequency() -> None:
    studied = choose_words(SPELLINGS, ["it", "she", "we", "hers"], "en", settings())
    assert studied.groups[PRONOUNS] == ["it", "she", "we"]
    assert studied.groups[STOP_WORDS] == ["the", "and", "of"]
    assert studied.matched == {"and": "film", "she": "story", "of": "plot", "we": "day"}
    assert set(studied.groups[CONTENT_WORDS]) == {"film", "story", "plot", "day"}
    assert studied.spelled["the"] == "the"
    assert studied.counts["the"] == 2000


def test_a_word_is_used_in_its_most_frequent_spelling() -> None:
    spellings = {"i": Counter({"I": 50, "i": 3}), "the": Counter({"the": 30, "The": 30})}
    assert choose_words(spellings, ["i"], "en", settings()).spelled == {"i": "I", "the": "The"}


def test_stop_words_are_sampled_by_the_seed() -> None:
    sampled = {
        tuple(choose_words(SPELLINGS, ["it"], "en", settings(stop_words=2, seed=seed)).groups[STOP_WORDS])
        for seed in range(20)
    }
    assert {word for words in sampled for word in words} <= {"the", "and", "of", "she", "we"}
    assert len(sampled) > 1


def test_a_word_without_a_match_of_similar_frequency_is_compared_with_none() -> None:
    assert match_by_frequency(["the"], ["film"], COUNTS) == {}
    assert match_by_frequency(["and", "she"], ["film"], COUNTS) == {"and": "film"}
    assert match_by_frequency(["and"], [], COUNTS) == {}
