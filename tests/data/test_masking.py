import re

import pytest

from decortique.data.text import NAME, NUMBER, collect_names, mask
from decortique.models.bag_of_words import WORD, stemmed

CORPUS = [
    "Trump went to Paris. We saw Trump in May.",
    "Clinton spoke. I may ask Clinton, and we may leave.",
    "The man said that we trump nobody.",
]
NAMES = collect_names(CORPUS)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("we saw Hillary Rodham Clinton there", f"we saw {NAME} there"),
        ("we saw Donald J. Trump there", f"we saw {NAME} there"),
        ("avec Jean-Pierre Dupont et M. Dupont", f"avec {NAME} et {NAME}"),
        ("we saw O'Connor", f"we saw {NAME}"),
        ("that is Clinton's plan, and l'Afrique too", f"that is {NAME}'s plan, and l'{NAME} too"),
        ("of Paris, Rome and Oslo", f"of {NAME}, {NAME} and {NAME}"),
        ("in the U.S. Senate", f"in the {NAME} Senate"),
        ("in the NATO pact", f"in the {NAME} pact"),
        ("the G20 meets", f"the {NAME} meets"),
        ("aux Éboulements", f"aux {NAME}"),
    ],
)
def test_a_name_within_a_sentence_is_masked_once(text: str, masked: str) -> None:
    assert mask(f"so {text}", NAMES) == f"so {masked}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Clinton spoke. Paris burnt.", f"{NAME} spoke. {NAME} burnt."),
        ('We said: "Clinton is here." The end.', f'We said: "{NAME} is here." The end.'),
        ("On dit « Paris » et “We”.", f"On dit « {NAME} » et “We”."),
        ('He said "We go" (They stay) << No >>', 'He said "We go" (They stay) << No >>'),
        ("He left. We stay! Who? They… And so on.", "He left. We stay! Who? They… And so on."),
        ("One line\nAnother line", "One line\nAnother line"),
        ("we live in the U.S. We do.", f"we live in the {NAME} We do."),
    ],
)
def test_a_first_word_of_a_sentence_or_quotation_is_masked_only_if_a_known_name(text: str, masked: str) -> None:
    assert mask(text, NAMES) == masked


@pytest.mark.parametrize("text", ["I think I'm right, and I've said so.", "and I’ll go, as I must"])
def test_the_speaker_is_not_a_name(text: str) -> None:
    assert mask(text, collect_names([text])) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("in 2016", f"in {NUMBER}"),
        ("about 1,000,000.50 of them", f"about {NUMBER} of them"),
        ("près de 10 000 ou 14 % d'entre eux", f"près de {NUMBER} ou {NUMBER} d'entre eux"),
        ("paid $2.5 trillion", f"paid ${NUMBER} trillion"),
        ("in the 1990s, on the 3rd of", f"in the {NUMBER}, on the {NUMBER} of"),
        ("at 12:30, 20-25 of", f"at {NUMBER}, {NUMBER} of"),
        ("a b2b shop", f"a {NUMBER} shop"),
        ("12.", f"{NUMBER}."),
    ],
)
def test_a_number_is_masked_with_its_separators_and_sign(text: str, masked: str) -> None:
    assert mask(text, NAMES) == masked


def test_a_month_is_a_name_only_if_the_corpus_mostly_uses_it_as_one() -> None:
    """`may` stands within sentences once with a capital and twice without."""
    assert "may" not in NAMES
    assert {"trump", "clinton", "paris"} & NAMES == {"clinton", "paris"}  # "trump" is a verb as often as a name
    assert collect_names([*CORPUS, "and Trump left"]) == {"trump", "clinton", "paris"}


@pytest.mark.parametrize("text", ["", "...", "no names here, and no numbers", "<nom> , le <date> ."])
def test_a_text_without_names_is_unchanged(text: str) -> None:
    assert mask(text, NAMES) == text


def test_no_digit_and_no_known_name_is_left_in_a_text() -> None:
    text = "In 1981 Clinton-Paris 10% met B52s, and U.S.Trump at 5th Avenue: 1/2 or 3.14159, A1-B2."
    assert not re.search(r"[0-9]|Clinton|Paris|Trump|Avenue", mask(text, frozenset()))


@pytest.mark.parametrize("language", ["english", "french"])
def test_a_mask_is_one_bag_of_words_token_that_no_text_contains(language: str) -> None:
    """Check that `my name is` does not count as a masked name."""
    stems = [stemmed([word], language)[0] for word in (NAME, NUMBER)]
    assert [re.findall(WORD, stem) for stem in stems] == [[stem] for stem in stems]
    assert not set(stems) & set(stemmed(["name", "number", "names", "numbers"], language))
    assert stems[0] != stems[1]


def test_a_mask_is_not_masked_again() -> None:
    once = mask("so Clinton met 12 of Paris", NAMES)
    assert mask(once, NAMES) == once
