from functools import partial
from pathlib import Path
from typing import Any

import pytest

from decortique.diagnosis.plots import draw_flips
from tests.drawing import assert_drawn_alike


def report(rewrites: list[str], approaches: list[str], should: str = "stay") -> dict[str, Any]:
    flips = {"value": 0.1, "low": 0.05, "high": 0.2}
    return {
        name: {"should": should, "changed": 12, "approaches": {one: {"flips": flips} for one in approaches}}
        for name in rewrites
    }


@pytest.mark.parametrize("approaches", [["a"], [f"approach-{number}" for number in range(10)]])
@pytest.mark.parametrize("rewrites", [["typos"], ["typos", "lower_case", "negation"]])
def test_the_picture_of_flips_is_a_reproducible_png(tmp_path: Path, rewrites: list[str], approaches: list[str]) -> None:
    assert_drawn_alike(partial(draw_flips, rewrites=report(rewrites, approaches), confidence=0.95), tmp_path)


def test_a_rewrite_that_should_flip_predictions_looks_different(tmp_path: Path) -> None:
    for should in ("stay", "flip"):
        draw_flips(tmp_path / f"{should}.png", report(["negation"], ["a"], should), 0.95)
    assert (tmp_path / "stay.png").read_bytes() != (tmp_path / "flip.png").read_bytes()
