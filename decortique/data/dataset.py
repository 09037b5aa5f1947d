"""A split of a task as a `datasets.Dataset`, for notebooks and DataLoaders: no stage imports this module."""

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from decortique.core import paths
from decortique.core.files import StageError, new_file
from decortique.core.tables import read_batches, read_metadata, splits

if TYPE_CHECKING:
    from datasets import Dataset


def load_split(task: str, split: str) -> "Dataset":
    """Return the rows of a split with the columns of the corpus, read from the disk when they are used.

    `label` is a `ClassLabel` (None where a row has none). An uncompressed copy, which can be memory-mapped, is kept in
    `.cache/datasets/` until the split changes; what `map` and `filter` make is kept beside it.
    """
    from datasets import ClassLabel, Dataset, Features, Value  # takes a second to import

    if split not in (names := splits(paths.corpus(task))):
        raise StageError(f"{task} has no split {split!r} (it has: {', '.join(names)})")
    table = paths.corpus(task) / f"{split}.parquet"
    labels = read_metadata(table)["labels"]
    text, label, score, position = Value("string"), ClassLabel(names=labels), Value("float64"), Value("int32")
    columns = {"id": text, "text": text, "label": label, "score": score, "group": text, "position": position}
    features = Features(columns)
    with table.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:16]
    # Not Dataset.from_parquet: it would keep two copies, one with labels as text, and those of every former run.
    mapped = paths.CACHE / "datasets" / task / split / f"{digest}.arrow"
    if not mapped.exists():
        for outdated in mapped.parent.glob("*.arrow"):
            outdated.unlink()
        schema = features.arrow_schema
        with new_file(mapped) as temporary, pa.ipc.new_stream(str(temporary), schema) as out:
            for batch in read_batches(table, schema.names):
                numbers = pc.index_in(batch["label"], value_set=pa.array(labels)).cast(pa.int64())
                values = [numbers if name == "label" else batch[name] for name in schema.names]
                out.write_batch(pa.record_batch(values, schema=schema))
    return Dataset.from_file(str(mapped))
