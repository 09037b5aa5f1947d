from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from decortique.evaluation.generations import Generations, families, generation_points, lineages
from decortique.evaluation.plots import GENERATION_PANELS as PANELS
from decortique.evaluation.plots import draw_generations
from decortique.evaluation.scores import Examples, Point
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable
from tests.drawing import assert_drawn_alike

SETTINGS = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)
ONE: dict[str, str | None] = {"transformer": None, "student": "transformer"}
BORN_AGAIN: dict[str, str | None] = {
    **ONE,
    "born-1": "student",
    "born-2": "born-1",
    "born-3": "born-2",
    "small-1": "transformer",
    "small-2": "small-1",
    "small-3": "small-2",
}
TWO = {**ONE, "off-the-shelf": None, "pupil": "off-the-shelf"}


def drawing(teachers: dict[str, str | None], *names: str) -> Callable[[Path], None]:
    """Return a function that draws families on sets, with made-up predictions."""
    random, family = np.random.default_rng(0), families(teachers)
    sets = {}
    for name in names:
        outputs = {
            member: PredictionTable([], random.integers(3, size=50), random.dirichlet(np.ones(3), size=50))
            for member in family
        }
        examples = Examples(["low", "middle", "high"], random.integers(3, size=50))
        sets[name] = Generations.of(examples, outputs, family, SETTINGS)
    points: list[Point] = list(generation_points(sets))
    return partial(draw_generations, points=points, lines=lineages(family), bars="95% intervals")


DRAWINGS = {
    "one student": drawing(ONE, "test", "products", "tweets"),
    "no other source": drawing(ONE, "test"),
    "more sources than dashes": drawing(ONE, "test", "a", "b", "c", "d", "e"),
    "eight members in two designs": drawing(BORN_AGAIN, "test", "products", "tweets"),
    "two families": drawing(TWO, "test", "products"),
    "more lines than colours": drawing({"a": None} | {f"b-{n}": "a" for n in range(9)}, "test"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_a_reproducible_png(tmp_path: Path, name: str) -> None:
    assert_drawn_alike(DRAWINGS[name], tmp_path)


def test_pictures_of_different_families_differ(tmp_path: Path) -> None:
    for name, draw in DRAWINGS.items():
        draw(tmp_path / f"{name}.png")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == len(DRAWINGS)


def test_a_member_of_constant_confidence_can_be_plotted(tmp_path: Path) -> None:
    """Rounding can leave the value slightly outside its interval."""
    points: list[Point] = [
        {"member": "a", "set": "test", "measure": measure, "value": 0.1, "low": 0.1, "high": 0.1 - 1e-16}
        for measure in PANELS
    ]
    draw_generations(tmp_path / "a.png", points, [["a"]], "95% intervals")
    assert (tmp_path / "a.png").exists()
