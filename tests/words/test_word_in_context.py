from pathlib import Path

import numpy as np

from decortique.data.text import forms
from decortique.words.senses import LENGTHS, OVERLAP, POSITIONS, Pair, predict_pairs
from decortique.words.vectors import mean_vector
from tests.words.made import vectors
from tests.words.made_representations import BOOTSTRAP, reader

GLOVE = vectors({"good": [1.0, 0.0], "film": [0.0, 1.0], "plot": [0.5, 0.5]})


def pairs(count: int) -> list[Pair]:
    """Return pairs about `good`: of one sense where both texts are equal, of two where they are not."""
    alike = ["the film was good .", "a film was good .", "the plot is good .", "a plot is good ."]
    return [
        Pair(
            f"good{number // 2}", "n", alike[number % 4], 3, alike[number % 4] if number % 2 else "not good !",
            3 if number % 2 else 1, bool(number % 2),
        )
        for number in range(count)
    ]  # fmt: skip


SPLITS = {"train": pairs(20), "validation": pairs(20), "test": pairs(24)}


def test_layers_distinguish_senses_and_static_vectors_perform_at_chance(encoder: Path) -> None:
    result = predict_pairs(reader(encoder), SPLITS, {"glove": GLOVE}, BOOTSTRAP)
    assert result["pairs"] == {"train": 20, "validation": 20, "test": 24}
    assert set(result["ways"]) == {
        "layer 0",
        "layer 1",
        "layer 2",
        "glove",
        "glove, mean of the text",
        OVERLAP,
        POSITIONS,
        LENGTHS,
    }
    assert result["ways"]["glove"]["test"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert result["ways"][result["chosen"]]["test"]["value"] == 1.0
    assert result["ways"]["glove"]["chosen_minus_this"]["value"] == 0.5
    assert result["ways"]["glove"]["swap_p"] < 0.01
    assert result["ways"]["glove"]["holm_p"] >= result["ways"]["glove"]["swap_p"]
    assert result["ways"][LENGTHS]["test"]["value"] == 1.0  # here a text is paired with itself or with a shorter one


def test_the_layer_is_chosen_without_the_test_set(encoder: Path) -> None:
    turned = [pair._replace(same=not pair.same) for pair in SPLITS["test"]]
    result = predict_pairs(reader(encoder), SPLITS, {"glove": GLOVE}, BOOTSTRAP)
    other = predict_pairs(reader(encoder), {**SPLITS, "test": turned}, {"glove": GLOVE}, BOOTSTRAP)
    assert other["chosen"] == result["chosen"]
    assert other["ways"][other["chosen"]]["test"]["value"] == 0.0


def test_a_language_without_pairs_has_no_result(encoder: Path) -> None:
    empty = {"train": [], "validation": [], "test": []}  # type: ignore[var-annotated]
    assert predict_pairs(reader(encoder), empty, {"glove": GLOVE}, BOOTSTRAP) == {}


def test_the_mean_of_a_text_covers_only_words_with_a_vector() -> None:
    assert mean_vector(GLOVE, forms("Good, unknown film")).tolist() == [0.5, 0.5]
    assert mean_vector(GLOVE, ["nothing", "known"]).tolist() == np.zeros(2).tolist()
