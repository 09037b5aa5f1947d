from functools import partial
from pathlib import Path
from typing import Any

import pytest

from decortique.diagnosis.plots import draw_flips
from tests.drawing import assert_drawn_alike


def found(rewrites: list[str], approaches: list[str], should: str = "stay") -> dict[str, Any]:
    flips = {"value": 0.1, "low": 0.05, "high": 0.2}
    return {
        name: {"should": should, "changed": 12, "approaches": {one: {"flips": flips} for one in approaches}}
        for name in rewrites
    }


@pytest.mark.parametrize("approaches", [["a"], [f"approach-{number}" for number in range(10)]])
@pytest.mark.parametrize("rewrites", [["typos"], ["typos", "lower_case", "negation"]])
def test_flips_are_a_png_of_the_same_bytes_each_time(
    tmp_path: Path, rewrites: list[str], approaches: list[str]
) -> None:
    assert_drawn_alike(partial(draw_flips, rewrites=found(rewrites, approaches), confidence=0.95), tmp_path)


def test_a_rewrite_at_which_predictions_should_turn_looks_other(tmp_path: Path) -> None:
    for should in ("stay", "flip"):
        draw_flips(tmp_path / f"{should}.png", found(["negation"], ["a"], should), 0.95)
    assert (tmp_path / "stay.png").read_bytes() != (tmp_path / "flip.png").read_bytes()
