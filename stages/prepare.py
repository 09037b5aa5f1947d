"""Stage `prepare`: raw files → the rows of each split, in one schema for every task."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.tables import CORPUS, write_table
from decortique.data.masking import learn_names, mask
from decortique.data.reading import read, tolerate
from decortique.data.records import Row
from decortique.data.settings import Prepare
from decortique.data.splitting import (
    UNLABELLED,
    clean_pool,
    count_duplicates,
    count_near_duplicates,
    limit_groups,
    limit_rows,
    remove_duplicates,
    remove_near_duplicates,
    split_rows,
)
from decortique.data.task_settings import POOL, Split, TaskSection

Rows = Mapping[str, Sequence[Row]]

NEED_NO_LABEL = (UNLABELLED, POOL)


def prepare(task: str) -> None:
    """Reads a task's raw files, splits their rows, and removes duplicates across splits (of streams: counts them)."""
    settings, described = Prepare.load(), TaskSection.named(task)
    found = read(described, paths.raw(task))
    tolerate(found.bad, settings.bad_rows)
    labelled = {use: [row for row in rows if row.label or use in NEED_NO_LABEL] for use, rows in found.rows.items()}
    splits, counted = _deal(labelled, described.split, settings.limit, settings.near_duplicates)
    if settings.mask:
        # A pool has no say in what is a name, so that the other splits are the same without it.
        splits, counted["masked"] = _mask(splits, {use: rows for use, rows in labelled.items() if use != POOL})

    about = {"task": task, "labels": described.labels, "language": described.language}
    with new_folder(paths.corpus(task)) as folder:
        for name, rows in splits.items():
            with write_table(folder / f"{name}.parquet", CORPUS, about) as append:
                append({field: [getattr(row, field) for row in rows] for field in CORPUS.names})
        rejected = "".join(json.dumps(asdict(row)) + "\n" for row in found.bad)
        (folder / "rejected.jsonl").write_text(rejected, encoding="utf-8")
    if found.removed:
        counted["passages_removed"] = dict(sorted(found.removed.items()))
    write_json(
        paths.results("prepare", task),
        {
            "rows": {name: _count(rows) for name, rows in sorted(splits.items())},
            "bad_rows": len(found.bad),
            "without_label": {use: len(found.rows[use]) - len(labelled[use]) for use in sorted(found.rows)},
            **counted,
        },
    )


def _deal(
    rows: Rows, rule: Split, limit: int | None, near: float | None = None
) -> tuple[dict[str, list[Row]], dict[str, dict[str, int]]]:
    """Gives the splits, and how many duplicates were removed from each, or counted where groups are kept whole.

    So are near duplicates, where `near` says from which similarity on two texts are nearly the same. A pool is no
    stream, so that it is cleaned in either case.
    """
    splits = split_rows({use: found for use, found in rows.items() if use != POOL}, rule)
    if rule.keep_groups:
        kept, counted = splits, {"duplicates_across_splits": count_duplicates(splits)}
    else:
        kept, removed = remove_duplicates(splits)
        counted = {"duplicates_removed": removed}
    if POOL in rows:
        pool = clean_pool(rows[POOL], splits)
        kept = {**kept, POOL: pool.rows}
        counted["duplicates_removed"] = {**counted.get("duplicates_removed", {}), POOL: pool.duplicates}
        counted["overlaps_removed"] = {POOL: pool.overlaps}
    if near is not None:
        if rule.keep_groups:
            counted["near_duplicates_across_splits"] = count_near_duplicates(splits, near)
        whole = list(splits) if rule.keep_groups else [UNLABELLED]
        kept, removed = remove_near_duplicates(kept, near, whole)
        if lost := {name: count for name, count in removed.items() if not (rule.keep_groups and name in whole)}:
            counted["near_duplicates_removed"] = lost
    limited = limit_groups if rule.keep_groups else limit_rows
    return (
        {name: limited(found, limit, rule.seed) for name, found in kept.items()},
        {what: dict(sorted(found.items())) for what, found in counted.items()},
    )


def _mask(splits: Rows, corpus: Rows) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Hides names and numbers of all splits, and counts the texts that had some; the names are those of the corpus."""
    names = learn_names(row.text for rows in corpus.values() for row in rows)
    masked = {name: [replace(row, text=mask(row.text, names)) for row in rows] for name, rows in splits.items()}
    changed = {
        name: sum(row.text != before.text for row, before in zip(rows, splits[name], strict=True))
        for name, rows in sorted(masked.items())
    }
    return masked, changed


def _count(rows: Sequence[Row]) -> dict[str, int]:
    return {"all": len(rows), **dict(sorted(Counter(row.label for row in rows if row.label).items()))}


if __name__ == "__main__":
    run(prepare)
