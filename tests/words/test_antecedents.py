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


def test_before_the_first_block_nothing_leans(encoder: Path) -> None:
    found = antecedents(reader(encoder), REFERENCES, {"glove": GLOVE}, BOOTSTRAP)
    assert found["pairs"] == 12
    first = found["layers"]["0"]
    # Rounding errors are no leaning, however consistent they may be.
    assert first["sentences"]["value"] == first["pairs"]["value"] == 0.5
    assert first["binomial_p"] == first["holm_p"] == 1.0
    assert found["layers"]["2"]["pairs"]["value"] != 0.5


def test_swapping_what_is_meant_swaps_what_is_found(encoder: Path) -> None:
    turned = [Reference(one.pair, one.text, one.pronoun, one.distractor, one.antecedent) for one in REFERENCES]
    read = reader(encoder)
    found, other = (antecedents(read, several, {}, BOOTSTRAP) for several in (REFERENCES, turned))
    for layer in ("1", "2"):
        assert found["layers"][layer]["pairs"]["value"] + other["layers"][layer]["pairs"]["value"] == pytest.approx(1)


def test_association_is_measured_where_all_words_have_vectors(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reader(encoder)
    assert antecedents(read, REFERENCES, {"glove": GLOVE}, BOOTSTRAP)["association"] == {"glove": {"pairs": 6}}
    monkeypatch.setattr(module, "MIN_PAIRS", 2)
    found = antecedents(read, REFERENCES, {"glove": GLOVE}, BOOTSTRAP)["association"]["glove"]
    # (film, plot) leans to what is meant in all three frames; (plot, actor) to the other.
    assert (found["pairs"], found["right"]["value"]) == (6, 0.5)
