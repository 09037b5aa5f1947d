from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from decortique.core.tables import TOKENS, read_batches, write_table
from decortique.models.batches import Collate, LengthBuckets, TokenRows, by_length
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import tokenize_settings

IDS = [[2, 5, 3], [2, 3], [2, 6, 7, 8, 3], [], [2, 0, 3]]  # the last holds the padding id as a real token


def write_tokens(path: Path, tokenizer: PreTrainedTokenizerBase, ids: list[list[int]], padding: str) -> Path:
    padded = tokenizer.pad({"input_ids": ids}, padding, 8, verbose=False)
    with write_table(path, TOKENS) as append:
        append(
            {
                "id": [str(index) for index in range(len(ids))],
                "input_ids": padded["input_ids"],
                "attention_mask": padded["attention_mask"],
                "length": [len(one) for one in ids],
                "truncated": [False] * len(ids),
            }
        )
    return path


def lists(rows: TokenRows) -> list[list[int]]:
    return [rows[index][1].tolist() for index in range(len(rows))]


def test_token_lists_are_returned_unchanged() -> None:
    rows = TokenRows.of(IDS)
    assert lists(rows) == IDS
    assert rows.lengths.tolist() == [3, 2, 5, 0, 3]
    assert rows[2][0] == 2


def test_no_texts_give_no_rows() -> None:
    assert len(TokenRows.of([])) == 0


def test_the_texts_of_two_tables_are_concatenated() -> None:
    rows = TokenRows.of(IDS)
    assert lists(rows.concatenate(TokenRows.of([[9], [8, 7]]))) == [*IDS, [9], [8, 7]]
    for nothing in (TokenRows.of([]).concatenate(rows), rows.concatenate(TokenRows.of([]))):
        assert lists(nothing) == IDS


@pytest.mark.parametrize("indices", [[4, 0, 0], [2], []])
def test_chosen_texts_come_in_the_order_in_which_they_are_chosen(indices: list[int]) -> None:
    chosen = TokenRows.of(IDS).select(np.array(indices, np.int64))
    assert lists(chosen) == [IDS[index] for index in indices]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("padding", ["max_length", "longest"])
def test_stored_padding_never_reaches_a_model(tmp_path: Path, encoder: Path, side: str, padding: str) -> None:
    tokenizer = load_tokenizer(encoder, tokenize_settings(padding_side=side))
    path = write_tokens(tmp_path / "train.parquet", tokenizer, IDS, padding)
    assert lists(TokenRows.read(path)) == IDS
    for start, stop in ((0, 5), (1, 4), (2, 2), (4, 5)):
        (batch,) = read_batches(path)
        assert lists(TokenRows.of_batch(batch.slice(start, stop - start))) == IDS[start:stop]


def test_a_table_of_many_row_groups_is_read_whole(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    ids = [[2, *range(5, 5 + number % 5), 3] for number in range(9000)]
    assert lists(TokenRows.read(write_tokens(tmp_path / "train.parquet", tokenizer, ids, "max_length"))) == ids


LENGTHS = np.random.default_rng(0).integers(3, 60, size=1003)


def test_an_epoch_shows_every_text_once() -> None:
    buckets = LengthBuckets(LENGTHS, batch_size=8, seed=0)
    for _ in range(2):
        batches = list(buckets)
        assert Counter(index for batch in batches for index in batch) == Counter(range(1003))
        assert len(batches) == len(buckets) == 126
        assert max(map(len, batches)) == 8


def test_epochs_differ_but_the_same_seed_gives_the_same_epochs() -> None:
    first, again, other = (LengthBuckets(LENGTHS, 8, seed) for seed in (0, 0, 1))
    epochs = []
    for buckets in (first, again, other):
        epochs.append([list(buckets)])
        buckets.set_epoch(2)
        epochs[-1].append(list(buckets))
    assert epochs[0][0] != epochs[0][1]
    assert epochs[0] == epochs[1]
    assert epochs[0][0] != epochs[2][0]


def test_an_epoch_can_be_resumed_in_its_middle() -> None:
    buckets = LengthBuckets(LENGTHS, 8, seed=0)
    buckets.set_epoch(3)
    whole = list(buckets)
    buckets.set_epoch(3, skipped=5)
    assert list(buckets) == whole[5:]


def test_batches_have_little_padding() -> None:
    cells = sum(max(LENGTHS[batch]) * len(batch) for batch in LengthBuckets(LENGTHS, 8, seed=0))
    shuffled = np.random.default_rng(0).permutation(LENGTHS)
    naive = sum(max(shuffled[start : start + 8]) * len(shuffled[start : start + 8]) for start in range(0, 1003, 8))
    assert 1 - LENGTHS.sum() / cells < 0.05
    assert 1 - LENGTHS.sum() / naive > 0.3


def test_batches_of_long_and_short_texts_are_shuffled() -> None:
    means = [LENGTHS[batch].mean() for batch in LengthBuckets(LENGTHS, 8, seed=0)]
    assert means != sorted(means)
    assert means != sorted(means, reverse=True)


def test_equally_long_texts_keep_their_order() -> None:
    assert by_length(np.arange(5), np.array([1, 3, 3, 2, 3])).tolist() == [1, 2, 4, 3, 0]


def test_a_batch_is_padded_to_its_longest_text_and_keeps_its_targets() -> None:
    rows = TokenRows.of(IDS)
    grades = torch.tensor([10, 11, 12, 13, 14])
    batch = Collate(9, {"labels": grades, "teacher": grades[:, None] * torch.ones(2)})([rows[4], rows[1], rows[0]])
    assert batch["input_ids"].tolist() == [[2, 0, 3], [2, 3, 9], [2, 5, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [14, 11, 10]
    assert batch["teacher"].tolist() == [[14, 14], [11, 11], [10, 10]]
    assert batch["input_ids"].dtype == torch.long
