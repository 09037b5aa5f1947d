"""Progress bars for people: silent when nobody watches."""

from typing import Any

from tqdm import tqdm


def progress(title: str, total: int | None, unit: str) -> "tqdm[Any]":
    """Gives a progress bar on standard error, or nothing visible when that is no terminal."""
    return tqdm(desc=title, total=total, unit=unit, disable=None, leave=False, dynamic_ncols=True)
