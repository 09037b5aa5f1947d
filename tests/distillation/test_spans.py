from pathlib import Path

import numpy as np
import pytest

from decortique.distillation.settings import Spans
from decortique.distillation.teacher import sample_spans
from decortique.models.batches import TokenRows
from decortique.models.encoder_files import prefix_texts
from decortique.models.tokenizer import load_tokenizer, special_token_affixes, tokenize_texts
from tests.conftest import TEXTS, write_encoder

# Two tokens before each text, one behind it; each text's own tokens are its place times 100, then 1, 2, 3 …
HEAD, TAIL = [8, 9], [7]
LENGTHS = [10, 1, 4, 37, 2]
ROWS = TokenRows.of(
    [[*HEAD, *range(100 * number, 100 * number + n), *TAIL] for number, n in enumerate(LENGTHS, start=1)]
)
SOME = Spans(copies=2, shortest=0.2, longest=0.8)


def inside(made: TokenRows) -> list[list[int]]:
    """Return the ids between the affixes, which every span has."""
    spans = []
    for number in range(len(made)):
        ids = made[number][1].tolist()
        assert (ids[: len(HEAD)], ids[-len(TAIL) :]) == (HEAD, TAIL)
        spans.append(ids[len(HEAD) : -len(TAIL)])
    return spans


def is_run(ids: list[int], number: int) -> bool:
    """Return whether the ids are consecutive in a text."""
    last = 100 * number + LENGTHS[number - 1]
    return bool(ids) and ids == list(range(ids[0], ids[0] + len(ids))) and 100 * number <= ids[0] and ids[-1] < last


def test_each_copy_is_a_span_of_each_text_then_spans_of_pairs() -> None:
    spans = inside(sample_spans(ROWS, (HEAD, TAIL), SOME))
    assert len(spans) == 2 * 2 * len(ROWS)
    for copy in (spans[:10], spans[10:]):
        for number, ids in enumerate(copy[:5], start=1):
            assert is_run(ids, number)
        for number, ids in enumerate(copy[5:], start=1):
            cuts = [cut for cut in range(1, len(ids)) if is_run(ids[:cut], number)]
            assert any(is_run(ids[cut:], other) for cut in cuts for other in range(1, 6)), ids
        assert len({ids[-1] // 100 for ids in copy[5:]}) > 1
        assert [ids[-1] // 100 for ids in copy[5:]] != [1, 2, 3, 4, 5]  # another text's, not its own


@pytest.mark.parametrize(("shortest", "longest"), [(0.2, 0.8), (0.5, 0.5), (0.01, 0.02)])
def test_a_piece_is_as_long_as_asked_and_never_empty(shortest: float, longest: float) -> None:
    made = sample_spans(ROWS, (HEAD, TAIL), Spans(copies=20, shortest=shortest, longest=longest))
    lengths = np.array([len(ids) for ids in inside(made)]).reshape(20, 2, 5)
    low, high = (np.maximum(1, np.round(share * np.array(LENGTHS))) for share in (shortest, longest))
    assert (low <= lengths[:, 0]).all()
    assert (lengths[:, 0] <= high).all()
    assert (low + low.min() <= lengths[:, 1]).all()
    assert (lengths[:, 1] <= high + high.max()).all()
    if longest - shortest > 0.5:  # all lengths in between, not one
        assert len(np.unique(lengths[:, 0, 3])) > 10


def test_two_spans_together_are_no_longer_than_the_longest_text() -> None:
    made = sample_spans(ROWS, (HEAD, TAIL), Spans(copies=20, shortest=0.9, longest=1.0))
    assert made.lengths.max() == ROWS.lengths.max()
    for ids in inside(made)[8::10]:  # those of the fourth text, the longest, and another: what is cut is the other
        assert is_run(ids[:33], 4)
        assert len(ids) <= max(LENGTHS)


def test_a_whole_text_is_a_piece_of_itself() -> None:
    spans = inside(sample_spans(ROWS, (HEAD, TAIL), Spans(copies=1, shortest=1.0, longest=1.0)))
    assert spans[:5] == [list(range(100 * number, 100 * number + n)) for number, n in enumerate(LENGTHS, start=1)]


def test_pieces_begin_anywhere_and_go_to_the_end() -> None:
    spans = inside(sample_spans(ROWS, (HEAD, TAIL), Spans(copies=200, shortest=0.2, longest=0.3)))
    of_fourth = [ids for number, ids in enumerate(spans) if number % 10 == 3]
    assert {ids[0] for ids in of_fourth} >= set(range(400, 426))
    assert {ids[-1] for ids in of_fourth} >= {410, 436}


def test_spans_are_the_same_in_every_run_so_that_teacher_outputs_are_reused() -> None:
    first, again = (sample_spans(ROWS, (HEAD, TAIL), SOME) for _ in range(2))
    np.testing.assert_array_equal(first.ids, again.ids)
    np.testing.assert_array_equal(first.starts, again.starts)
    assert first.ids.dtype == ROWS.ids.dtype


def test_texts_of_one_token_or_none_do_not_stop_a_student() -> None:
    few = TokenRows.of([[*HEAD, 5, *TAIL], [*HEAD, *TAIL]])
    spans = inside(sample_spans(few, (HEAD, TAIL), SOME))
    assert [spans[0], spans[1]] == [[5], []]
    assert set(map(tuple, spans)) <= {(), (5,), (5, 5)}


@pytest.mark.parametrize("prefix", ["", "the film : "])
def test_spans_of_real_texts_have_the_affixes_of_texts(tmp_path: Path, prefix: str) -> None:
    folder = write_encoder(tmp_path / "bert")
    if prefix:
        prefix_texts(folder, prefix)
    tokenizer = load_tokenizer(folder)
    rows = TokenRows.of(tokenize_texts(tokenizer, TEXTS).input_ids)
    head, tail = special_token_affixes(tokenizer)
    made = sample_spans(rows, (head, tail), SOME)
    (prefixed,) = tokenize_texts(tokenizer, ["!"]).input_ids
    assert head == prefixed[:-2]
    for number in range(len(made)):
        ids = made[number][1].tolist()
        assert ids[: len(head)] == head
        assert ids[-1:] == tail
        own = {token for row in range(len(rows)) for token in rows[row][1][len(head) : -1].tolist()}
        assert set(ids[len(head) : -1]) <= own
