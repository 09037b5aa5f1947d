"""Stage `prepare`: raw files → the rows of each split, in one schema for every task."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.tables import CORPUS, write_table
from stages.command import run
from stages.corpora.reading import read
from stages.corpora.row import BadRow, Row
from stages.corpora.splitting import limit_rows, remove_duplicates, split_rows
from stages.errors import StageError
from stages.settings.prepare import Prepare
from stages.settings.task import TaskSection

log = logging.getLogger(__name__)


def prepare(task: str) -> None:
    """Reads a task's raw files, splits their rows, and removes duplicates across splits."""
    settings, described = Prepare.load(), TaskSection.named(task)
    rows, bad = read(described, paths.raw(task))
    _tolerate(bad, settings.bad_rows)
    labelled = {use: [row for row in found if row.label or use == "unlabelled"] for use, found in rows.items()}
    splits, removed = remove_duplicates(split_rows(labelled, described.split))
    splits = {name: limit_rows(found, settings.limit, described.split.seed) for name, found in splits.items()}

    with new_folder(paths.corpus(task)) as folder:
        for name, found in splits.items():
            with write_table(folder / f"{name}.parquet", CORPUS, {"task": task, "labels": described.labels}) as append:
                append({field: [getattr(row, field) for row in found] for field in CORPUS.names})
        (folder / "rejected.jsonl").write_text("".join(json.dumps(asdict(row)) + "\n" for row in bad), encoding="utf-8")
    write_json(
        paths.metrics("prepare", task),
        {
            "rows": {name: _count(found) for name, found in sorted(splits.items())},
            "bad_rows": len(bad),
            "without_label": {use: len(rows[use]) - len(labelled[use]) for use in sorted(rows)},
            "duplicates_removed": dict(sorted(removed.items())),
        },
    )


def _count(rows: Sequence[Row]) -> dict[str, int]:
    return {"all": len(rows), **dict(sorted(Counter(row.label for row in rows if row.label).items()))}


def _tolerate(bad: list[BadRow], tolerance: int) -> None:
    for row in bad[:20]:
        log.warning("bad row: %s", row)
    if len(bad) > 20:
        log.warning("… and %d more", len(bad) - 20)
    if len(bad) > tolerance:
        raise StageError(
            f"{len(bad)} bad rows, prepare.bad_rows allows {tolerance} (first: {bad[0]}): mend the file, or raise it"
        )


if __name__ == "__main__":
    run(prepare)
