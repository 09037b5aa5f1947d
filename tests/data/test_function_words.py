import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from stop_words import get_stop_words

from decortique.data.lexicon import content_words, function_words, listed_words
from decortique.data.settings import LanguageSection


def test_function_words_are_those_of_maintained_libraries() -> None:
    assert function_words("en") == ENGLISH_STOP_WORDS
    assert function_words("fr") == frozenset(get_stop_words("fr"))
    assert function_words("xx") == frozenset()


def test_a_stop_word_of_any_list_is_not_a_content_word() -> None:
    assert function_words("en") < listed_words("en")
    assert content_words(["film", "don't", "just", "3d", "be", "story"], "en") == ["film", "story"]


@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_pronoun_of_params_is_on_a_maintained_list_of_function_words(code: str) -> None:
    assert set(LanguageSection.named(code).pronouns) <= listed_words(code)
