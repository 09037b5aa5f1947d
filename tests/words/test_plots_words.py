"""The pictures of words in and out of context."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decortique.words.plots import (
    draw_antecedents,
    draw_contextuality,
    draw_probes,
    draw_senses,
    draw_similarity,
    draw_words,
)
from decortique.words.senses import Sense
from tests.drawing import assert_drawn_alike

RANDOM = np.random.default_rng(0)


def one() -> dict[str, float]:
    value = float(RANDOM.uniform())
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def by_source(measure: str, *others: str) -> dict[str, Any]:
    return {name: {measure: one()} for name in ("layer 0", "layer 1", "layer 2", *others)}


MEASURES = ("self_similarity", "intra_sentence", "explained_variance", "out_of_context")
LAYERS = ("0", "1", "2")
CONTEXTUALITY = {
    "measures": {
        measure: {kind: {layer: {"corrected": one()} for layer in LAYERS} for kind in ("all", "pronouns", "stop words")}
        for measure in MEASURES
    },
    "anisotropy": {layer: one() for layer in LAYERS},
}
PROBES = {
    "position": {"examples": 9, "vectors": by_source("accuracy", "word2vec", "glove")},
    "number": {"forms": 9, "chance": 0.5, "vectors": by_source("balanced_accuracy", "word2vec")},
}
ANTECEDENTS = {
    "pairs": 9,
    "layers": {layer: {"sentences": one(), "pairs": one()} for layer in LAYERS},
    "association": {"word2vec": {"pairs": 2}, "glove": {"pairs": 9, "right": one()}},
}
COVERED = {name: {**scores, "coverage": 1.0} for name, scores in by_source("spearman", "glove").items()}
SETS = {"wordsim353": {"pairs": 9, "vectors": {**COVERED, "word2vec": {"coverage": 0.01}}}}
DECIDED = {"pairs": {"test": 9}, "ways": by_source("test", "word2vec", "words in common")}
INDUCED = {"words": 2, "vectors": by_source("adjusted_rand", "glove, mean of the text")}
SENSES = [Sense(word, sense, "…") for word in ("bank", "$eal$") for sense in ("a", "b") for _ in range(4)]
STATES = RANDOM.normal(size=(3, len(SENSES), 8))

DRAWINGS: dict[str, Callable[[Path], None]] = {
    "contextuality": partial(draw_contextuality, report=CONTEXTUALITY),
    "probes": partial(draw_probes, probes=PROBES),
    "no probes": partial(draw_probes, probes={}),
    "antecedents": partial(draw_antecedents, report=ANTECEDENTS),
    "no antecedents": partial(draw_antecedents, report={"pairs": 0, "layers": {}, "association": {}}),
    "similarity": partial(draw_similarity, sets=SETS),
    "no judgments": partial(draw_similarity, sets={}),
    "senses": partial(draw_senses, pairs=DECIDED, senses=INDUCED),
    "no pairs": partial(draw_senses, pairs={}, senses=INDUCED),
    "no senses": partial(draw_senses, pairs={}, senses={}),
    "words": partial(draw_words, states=STATES, senses=SENSES, count=2),
    "no words": partial(draw_words, states=STATES[:, :0], senses=[], count=2),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_a_reproducible_png(tmp_path: Path, name: str) -> None:
    assert_drawn_alike(DRAWINGS[name], tmp_path)


def test_different_results_give_different_pictures(tmp_path: Path) -> None:
    other = {**ANTECEDENTS, "layers": {layer: {"sentences": one(), "pairs": one()} for layer in LAYERS}}
    draw_antecedents(tmp_path / "one.png", ANTECEDENTS)
    draw_antecedents(tmp_path / "other.png", other)
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()
