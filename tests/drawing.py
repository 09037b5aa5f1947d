"""What every picture must be."""

from collections.abc import Callable
from pathlib import Path


def assert_drawn_alike(draw: Callable[[Path], None], folder: Path) -> None:
    """A picture is a PNG, and has the same bytes each time."""
    for file in ("first.png", "second.png"):
        draw(folder / "plots" / file)
    first, second = ((folder / "plots" / file).read_bytes() for file in ("first.png", "second.png"))
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(first) > 5000
    assert first == second
