import pytest

from decortique.data.text import collect_names
from decortique.diagnosis.controls import KINDS, shares_by_kind

NAMES = frozenset({"obama", "paris", "will"})


def kind(feature: str, language: str = "en", names: frozenset[str] = NAMES) -> str:
    (result,) = (kind for kind, share in shares_by_kind([("a", feature, 1.0)], language, names)["a"].items() if share)
    return result


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("obama", "names"),
        ("Obama", "names"),
        ("obama's", "names"),
        ("obama’s", "names"),
        ("2016", "numbers"),
        ("1990s", "numbers"),
        ("superb", "content_words"),
        ("Superb", "content_words"),
        ("the", "function_words"),
        ("The", "function_words"),
        ("we've", "function_words"),
        ("!", "punctuation"),
        ("—", "punctuation"),
        ("_", "punctuation"),
    ],
)
def test_each_kind_of_word_is_distinguished(feature: str, expected: str) -> None:
    assert kind(feature) == expected


def test_a_name_that_is_also_a_function_word_counts_as_a_function_word() -> None:
    assert kind("will") == "function_words"


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("president obama", "names"),
        ("obama 2016", "names"),
        ("the 1990s", "numbers"),
        ("the film", "content_words"),
        ("film !", "content_words"),
        ("of the", "function_words"),
        (", and", "function_words"),
        (". .", "punctuation"),
    ],
)
def test_a_phrase_has_the_most_specific_kind_of_its_words(feature: str, expected: str) -> None:
    assert kind(feature) == expected


def test_function_words_depend_on_the_language() -> None:
    assert kind("nous", "fr") == "function_words"
    assert kind("nous", "en") == "content_words"
    assert kind("the", "fr") == "content_words"


@pytest.mark.parametrize(
    ("feature", "expected"), [("l'europe", "content_words"), ("d’europe", "content_words"), ("d'obama", "names")]
)
def test_a_word_after_an_elided_article_does_not_count_as_the_article(feature: str, expected: str) -> None:
    assert kind(feature, "fr") == expected


def test_a_language_without_a_list_still_has_its_other_kinds() -> None:
    assert [kind(word, "no") for word in ("og", "obama", "1990", "!")] == [
        "content_words",
        "names",
        "numbers",
        "punctuation",
    ]


def test_the_shares_of_each_label_sum_to_one() -> None:
    features = [("trump", feature, 1.0) for feature in ("obama", "2016", "jobs", "jobs again", "the", "!", "?", "...")]
    features += [("clinton", feature, 0.5) for feature in ("values", "we", "paris")]
    shares = shares_by_kind(features, "en", NAMES)
    assert shares == {
        "trump": {
            "names": 1 / 8,
            "numbers": 1 / 8,
            "content_words": 2 / 8,
            "function_words": 1 / 8,
            "punctuation": 3 / 8,
        },
        "clinton": pytest.approx(
            {"names": 1 / 3, "numbers": 0, "content_words": 1 / 3, "function_words": 1 / 3, "punctuation": 0}
        ),
    }
    for kinds in shares.values():
        assert tuple(kinds) == KINDS
        assert sum(kinds.values()) == pytest.approx(1)


def test_names_collected_from_texts_are_recognised_in_features() -> None:
    names = collect_names(["We met Clinton in Paris.", "Paris is a town, and Clinton knows it."])
    assert [kind(word, names=names) for word in ("clinton", "paris", "town")] == ["names", "names", "content_words"]
