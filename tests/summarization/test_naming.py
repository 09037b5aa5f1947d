from math import log, sqrt

import numpy as np
import pytest

from decortique.summarization.clustering import NONE, PRIOR, distinctive_terms

BATTERY = ["The battery lasts long", "A good battery", "Battery good", "this battery is weak", "battery!"]
SCREEN = ["The screen shines bright", "A good screen", "Screen good", "this screen is small", "screen!"]
TWO = np.repeat([0, 1], 5)


def test_a_cluster_is_named_by_its_distinctive_terms() -> None:
    terms = distinctive_terms([*BATTERY, *SCREEN], TWO, 1, "en")
    assert terms == {0: ["battery"], 1: ["screen"]}


def test_equally_frequent_terms_name_no_cluster() -> None:
    terms = distinctive_terms([*BATTERY, *SCREEN], TWO, 99, "en")
    assert "good" not in {word for named in terms.values() for term in named for word in term.split()}


def test_no_function_word_and_no_short_word_names_a_cluster() -> None:
    texts = ["il y a le film de la fin", "une note au piano", "le go va"]
    named = distinctive_terms(texts, np.array([0, 1, 2]), 99, "fr")
    assert {number: set(terms) for number, terms in named.items()} == {
        0: {"film", "fin"},
        1: {"note", "piano"},
        2: set(),
    }


def z_score(here: int, own: int, everywhere: int, total: int) -> float:
    """Return the z-score of equation 22 of Monroe, Colaresi & Quinn (2008), with equations 15 and 20."""
    prior, there, others = everywhere * PRIOR / total, everywhere - here, total - own
    odds = log((here + prior) / (own + PRIOR - here - prior)) - log((there + prior) / (others + PRIOR - there - prior))
    return odds / sqrt(1 / (here + prior) + 1 / (there + prior))


def test_the_strongest_term_matches_a_z_score_by_hand() -> None:
    # Of 16 words: `film` 5 times, once elsewhere; `plot` twice, nowhere else; `rare` once; `dull` 8 times, 5 elsewhere.
    here = {"film": 5, "plot": 2, "rare": 1, "dull": 8}
    texts = [word for word, count in here.items() for _ in range(count)] + ["film"] + ["dull"] * 5
    clusters = np.array([0] * 16 + [1] * 6)
    everywhere = {"film": 6, "plot": 2, "rare": 1, "dull": 13}
    scores = {word: z_score(count, 16, everywhere[word], 22) for word, count in here.items()}
    expected = sorted((word for word in scores if scores[word] > 0), key=lambda word: -scores[word])
    assert expected == ["plot", "film", "rare"]
    assert distinctive_terms(texts, clusters, 9, "en")[0] == expected


def test_a_word_counts_once_per_text() -> None:
    texts = ["spam " * 50 + "battery", "battery", "battery", "screen", "screen"]
    assert distinctive_terms(texts, np.array([0, 0, 0, 1, 1]), 1, "en")[0] == ["battery"]


def test_a_bigram_and_one_of_its_words_do_not_both_name_a_cluster() -> None:
    texts = ["battery life", "battery life", "battery life", "battery", "screen", "screen glare", "screen"]
    named = distinctive_terms(texts, np.array([0, 0, 0, 0, 1, 1, 1]), 5, "en")
    for terms in named.values():
        words = [word for term in terms for word in term.split()]
        assert len(words) == len(set(words))
    assert "battery" in {word for term in named[0] for word in term.split()}


def test_words_that_are_not_adjacent_make_no_bigram() -> None:
    texts = ["battery of life", "battery of life", "screen", "glare"]
    terms = distinctive_terms(texts, np.array([0, 0, 1, 1]), 5, "en")[0]
    assert sorted(terms) == ["battery", "life"]


def test_outliers_have_no_name_and_change_no_other() -> None:
    alone = ["battery battery", "screen"]
    clusters = np.array([*TWO, NONE, NONE])
    named = distinctive_terms([*BATTERY, *SCREEN, *alone], clusters, 3, "en")
    assert named == distinctive_terms([*BATTERY, *SCREEN], TWO, 3, "en")


def test_terms_are_limited_in_number_and_reproducible() -> None:
    texts = [f"word{number} other{number} third{number}" for number in range(9)] + ["screen"] * 3
    clusters = np.array([0] * 9 + [1] * 3)
    named = [distinctive_terms(texts, clusters, 4, "en") for _ in range(2)]
    assert len(named[0][0]) == 4
    assert named[0] == named[1]


@pytest.mark.parametrize("text", ["", "…", "it is the"])
def test_a_cluster_without_words_has_no_name(text: str) -> None:
    assert distinctive_terms([text, text], np.array([0, 0]), 3, "en") == {0: []}
    assert distinctive_terms([text, "film", "plot"], np.array([0, 1, 1]), 3, "en")[0] == []


@pytest.mark.parametrize("texts", [["Film."], ["A film!", "The film?"]])
def test_texts_with_a_single_word_are_named_by_it_at_most(texts: list[str]) -> None:
    """No other word can be less frequent than the only one."""
    assert distinctive_terms(texts, np.zeros(len(texts), int), 3, "en")[0] in ([], ["film"])
