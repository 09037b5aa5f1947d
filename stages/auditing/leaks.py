"""What leaks are worth: scores with and without the test texts that were met before."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from stages.artifacts.decisions import Decisions
from stages.auditing.contrast import contrasts
from stages.auditing.corpus import Home
from stages.settings.evaluate import Evaluate


def worth_of_leaks(
    home: Home, leaked: Collection[str], decisions: Mapping[str, Mapping[str, Decisions]], settings: Evaluate
) -> dict[str, Any]:
    """Gives the accuracy on the test set, and how much of it comes from texts that leaked.

    Args:
        home: all texts of the task.
        leaked: ids of the test texts of which a model may have learnt a copy, or nearly one.
        decisions: approach → split → what it decided.
        settings: of the intervals.

    Returns:
        How many `texts` leaked, and under `accuracy`, approach → `all`, `without` them, and the `difference`: `value`,
        `low` and `high`. Of none, or where all did, there are no two scores, and `accuracy` is empty.
    """
    tested = home.at(home.splits == "test")
    met = np.array([row.id in leaked for row in tested.rows], bool)
    right = {name: (found["test"].decision == tested.labels).astype(float) for name, found in decisions.items()}
    sides = {"all": np.ones_like(met), "without": ~met}
    return {
        "texts": int(met.sum()),
        "accuracy": contrasts(right, sides, settings, tested.together) if met.any() else {},
    }
