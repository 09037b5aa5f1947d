from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.diagnosis.perturbations import replace_with_synonyms, wordnet_synonyms
from tests.diagnosis.made_rewriting import random
from tests.words.made import write_wordnet

# `movie` and `film` share a sense; `film` has another, and is used in the examples of others; `flick` never is.
FILES = {
    "data.noun": [
        "00000001 10 n 04 movie 0 film 0 flick 0 moving_picture 0 000 | shown in a cinema",
        "00000002 06 n 01 film 0 000 | a thin layer",
        "00000003 06 n 02 minutes 0 proceedings 0 000 | a record",
        '00000004 06 n 01 critic 0 000 | who judges; "she wrote on the film"; "a film and its proceedings"',
        "00000005 06 n 02 bank 0 shore 0 000 | of a river",
        '00000006 06 n 01 bank 1 000 | of money; "a bank on the shore"',
    ],
    "data.verb": ['00000007 30 v 02 move 0 stir 0 000 | touch; "they were touched by a film"'],
    "data.adj": [
        "00000008 00 s 02 moved 0 touched 0 000 | stirred",
        "00000009 00 s 02 hilarious 0 uproarious 0 000 | very funny",
        '00000010 00 s 01 odd 0 000 | strange; "an uproarious party"',
        "00000011 00 s 02 huge 0 immense 0 000 | very large",
        '00000012 00 s 01 grand 0 000 | large; "an immense wall"',
    ],
    "data.adv": ["00000013 02 r 01 well 0 000 | no example"],
}


@pytest.fixture
def synonyms(tmp_path: Path) -> dict[str, str]:
    return wordnet_synonyms(write_wordnet(tmp_path, FILES), "en")


def test_the_synonym_of_a_word_of_one_sense_is_the_most_frequent_one(synonyms: dict[str, str]) -> None:
    assert synonyms["movie"] == "film"
    assert synonyms["hilarious"] == "uproarious"


def test_ambiguous_words_plurals_and_verb_forms_have_no_synonym(synonyms: dict[str, str]) -> None:
    assert not {"film", "bank", "minutes", "moved", "move"} & synonyms.keys()


def test_a_synonym_that_is_in_no_other_example_is_too_rare(synonyms: dict[str, str]) -> None:
    assert "uproarious" not in synonyms  # `hilarious` is in none
    assert "flick" not in synonyms.values()


def test_at_most_two_words_are_replaced_and_articles_are_corrected(synonyms: dict[str, str]) -> None:
    assert (
        replace_with_synonyms("A hilarious film, a huge hit", random(), synonyms)
        == "An uproarious film, an immense hit"
    )
    replaced = replace_with_synonyms("a huge and hilarious movie", random(), synonyms)
    assert sum(word in replaced for word in ("huge", "hilarious", "movie")) == 1


def test_names_compounds_and_measures_stay_unchanged(synonyms: dict[str, str]) -> None:
    for text in ("Movie and HUGE", "movie-goers", "a 3 movie deal", "un-huge"):
        assert replace_with_synonyms(text, random(), synonyms) == text


def test_an_article_before_a_sounded_u_is_a() -> None:
    assert replace_with_synonyms("an odd one", random(), {"odd": "unique"}) == "a unique one"
    assert replace_with_synonyms("a true one", random(), {"true": "honest"}) == "an honest one"


def test_a_damaged_wordnet_is_reported(tmp_path: Path) -> None:
    write_wordnet(tmp_path, {**FILES, "data.adj": ["nothing"]})
    with pytest.raises(StageError, match=r"data\.adj line 2 is no sense"):
        wordnet_synonyms(tmp_path, "en")
