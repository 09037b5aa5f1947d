from functools import partial
from typing import Any

import numpy as np
import pytest

from decortique.evaluation.plots import draw_slices, slice_points
from decortique.evaluation.scores import Examples
from decortique.evaluation.settings import Evaluate
from decortique.evaluation.slices import part_scores, parts_of
from tests.drawing import assert_drawn_alike

SETTINGS = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)
SHARES = {"value": 0.9, "low": 0.8, "high": 0.95}


def report(*, people: bool, parts: int = 4, approaches: int = 3) -> dict[str, Any]:
    """Return a report of two kinds of slices, of which people graded the second."""
    random = np.random.default_rng(0)
    truth = random.integers(2, size=80)
    predicted = {f"approach-{number}": random.integers(2, size=80) for number in range(approaches)}
    examples = Examples(["low", "high"], truth)
    scores = part_scores(examples, predicted, parts_of(np.arange(80.0), parts, 1), SETTINGS)["parts"]
    asked = [{**one, "people": {"ceiling": SHARES, "person": SHARES} if people else {}} for one in scores]
    return {
        "length": {"parts": [{**one, "people": {}} for one in scores]},
        "intensity": {"parts": asked},
        "truncation": {"parts": [{**scores[0], "people": {}}]},
    }


@pytest.mark.parametrize("people", [True, False])
def test_the_picture_is_reproducible(*, people: bool, tmp_path: Any) -> None:
    assert_drawn_alike(partial(draw_slices, slices=report(people=people), confidence=0.95), tmp_path)


def test_too_few_texts_for_slices_make_a_picture_that_states_it(tmp_path: Any) -> None:
    assert_drawn_alike(partial(draw_slices, slices=report(people=False, parts=1), confidence=0.95), tmp_path)


def test_plotted_points_hold_every_approach_and_people_in_every_part() -> None:
    points = list(slice_points(report(people=True)))
    assert len(points) == 4 * 3 + 4 * (3 + 2) + 3
    asked = {point["approach"] for point in points if str(point["part"]).startswith("intensity")}
    assert asked >= {"ceiling", "person"}
    lengths = {str(point["part"]) for point in points if str(point["part"]).startswith("length")}
    assert lengths == {"length 0–19", "length 20–39", "length 40–59", "length 60–79"}
