from functools import partial
from pathlib import Path
from typing import Any

from decortique.diagnosis.plots import draw_falls, fall_points
from tests.drawing import assert_drawn_alike


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.03}


def scores(*approaches: str) -> dict[str, Any]:
    return {
        approach: {
            str(count): {"top": interval(0.1 * count), "random": interval(0.01 * count), "p": 0.1}
            for count in (1, 2, 5)
        }
        for approach in approaches
    }


def test_the_picture_is_reproducible(tmp_path: Path) -> None:
    draw = partial(draw_falls, scores=scores("bag-of-words", "transformer"), confidence=0.95)
    assert_drawn_alike(draw, tmp_path)


def test_pictures_of_two_one_and_no_approaches_differ(tmp_path: Path) -> None:
    for name, measured in {"two": scores("a", "b"), "one": scores("a"), "none": {}}.items():
        draw_falls(tmp_path / f"{name}.png", measured, 0.95)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 3


def test_every_number_of_the_picture_is_among_its_points() -> None:
    points = list(fall_points(scores("bag", "net")))
    assert len(points) == 2 * 3 * 2
    assert points[0] == {"approach": "bag", "words": "1 top", "fall": 0.1, "low": 0.08, "high": 0.13}
    assert (points[-1]["approach"], points[-1]["words"]) == ("net", "5 random")
    assert points[-1]["fall"] == 0.05
