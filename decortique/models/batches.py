"""Token rows → batches of near-equal lengths, and what is computed of them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from decortique.core.tables import read_batches

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TokenRows(Dataset[tuple[int, np.ndarray]]):
    """Token ids of many texts in one flat array, padding stripped: text `i` is `ids[starts[i]:starts[i + 1]]`."""

    ids: np.ndarray  # (tokens,) int32
    starts: np.ndarray  # (texts + 1,) int64

    @classmethod
    def of(cls, lists: Sequence[Sequence[int] | np.ndarray]) -> "TokenRows":
        """Flattens lists of ids."""
        lengths = np.fromiter((len(ids) for ids in lists), np.int64, len(lists))
        flat = np.concatenate([np.asarray(ids, np.int32) for ids in lists]) if len(lists) else np.empty(0, np.int32)
        return cls(flat, np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def of_batch(cls, batch: pa.RecordBatch) -> "TokenRows":
        """Takes rows of a table of `tokenize`, without their padding."""
        masks = batch.column("attention_mask")
        real = masks.flatten().to_numpy().astype(bool)
        offsets = masks.offsets.to_numpy() - masks.offsets[0].as_py()
        return cls(
            batch.column("input_ids").flatten().to_numpy()[real], np.concatenate([[0], np.cumsum(real)])[offsets]
        )

    @classmethod
    def read(cls, path: Path) -> "TokenRows":
        """Reads a whole table of `tokenize`."""
        parts = [cls.of_batch(batch) for batch in read_batches(path, ["input_ids", "attention_mask"])]
        lengths = np.concatenate([np.zeros(1, np.int64), *(part.lengths for part in parts)])
        return cls(np.concatenate([np.empty(0, np.int32), *(part.ids for part in parts)]), np.cumsum(lengths))

    def and_those(self, other: "TokenRows") -> "TokenRows":
        """Gives the texts of both."""
        return TokenRows(
            np.concatenate([self.ids, other.ids]), np.concatenate([self.starts, self.starts[-1] + other.starts[1:]])
        )

    def chosen(self, places: np.ndarray) -> "TokenRows":
        """Gives some of the texts."""
        return TokenRows.of([self[place][1] for place in places])

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> tuple[int, np.ndarray]:
        return place, self.ids[self.starts[place] : self.starts[place + 1]]


class LengthBuckets(Sampler[list[int]]):
    """Shuffled batches of texts of near-equal length.

    Each epoch shuffles all texts, sorts within windows of many batches, and shuffles the batches: the order stays
    random, while a batch is padded to little more than each of its texts. It depends on nothing but the seed and the
    number of the epoch, so that any epoch can be gone on with in its middle.
    """

    WINDOW = 50  # batches sorted together: enough to waste below 3 % on padding, few enough to keep epochs different

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int) -> None:
        """Prepares epochs over texts of these `lengths`, all random choices from `seed`."""
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        self.epoch, self.skipped = 1, 0

    def begin(self, epoch: int, skipped: int = 0) -> None:
        """Chooses the epoch of the next iteration, and how many of its batches to leave out at its start."""
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
        return iter([batches[place] for place in random.permutation(len(batches))[self.skipped :]])


def by_length(order: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Sorts positions by the length of their texts, longest first, ties left as they were."""
    return order[np.argsort(-lengths[order], kind="stable")]


@dataclass(frozen=True, slots=True)
class Collate:
    """Makes a batch of texts: pads them to their longest, and adds what belongs to each (labels, teacher outputs)."""

    padding_id: int
    extras: Mapping[str, torch.Tensor]

    def __call__(self, items: Sequence[tuple[int, np.ndarray]]) -> Batch:
        """Gives `input_ids` and `attention_mask` (batch, length), and each extra (batch, …)."""
        places = torch.tensor([place for place, _ in items])
        longest = max(len(ids) for _, ids in items)
        input_ids = torch.full((len(items), longest), self.padding_id, dtype=torch.long)
        attention_mask = torch.zeros((len(items), longest), dtype=torch.long)
        for row, (_, ids) in enumerate(items):
            input_ids[row, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            attention_mask[row, : len(ids)] = 1
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            **{name: values[places] for name, values in self.extras.items()},
        }


class Batches(DataLoader[tuple[int, np.ndarray]]):
    """The loader of training batches: texts of near-equal length, padded, with what belongs to each."""

    def __init__(
        self, rows: TokenRows, extras: Mapping[str, torch.Tensor], *, padding_id: int, batch_size: int, seed: int
    ) -> None:
        """Prepares epochs.

        Args:
            rows: the texts.
            extras: (texts, …) values, of which each batch gets those of its texts.
            padding_id: token id that fills a batch.
            batch_size: texts at once.
            seed: of the order.
        """
        self.rows, self.extras, self.buckets = rows, extras, LengthBuckets(rows.lengths, batch_size, seed)
        super().__init__(rows, batch_sampler=self.buckets, collate_fn=Collate(padding_id, extras))

    def epoch(self, number: int, skipped: int = 0) -> Iterator[Batch]:
        """Gives the batches of an epoch, counted from 1, from the first that is not skipped."""
        self.buckets.begin(number, skipped)
        return iter(self)


def in_batches(rows: TokenRows, batch_size: int, padding_id: int) -> Iterator[tuple[np.ndarray, Batch]]:
    """Yields (places, batch) with the longest texts first, so that too large a batch fails at once."""
    order = by_length(np.arange(len(rows)), rows.lengths)
    collate = Collate(padding_id, {})
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        yield places, collate([rows[place] for place in places])


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
    """Computes one vector a text.

    Args:
        rows: the texts' token ids.
        compute: a batch on `device` → (batch, …) values.
        batch_size: texts at once.
        padding_id: token id that fills a batch.
        device: where `compute` computes.
        done: told how many texts each batch held.

    Returns:
        (texts, …) float32, in the order of `rows`.
    """
    result: np.ndarray | None = None
    for places, batch in in_batches(rows, batch_size, padding_id):
        values = compute({name: values.to(device) for name, values in batch.items()}).float().cpu().numpy()
        if result is None:
            result = np.empty((len(rows), *values.shape[1:]), np.float32)
        result[places] = values
        done(len(places))
    return np.empty((0, 0), np.float32) if result is None else result
