from functools import partial
from pathlib import Path
from typing import Any

import pytest

from decortique.diagnosis.plots import draw_suspected
from tests.drawing import assert_drawn_alike


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


BOTH = {"suspected": interval(0.6), "others": interval(0.1), "difference": interval(0.5)}
AGAINST: dict[str, Any] = {"bag-of-words": BOTH, "transformer": BOTH}
PARTS = [{"from": 0.0, "to": 1.2, "texts": 9, "suspected": interval(0.2)}]


@pytest.mark.parametrize("parts", [[], PARTS])
@pytest.mark.parametrize("against", [{}, AGAINST])
def test_every_task_has_a_picture_even_if_nothing_is_suspected(
    tmp_path: Path, parts: list[dict[str, Any]], against: dict[str, Any]
) -> None:
    labels = {"by_absolute_grade": parts, "second_opinion": {"predicts_against": against}}
    assert_drawn_alike(partial(draw_suspected, labels=labels, confidence=0.95), tmp_path)


def test_different_suspicions_give_a_different_picture(tmp_path: Path) -> None:
    for file, value in (("a.png", 0.6), ("b.png", 0.7)):
        against = {"transformer": {**BOTH, "suspected": interval(value)}}
        draw_suspected(tmp_path / file, {"second_opinion": {"predicts_against": against}}, 0.95)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
