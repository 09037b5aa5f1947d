"""What models read: token rows, batches of near-equal lengths, examples, and the share of a batch in each process."""

import atexit
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import distributed, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.tables import read_batches, read_columns

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TokenRows(Dataset[tuple[int, np.ndarray]]):
    """Token ids of many texts in one flat array, padding stripped: text `i` is `ids[starts[i]:starts[i + 1]]`."""

    ids: np.ndarray  # (tokens,) int32
    starts: np.ndarray  # (texts + 1,) int64

    @classmethod
    def of(cls, lists: Sequence[Sequence[int] | np.ndarray]) -> "TokenRows":
        """Flatten lists of ids."""
        lengths = np.fromiter((len(ids) for ids in lists), np.int64, len(lists))
        flat = np.concatenate([np.asarray(ids, np.int32) for ids in lists]) if len(lists) else np.empty(0, np.int32)
        return cls(flat, np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def of_batch(cls, batch: pa.RecordBatch) -> "TokenRows":
        """Take rows of a table of stage `tokenize`, without their padding."""
        masks = batch.column("attention_mask")
        real = masks.flatten().to_numpy().astype(bool)
        offsets = masks.offsets.to_numpy() - masks.offsets[0].as_py()
        return cls(
            batch.column("input_ids").flatten().to_numpy()[real], np.concatenate([[0], np.cumsum(real)])[offsets]
        )

    @classmethod
    def read(cls, path: Path) -> "TokenRows":
        """Read a whole table of stage `tokenize`."""
        parts = [cls.of_batch(batch) for batch in read_batches(path, ["input_ids", "attention_mask"])]
        lengths = np.concatenate([np.zeros(1, np.int64), *(part.lengths for part in parts)])
        return cls(np.concatenate([np.empty(0, np.int32), *(part.ids for part in parts)]), np.cumsum(lengths))

    def concatenate(self, other: "TokenRows") -> "TokenRows":
        """Return the texts of both."""
        return TokenRows(
            np.concatenate([self.ids, other.ids]), np.concatenate([self.starts, self.starts[-1] + other.starts[1:]])
        )

    def select(self, indices: np.ndarray) -> "TokenRows":
        """Return some of the texts, in the order of `indices`."""
        return TokenRows.of([self[index][1] for index in indices])

    @property
    def lengths(self) -> np.ndarray:
        """(texts,) numbers of tokens."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> tuple[int, np.ndarray]:
        return index, self.ids[self.starts[index] : self.starts[index + 1]]


class LengthBuckets(Sampler[list[int]]):
    """Shuffled batches of texts of near-equal length.

    Each epoch shuffles all texts, sorts within windows of many batches, and shuffles the batches: the order stays
    random, while a batch is padded to little more than each of its texts. It depends on the seed and the number of the
    epoch only, so that a training can resume in the middle of an epoch.
    """

    WINDOW = 50  # batches sorted together: enough to waste below 3 % on padding, few enough to keep epochs different

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        self.epoch, self.skipped = 1, 0

    def set_epoch(self, epoch: int, skipped: int = 0) -> None:
        """Choose the epoch of the next iteration, and how many batches to skip at its start."""
        self.epoch, self.skipped = epoch, skipped

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.lengths))
        window = self.batch_size * self.WINDOW
        batches = [
            part[start : start + self.batch_size].tolist()
            for part in (by_length(order[i : i + window], self.lengths) for i in range(0, len(order), window))
            for start in range(0, len(part), self.batch_size)
        ]
        return iter([batches[index] for index in random.permutation(len(batches))[self.skipped :]])


def by_length(order: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Sort indices by the length of their texts, longest first, ties left as they were."""
    return order[np.argsort(-lengths[order], kind="stable")]


@dataclass(frozen=True, slots=True)
class Collate:
    """Pad texts to the longest of their batch; add the targets (labels, teacher outputs)."""

    padding_id: int
    targets: Mapping[str, torch.Tensor]  # (texts, …)

    def __call__(self, items: Sequence[tuple[int, np.ndarray]]) -> Batch:
        """Return `input_ids` and `attention_mask` (batch, length), and each target (batch, …)."""
        indices = torch.tensor([index for index, _ in items])
        longest = max(len(ids) for _, ids in items)
        input_ids = torch.full((len(items), longest), self.padding_id, dtype=torch.long)
        attention_mask = torch.zeros((len(items), longest), dtype=torch.long)
        for row, (_, ids) in enumerate(items):
            input_ids[row, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            attention_mask[row, : len(ids)] = 1
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            **{name: values[indices] for name, values in self.targets.items()},
        }


class Batches(DataLoader[tuple[int, np.ndarray]]):
    """The loader of training batches, with `targets` of (texts, …) beside the token ids."""

    def __init__(
        self, rows: TokenRows, targets: Mapping[str, torch.Tensor], *, padding_id: int, batch_size: int, seed: int
    ) -> None:
        self.buckets = LengthBuckets(rows.lengths, batch_size, seed)
        super().__init__(rows, batch_sampler=self.buckets, collate_fn=Collate(padding_id, targets))

    def epoch(self, number: int, skipped: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch, counted from 1, without the first `skipped`."""
        self.buckets.set_epoch(number, skipped)
        return iter(self)


def in_batches(rows: TokenRows, batch_size: int, padding_id: int) -> Iterator[tuple[np.ndarray, Batch]]:
    """Yield (indices, batch) with the longest texts first, so that too large a batch fails at once."""
    order = by_length(np.arange(len(rows)), rows.lengths)
    collate = Collate(padding_id, {})
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        yield indices, collate([rows[index] for index in indices])


@torch.inference_mode()
def encode(
    rows: TokenRows,
    compute: Callable[[Batch], torch.Tensor],
    *,
    batch_size: int,
    padding_id: int,
    device: torch.device,
    done: Callable[[int], object] = lambda _: None,
) -> np.ndarray:
    """Return (texts, …) float32 in the order of `rows`.

    `compute` turns a batch on `device` into (batch, …) values; `done` is called with the number of texts of each batch.
    """
    result: np.ndarray | None = None
    for indices, batch in in_batches(rows, batch_size, padding_id):
        values = compute({name: values.to(device) for name, values in batch.items()}).float().cpu().numpy()
        if result is None:
            result = np.empty((len(rows), *values.shape[1:]), np.float32)
        result[indices] = values
        done(len(indices))
    return np.empty((0, 0), np.float32) if result is None else result


UNKNOWN = -1  # the class number of a text without a label


@dataclass(frozen=True, slots=True)
class Examples:
    """The texts of one split, with what is known of each."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) int64 class numbers, UNKNOWN where there is none
    scores: np.ndarray  # (texts,) float32 of the corpus, NaN where there is none

    @classmethod
    def read(cls, task: str, split: str, labels: Sequence[str]) -> "Examples":
        """Read one split of a task.

        Raises:
            StageError: tokens and corpus are not of the same rows.
        """
        corpus, tokens = paths.corpus(task) / f"{split}.parquet", paths.tokens(task) / f"{split}.parquet"
        columns = read_columns(corpus, ["id", "label", "score"])
        if columns["id"] != read_columns(tokens, ["id"])["id"]:
            raise StageError(f"{tokens} does not hold the rows of {corpus}: run `dvc repro` to tokenize them again")
        numbers: dict[str | None, int] = {None: UNKNOWN, **{label: number for number, label in enumerate(labels)}}
        return cls(
            TokenRows.read(tokens),
            np.array([numbers[label] for label in columns["label"]], np.int64),
            np.array(columns["score"], np.float32),  # None becomes NaN
        )


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those that train one model together, started by `accelerate launch` or `torchrun`.

    Each process holds the whole model and takes its share of every batch. After the backward pass they average their
    gradients, and so all make the same step: as many texts to a step as with one process, only sooner. Files and curves
    are written by process 0.
    """

    device: torch.device
    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls, device: torch.device) -> "Processes":
        """Join the other processes, if there are any."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(device)
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(distributed.destroy_process_group)
        return cls(device, distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def share(self, batch: Batch) -> tuple[Batch, float]:
        """Return this process's texts of a batch, and the factor by which the mean over them counts.

        The mean over all processes of factor · mean of the share is then the mean of the batch, also where the shares
        differ in size. A process without a text computes on one of another's, with the factor 0.
        """
        if self.count == 1:
            return batch, 1.0
        texts = len(batch["input_ids"])
        own = len(range(self.rank, texts, self.count))
        indices = slice(self.rank, None, self.count) if own else slice(0, 1)
        return {name: values[indices] for name, values in batch.items()}, own * self.count / texts

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean over the processes of a tensor that each of them has."""
        if self.count > 1:
            distributed.all_reduce(values)
            values /= self.count
        return values

    def any(self, flag: bool) -> bool:  # noqa: FBT001
        """Return whether the flag is set in any process."""
        return flag if self.count == 1 else bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def average_gradients(self, model: nn.Module) -> None:
        """Replace the gradients of each process by their mean over all, in one message."""
        if self.count == 1:
            return
        trained = [values for values in model.parameters() if values.requires_grad]
        for values in trained:
            if values.grad is None:
                values.grad = torch.zeros_like(values)
        gradients = [values.grad for values in trained if values.grad is not None]
        mean = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(gradients, torch.split(mean, [one.numel() for one in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))
