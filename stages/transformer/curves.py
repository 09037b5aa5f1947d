"""The curves of a training, as DVCLive draws them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dvclive import Live

from stages.artifacts.files import new_folder

Point = tuple[int, str, float]  # step, name of the curve, value


@contextmanager
def drawn(folder: Path, before: Sequence[Point]) -> Iterator[Callable[[int, str, float], None]]:
    """Gives what draws a point; the curves are there when the block ends well.

    Args:
        folder: new folder of the curves.
        before: points of the same training before it was stopped.
    """
    with new_folder(folder) as new:
        with Live(str(new), dvcyaml=None, save_dvc_exp=False, report=None) as live:

            def draw(step: int, name: str, value: float) -> None:
                live.step = step
                live.log_metric(name, value)

            for point in before:
                draw(*point)
            yield draw
        # DVCLive's summary of the last step: the stage writes its own, of the best epoch.
        (new / "metrics.json").unlink()
