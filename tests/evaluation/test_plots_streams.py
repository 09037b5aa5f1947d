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
POSITIONS = [index for size in SIZES for index in range(size)]
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


def picture_bytes(path: Path) -> bytes:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) > 5000
    return content


@pytest.mark.parametrize("methods", [METHODS[:1], METHODS])
@pytest.mark.parametrize("aim", ["accuracy", "f1"])
def test_the_picture_of_decoding_gains_is_a_reproducible_png(tmp_path: Path, methods: list[str], aim: str) -> None:
    evaluated = evaluation(methods)
    for file in ("first.png", "second.png"):
        draw_decoding(tmp_path / "streams" / file, evaluated, methods, aim)
    assert picture_bytes(tmp_path / "streams" / "first.png") == picture_bytes(tmp_path / "streams" / "second.png")


def test_accuracy_and_f1_are_two_pictures(tmp_path: Path) -> None:
    for aim in ("accuracy", "f1"):
        draw_decoding(tmp_path / f"{aim}.png", evaluation(METHODS), METHODS, aim)
    assert picture_bytes(tmp_path / "accuracy.png") != picture_bytes(tmp_path / "f1.png")


@pytest.mark.parametrize("methods", [METHODS[:1], METHODS])
def test_the_picture_of_streams_is_a_reproducible_png(tmp_path: Path, methods: list[str]) -> None:
    evaluated = evaluation(methods)
    for file in ("first.png", "second.png"):
        draw_streams(tmp_path / "streams" / file, evaluated, NAMES, POSITIONS, methods)
    assert picture_bytes(tmp_path / "streams" / "first.png") == picture_bytes(tmp_path / "streams" / "second.png")


def test_a_stream_is_plotted_by_position_and_not_by_row(tmp_path: Path) -> None:
    evaluated = evaluation(METHODS)
    order = np.random.default_rng(0).permutation(len(TRUTH))
    names, positions = [NAMES[index] for index in order], [POSITIONS[index] for index in order]
    mixed = Evaluation(
        Examples(evaluated.examples.labels, TRUTH[order], np.unique(names, return_inverse=True)[1]),
        {
            name: PredictionTable([], one.prediction[order], one.probability[order])
            for name, one in evaluated.predicted.items()
        },
        evaluated.resampled,
        evaluated.settings,
    )
    draw_streams(tmp_path / "straight.png", evaluated, NAMES, POSITIONS, METHODS)
    draw_streams(tmp_path / "mixed.png", mixed, names, positions, METHODS)
    draw_streams(tmp_path / "wrong.png", mixed, names, POSITIONS, METHODS)
    assert picture_bytes(tmp_path / "straight.png") == picture_bytes(tmp_path / "mixed.png")
    assert picture_bytes(tmp_path / "wrong.png") != picture_bytes(tmp_path / "mixed.png")


@pytest.mark.parametrize("group", ["speech", "1re_cohabitation", "5 $ & 3 $"])
def test_a_test_set_of_one_group_is_plotted_for_any_group_name(tmp_path: Path, group: str) -> None:
    draw_streams(tmp_path / "a.png", evaluation(METHODS, lines=LINES[:1]), [group] * len(TRUTH), POSITIONS, METHODS)
    picture_bytes(tmp_path / "a.png")
