"""Files that are written whole or not at all, the error that a person can correct, and the progress bar."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm


class StageError(Exception):
    """What went wrong, where, and what to do: shown as one line, without a traceback."""


def progress(title: str, total: int | None, unit: str) -> "tqdm[Any]":
    """Return a progress bar on standard error; nothing is visible where that is no terminal."""
    return tqdm(desc=title, total=total, unit=unit, disable=None, leave=False, dynamic_ncols=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which replaces `path` when the block ends without an error, and is removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder, which replaces `path` when the block ends without an error, and is removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as beside:
        new, old = Path(beside, "new"), Path(beside, "old")
        new.mkdir()
        yield new
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except BaseException:
            if old.exists():
                old.rename(path)
            raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write nested numbers and texts, floats with 6 significant digits; raise a `ValueError` on NaN and infinity."""
    text = json.dumps(_rounded(content), indent=2, ensure_ascii=False, allow_nan=False)
    with new_file(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, numbers as they are."""
    # A byte that was no UTF-8 is a lone surrogate in Python: `\\udc80`, in JSON too.
    with new_file(path) as temporary, temporary.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_json(path: Path) -> Any:
    """Read a JSON file; raise a `StageError` where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it, or `dvc checkout` to fetch it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{path} is damaged ({error}): delete it and run `dvc repro`") from None


def write_points(path: Path, points: Iterable[Mapping[str, str | float | int]]) -> None:
    """Write the points of a plot as CSV; all have the columns of the first; floats have 6 significant digits."""
    rows = [{name: f"{one:.6g}" if isinstance(one, float) else one for name, one in point.items()} for point in points]
    with new_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0] if rows else [], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _rounded(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content
