"""Writes that are whole or absent: a temporary name first, renamed when complete."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from decortique.core.errors import StageError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, which takes its place if the block ends well, and is removed if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Gives an empty folder, which takes the place of `path` when the block ends well, and vanishes if not."""
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
    """Writes nested numbers and texts, floats with 6 significant digits: people read them.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
    """
    with new_file(path) as temporary:
        temporary.write_text(
            json.dumps(_rounded(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        StageError: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{path} is damaged ({error}): delete it and run `dvc repro`") from None


def _rounded(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content


def write_points(path: Path, points: Iterable[Mapping[str, str | float | int]]) -> None:
    """Writes points that have the same columns, floats with 6 significant digits."""
    rows = [
        {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in point.items()}
        for point in points
    ]
    with new_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0] if rows else [], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
