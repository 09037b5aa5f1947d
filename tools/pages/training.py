"""The tables of docs/training.md."""

from collections.abc import Iterator
from typing import Any

from tools.pages.showing import experiment, table


def loader() -> Iterator[str]:
    """Yields what the loader saves."""
    found = experiment("schedules")
    random, sorted_ = found["padding"].values()
    yield (
        f"Of {found['sentences']} film sentences in batches of {found['batch_size']}, {random:.1%} of the tokens are "
        f"padding if texts come at random, {sorted_:.1%} with this loader."
    )


def optimizer() -> Iterator[str]:
    """Yields the validation scores by optimiser."""
    yield from _trainings("optimizer", experiment("schedules")["optimizers"])


def scheduler() -> Iterator[str]:
    """Yields the validation scores by scheduler."""
    yield from _trainings("scheduler", experiment("schedules")["schedulers"])


def _trainings(what: str, found: dict[str, Any]) -> Iterator[str]:
    epochs = range(1, len(next(iter(found.values()))) + 1)
    yield from table(
        [what, *(f"{measure}, epoch {epoch}" for epoch in epochs for measure in ("accuracy", "log-loss"))],
        (
            [name, *(f"{scores[measure]:.3f}" for scores in validation for measure in ("accuracy", "log_loss"))]
            for name, validation in found.items()
        ),
    )
