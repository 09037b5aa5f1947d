import pytest

from decortique.diagnosis.negation import negate_english as turned

BOTH_WAYS = [
    ("The film is good.", "The film is not good."),
    ("It's a mess.", "It's not a mess."),
    ("You can see it.", "You cannot see it."),
    ("They have been here.", "They have not been here."),
    ("IT IS BAD", "IT IS NOT BAD"),
    ("We will, in time, agree.", "We will not, in time, agree."),
]
ONE_WAY = [
    ("I don't like it", "I do like it"),
    ("It won't work", "It will work"),
    ("CAN'T STOP", "CAN STOP"),
    ("It isn’t fun", "It is fun"),
    ("It was never dull.", "It was dull."),
    ("It is not at all dull.", "It is dull."),
    ("He did not even try", "He did try"),
    ("It doesn't even try", "It does try"),
    ("Not bad.", "Bad."),
    ("It never bores.", "It bores."),
]


@pytest.mark.parametrize(("text", "other"), BOTH_WAYS)
def test_a_claim_is_negated_and_the_negation_removed_again(text: str, other: str) -> None:
    assert turned(text) == other
    assert turned(other) == text


@pytest.mark.parametrize(("text", "other"), ONE_WAY)
def test_a_negation_is_removed(text: str, other: str) -> None:
    assert turned(text) == other


def test_the_claim_of_the_main_clause_is_negated() -> None:
    text = "While it is loud, the film is a film that is good."
    assert turned(text) == "While it is loud, the film is not a film that is good."


def test_without_a_main_verb_the_claim_of_the_clause_is_negated() -> None:
    assert turned("A drama that will move us.") == "A drama that will not move us."


@pytest.mark.parametrize(
    "text",
    [
        "A funny film.",
        "Is it good?",
        "Will anyone care?",
        "It is no masterpiece.",
        "There's hardly a laugh.",
        "It is only a film.",
        "Not only fun.",
        "Funny or not to be seen",
        "He has a plan.",
        "against the will of all",
    ],
)
def test_a_text_stays_unchanged_where_no_rule_applies(text: str) -> None:
    assert turned(text) == text


def test_only_one_of_several_claims_is_negated() -> None:
    assert turned("It is loud and it is bad.") == "It is not loud and it is bad."
