from itertools import combinations

import numpy as np
import pytest

from decortique.data.corpus import fingerprint, near_duplicates

FILM = "the film is good and the plot is thin"  # 9 words, 10 pairs of neighbours, all different
WORDS = np.array(["a", "b", "c", "d", "e", "f", "g", "h"])


def find_pairs(texts: list[str], least: float) -> dict[tuple[int, int], float]:
    pairs = list(near_duplicates(texts, least))
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    return {(first, second): similarity for first, second, similarity in pairs}


def similarity(first: str, second: str) -> float:
    one, other = (
        {tuple(words[at : at + 2]) for at in range(len(words) - 1)}
        for words in (["<", *fingerprint(text).split(" "), ">"] for text in (first, second))
    )
    return len(one & other) / len(one | other)


def test_a_text_with_one_word_changed_is_a_near_duplicate() -> None:
    """8 of 10 pairs of either text are shared, of 12 there are."""
    assert find_pairs([FILM, "something else", FILM.replace("thin", "thick")], 0.6) == {(0, 2): pytest.approx(8 / 12)}


def test_a_pair_at_the_threshold_is_found_and_one_below_is_not() -> None:
    texts = ["a b c d", "a b c e"]  # "a b c" with its begin: 3 of 5 and 5, of 7
    assert find_pairs(texts, 3 / 7) == {(0, 1): 3 / 7}
    assert find_pairs(texts, 3 / 7 + 1e-12) == {}


def test_copies_differ_in_case_and_punctuation_only() -> None:
    assert find_pairs(["Thank you.", "thank YOU!", "Thank them.", "Thank you"], 1.0) == {
        (0, 1): 1.0,
        (0, 3): 1.0,
        (1, 3): 1.0,
    }


def test_each_copy_of_a_text_is_near_to_each_copy_of_another() -> None:
    texts = [FILM, FILM.upper(), f"{FILM}.", FILM.replace("thin", "thick"), FILM.replace("thin", "Thick")]
    pairs = find_pairs(texts, 0.6)
    assert set(pairs) == set(combinations(range(5), 2))
    assert {pair for pair, value in pairs.items() if value == 1.0} == {(0, 1), (0, 2), (1, 2), (3, 4)}


def test_the_same_words_in_another_order_are_not_near_duplicates() -> None:
    assert find_pairs(["dog bites man", "man bites dog"], 0.1) == {}


def test_texts_of_at_most_one_word_are_compared_as_a_whole() -> None:
    assert find_pairs(["Great!", "great", "good", ":)", ":(", ":)"], 0.3) == {(0, 1): 1.0, (3, 5): 1.0}


@pytest.mark.parametrize("texts", [[], ["alone"]])
def test_texts_without_near_duplicates_give_no_pair(texts: list[str]) -> None:
    assert find_pairs(texts, 0.1) == {}


@pytest.mark.parametrize("least", [0.05, 0.1, 0.3, 0.5, 0.6, 0.75, 0.9, 1.0])
def test_the_pairs_are_those_of_an_exhaustive_comparison(least: float) -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, size=size)) for size in random.integers(1, 12, size=150)]
    expected = {
        (first, second): similarity(texts[first], texts[second]) for first, second in combinations(range(150), 2)
    }
    assert find_pairs(texts, least) == {pair: value for pair, value in expected.items() if value >= least}
