import pytest

from decortique.diagnosis.negation import negate_french as turned


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Le film est bon.", "Le film n'est pas bon."),
        ("Ils sont venus.", "Ils ne sont pas venus."),
        ("C'est beau.", "Ce n'est pas beau."),
        ("Donc j'ai raison.", "Donc je n'ai pas raison."),
        ("Il y a un doute.", "Il n'y a pas un doute."),
        ("Il s'est levé.", "Il ne s'est pas levé."),
        ("Nous avons gagné.", "Nous n'avons pas gagné."),
        ("Il va à l'Est.", "Il ne va pas à l'Est."),
        ("La France peut gagner.", "La France ne peut pas gagner."),
    ],
)
def test_a_claim_is_negated_and_the_negation_removed_again(text: str, other: str) -> None:
    assert turned(text) == other
    assert turned(other) == text


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Je n’aime plus ce film.", "J'aime ce film."),
        ("Elle ne viendra jamais.", "Elle viendra."),
    ],
)
def test_a_negation_is_removed(text: str, other: str) -> None:
    assert turned(text) == other


@pytest.mark.parametrize("text", ["Est-ce vrai ?", "Vive la République !", "Il ne voit que lui.", "Ils nous ont vus."])
def test_a_text_stays_unchanged_where_no_rule_applies(text: str) -> None:
    assert turned(text) == text
