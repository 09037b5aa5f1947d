from itertools import groupby

import numpy as np
import pytest

from decortique.evaluation.decoding import Streams


def test_texts_of_a_group_are_ordered_by_position_in_any_order_of_rows() -> None:
    streams = Streams.of(["b", "a", "b", "a", "b"], [9, 4, 7, 3, 8])
    assert [members.tolist() for members in streams.members] == [[2, 4, 0], [3, 1]]
    assert len(streams) == 5


def test_only_a_skipped_text_of_another_group_is_an_interruption() -> None:
    # group a: 1, 2, 4, 9 and group b: 5, 6; the first text of a group follows on nothing
    streams = Streams.of(["a", "a", "a", "a", "b", "b"], [1, 2, 4, 9, 5, 6])
    assert streams.interrupted.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize("seed", range(5))
def test_streams_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.choice(list("abc"), size=30).tolist()
    positions = random.permutation(60)[:30].tolist()
    shuffled = random.permutation(30)
    straight = Streams.of(groups, positions)
    mixed = Streams.of([groups[index] for index in shuffled], [positions[index] for index in shuffled])
    assert {tuple(members) for members in straight.members} == {tuple(shuffled[members]) for members in mixed.members}
    np.testing.assert_array_equal(straight.interrupted[shuffled], mixed.interrupted)


@pytest.mark.parametrize("seed", range(5))
def test_runs_match_a_count_group_by_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.choice(list("abcd"), size=40).tolist()
    positions = random.permutation(40).tolist()
    wanted = random.random(40) < 0.6
    expected = []
    for number, group in enumerate(dict.fromkeys(groups)):
        rows = sorted((index for index in range(40) if groups[index] == group), key=lambda index: positions[index])
        stretches = groupby(wanted[index] for index in rows)
        expected += [(number, len(list(stretch))) for value, stretch in stretches if value]
    assert list(Streams.of(groups, positions).runs(wanted)) == expected


def test_a_run_does_not_continue_in_the_next_group() -> None:
    streams = Streams.of(["a", "a", "b", "b"], [0, 1, 2, 3])
    assert list(streams.runs(np.array([False, True, True, False]))) == [(0, 1), (1, 1)]
    assert list(streams.runs(np.zeros(4, bool))) == []
    assert list(streams.runs(np.ones(4, bool))) == [(0, 2), (1, 2)]


def test_a_split_without_rows_has_no_streams() -> None:
    streams = Streams.of([], [])
    assert (len(streams), streams.members) == (0, [])
