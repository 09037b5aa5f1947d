from pathlib import Path

import pytest

from decortique.words import antecedents as module
from decortique.words.antecedents import Reference, antecedents
from tests.words.made import vectors
from tests.words.made_representations import BOOTSTRAP, reader

FRAMES = ["the {} was not the {} , is it {} !", "a {} is a {} and was it {} ?", "the {} , the {} . it was very {} ."]
NOUNS = [("film", "plot"), ("actor", "story"), ("plot", "actor"), ("story", "film")]
REFERENCES = [
    Reference(f"{frame}{one}{other}", frame.format(one, other, word), "it", *nouns)
    for frame in FRAMES
    for one, other in NOUNS
    for word, nouns in (("good", (one, other)), ("bad", (other, one)))
]
GLOVE = vectors({"good": [1.0, 0.0], "bad": [0.0, 1.0], "film": [1.0, 0.1], "plot": [0.1, 1.0], "actor": [0.5, 0.5]})


def test_before_the_first_block_pronouns_lean_to_no_noun(encoder: Path) -> None:
    result = antecedents(reader(encoder), REFERENCES, {"glove": GLOVE}, BOOTSTRAP)
    assert result["pairs"] == 12
    first = result["layers"]["0"]
    # Rounding errors, even consistent ones, do not count as leaning.
    assert first["sentences"]["value"] == first["pairs"]["value"] == 0.5
    assert first["binomial_p"] == first["holm_p"] == 1.0
    assert result["layers"]["2"]["pairs"]["value"] != 0.5


def test_swapping_the_antecedents_swaps_the_result(encoder: Path) -> None:
    turned = [Reference(one.pair, one.text, one.pronoun, one.distractor, one.antecedent) for one in REFERENCES]
    read = reader(encoder)
    result, other = (antecedents(read, several, {}, BOOTSTRAP) for several in (REFERENCES, turned))
    for layer in ("1", "2"):
        assert result["layers"][layer]["pairs"]["value"] + other["layers"][layer]["pairs"]["value"] == pytest.approx(1)


def test_association_is_measured_where_all_words_have_vectors(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reader(encoder)
    assert antecedents(read, REFERENCES, {"glove": GLOVE}, BOOTSTRAP)["association"] == {"glove": {"pairs": 6}}
    monkeypatch.setattr(module, "MIN_PAIRS", 2)
    result = antecedents(read, REFERENCES, {"glove": GLOVE}, BOOTSTRAP)["association"]["glove"]
    # (film, plot) leans to the antecedent in all three frames; (plot, actor) to the other noun.
    assert (result["pairs"], result["right"]["value"]) == (6, 0.5)
