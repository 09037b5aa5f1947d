"""The points of curves on disk, as CSV for `dvc plots`."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.artifacts.files import new_file


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
