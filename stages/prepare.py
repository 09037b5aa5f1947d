"""Stage `prepare`: raw files → the rows of each split, in one schema for every task."""

from collections import Counter

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, write_json, write_json_lines
from decortique.core.tables import CORPUS, write_rows
from decortique.data.readers import check_bad_rows, read
from decortique.data.settings import POOL, Prepare, TaskSection
from decortique.data.splitting import UNLABELLED, clean_splits, mask_splits


def prepare(task: TaskName) -> None:
    """Split the rows of a task's raw files, and remove duplicates across splits (of streams: count them)."""
    settings, described = Prepare.load(), TaskSection.named(task)
    raw = read(described, paths.raw(task))
    check_bad_rows(raw.bad, settings.bad_rows)
    usable = {use: [row for row in rows if row.label or use in (UNLABELLED, POOL)] for use, rows in raw.rows.items()}
    splits, counted = clean_splits(usable, described.split, settings.limit, settings.near_duplicates)
    if settings.mask:
        # Names are not collected from the pool, so that the other splits are the same without it.
        splits, counted["masked"] = mask_splits(splits, {use: rows for use, rows in usable.items() if use != POOL})
    about = {"task": task, "labels": described.labels, "language": described.language}
    with new_folder(paths.corpus(task)) as folder:
        for name, rows in splits.items():
            write_rows(folder / f"{name}.parquet", CORPUS, rows, about)
        write_json_lines(folder / "rejected.jsonl", (row._asdict() for row in raw.bad))
    if raw.removed:
        counted["passages_removed"] = dict(sorted(raw.removed.items()))
    results = {
        "rows": {
            name: {"all": len(rows), **dict(sorted(Counter(row.label for row in rows if row.label).items()))}
            for name, rows in sorted(splits.items())
        },
        "bad_rows": len(raw.bad),
        "without_label": {use: len(raw.rows[use]) - len(usable[use]) for use in sorted(raw.rows)},
        **counted,
    }
    write_json(paths.results("prepare", task), results)


if __name__ == "__main__":
    run(prepare)
