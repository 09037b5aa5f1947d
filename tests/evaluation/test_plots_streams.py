from pathlib import Path

import numpy as np
import pytest

from decortique.evaluation.plots import draw_decoding, draw_streams
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

METHODS = ["none", "moving_average", "gaussian", "viterbi", "one_run"]
LINES = ["bag-of-words", "combined", "transformer"]
SIZES = [30, 20, 12, 4]
NAMES = [f"speech-{number}" for number, size in enumerate(SIZES) for _ in range(size)]
POSITIONS = [place for size in SIZES for place in range(size)]
TRUTH = (np.array(POSITIONS) // 7) % 2


def evaluation(methods: list[str], seed: int = 0, lines: list[str] = LINES) -> Evaluation:
    random = np.random.default_rng(seed)
    predicted = {}
    for name in (f"{line}/{method}" for line in lines for method in methods):
        inside = np.clip(0.3 + 0.4 * TRUTH + random.normal(0, 0.2, len(TRUTH)), 0.01, 0.99)
        predicted[name] = PredictionTable([], (inside > 0.4).astype(int), np.column_stack([1 - inside, inside]))
    groups = np.unique(NAMES, return_inverse=True)[1]
    settings = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)
    return Evaluation.of(Examples(["chirac", "mitterrand"], TRUTH, groups), predicted, settings)


def drawn(path: Path) -> bytes:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) > 5000
    return content


@pytest.mark.parametrize("methods", [METHODS[:1], METHODS])
@pytest.mark.parametrize("aim", ["accuracy", "f1"])
def test_what_decoding_gains_is_a_png_of_the_same_bytes_each_time(tmp_path: Path, methods: list[str], aim: str) -> None:
    found = evaluation(methods)
    for file in ("first.png", "second.png"):
        draw_decoding(tmp_path / "streams" / file, found, methods, aim)
    assert drawn(tmp_path / "streams" / "first.png") == drawn(tmp_path / "streams" / "second.png")


def test_accuracy_and_f1_are_two_pictures(tmp_path: Path) -> None:
    for aim in ("accuracy", "f1"):
        draw_decoding(tmp_path / f"{aim}.png", evaluation(METHODS), METHODS, aim)
    assert drawn(tmp_path / "accuracy.png") != drawn(tmp_path / "f1.png")


@pytest.mark.parametrize("methods", [METHODS[:1], METHODS])
def test_streams_are_a_png_of_the_same_bytes_each_time(tmp_path: Path, methods: list[str]) -> None:
    found = evaluation(methods)
    for file in ("first.png", "second.png"):
        draw_streams(tmp_path / "streams" / file, found, NAMES, POSITIONS, methods)
    assert drawn(tmp_path / "streams" / "first.png") == drawn(tmp_path / "streams" / "second.png")


def test_a_stream_is_drawn_in_its_order_and_not_in_that_of_the_rows(tmp_path: Path) -> None:
    found = evaluation(METHODS)
    order = np.random.default_rng(0).permutation(len(TRUTH))
    names, positions = [NAMES[place] for place in order], [POSITIONS[place] for place in order]
    mixed = Evaluation(
        Examples(found.examples.labels, TRUTH[order], np.unique(names, return_inverse=True)[1]),
        {
            name: PredictionTable([], one.prediction[order], one.probability[order])
            for name, one in found.predicted.items()
        },
        found.resampled,
        found.settings,
    )
    draw_streams(tmp_path / "straight.png", found, NAMES, POSITIONS, METHODS)
    draw_streams(tmp_path / "mixed.png", mixed, names, positions, METHODS)
    draw_streams(tmp_path / "wrong.png", mixed, names, POSITIONS, METHODS)
    assert drawn(tmp_path / "straight.png") == drawn(tmp_path / "mixed.png")
    assert drawn(tmp_path / "wrong.png") != drawn(tmp_path / "mixed.png")


@pytest.mark.parametrize("group", ["speech", "1re_cohabitation", "5 $ & 3 $"])
def test_a_test_set_of_one_group_is_drawn_whatever_its_name(tmp_path: Path, group: str) -> None:
    draw_streams(tmp_path / "a.png", evaluation(METHODS, lines=LINES[:1]), [group] * len(TRUTH), POSITIONS, METHODS)
    drawn(tmp_path / "a.png")
