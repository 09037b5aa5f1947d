"""Model folders that cannot be loaded: one line for whoever runs the chain, whatever library says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import StageError


@contextmanager
def told_of(folder: Path) -> Iterator[None]:
    """Turns what goes wrong in the loading of a folder into one line.

    Raises:
        StageError: in place of what ONNX Runtime and the tokenizer's core raise, which has no class in common.
    """
    try:
        yield
    except StageError:
        raise
    except Exception as error:  # noqa: BLE001
        reason = " ".join(str(error).split())[:200]
        raise StageError(f"{folder} cannot be loaded ({reason}): run `dvc repro` to make it anew") from None
