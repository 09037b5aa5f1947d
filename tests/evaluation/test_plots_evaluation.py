from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from decortique.core.plots import picture
from decortique.evaluation.plots import draw_accuracy, draw_calibration, draw_confusion, draw_roc
from decortique.evaluation.scores import Evaluation, Examples, calibration_points, confusion_cells, roc_points
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable
from tests.drawing import assert_drawn_alike

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(3, size=40)
LABELS = ["low", "middle", "high"]
RESULT = Evaluation.of(
    Examples(LABELS, TRUTH),
    {
        name: PredictionTable([], RANDOM.integers(3, size=40), RANDOM.dirichlet(np.ones(3), size=40))
        for name in ("bag-of-words", "transformer")
    },
    Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0),
)

DRAWINGS: dict[str, Callable[[Path], None]] = {
    "roc": partial(draw_roc, points=list(roc_points(RESULT)), positive="high"),
    "calibration": partial(draw_calibration, points=list(calibration_points(RESULT)), positive="high"),
    "confusion": partial(draw_confusion, cells=list(confusion_cells(RESULT)), labels=LABELS),
    "accuracy": partial(draw_accuracy, sets={"test": RESULT.scores(), "tweets": RESULT.scores()}, confidence=0.95),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_a_reproducible_png(tmp_path: Path, name: str) -> None:
    assert_drawn_alike(DRAWINGS[name], tmp_path)


def test_different_numbers_give_different_pictures(tmp_path: Path) -> None:
    points = list(roc_points(RESULT))
    draw_roc(tmp_path / "a.png", points, "high")
    draw_roc(tmp_path / "b.png", points[: len(points) // 2], "high")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_failed_drawing_keeps_the_old_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), picture(tmp_path / "a.png") as (axes,):
        axes.plot([0, 1], [0, 1 / 0])
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_drawing_does_not_change_the_matplotlib_settings(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    DRAWINGS["accuracy"](tmp_path / "a.png")
    assert dict(mpl.rcParams) == before
