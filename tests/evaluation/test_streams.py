from itertools import groupby

import numpy as np
import pytest

from decortique.evaluation.decoding import Streams


def test_the_texts_of_a_group_follow_each_other_by_position_wherever_their_rows_stand() -> None:
    streams = Streams.of(["b", "a", "b", "a", "b"], [9, 4, 7, 3, 8])
    assert [found.tolist() for found in streams.members] == [[2, 4, 0], [3, 1]]
    assert len(streams) == 5


def test_only_a_step_over_somebody_elses_text_is_an_interruption() -> None:
    # group a: 1, 2, 4, 9 and group b: 5, 6; the first text of a group follows on nothing
    streams = Streams.of(["a", "a", "a", "a", "b", "b"], [1, 2, 4, 9, 5, 6])
    assert streams.interrupted.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_tells_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.choice(list("abc"), size=30).tolist()
    positions = random.permutation(60)[:30].tolist()
    shuffled = random.permutation(30)
    straight = Streams.of(groups, positions)
    mixed = Streams.of([groups[place] for place in shuffled], [positions[place] for place in shuffled])
    assert {tuple(found) for found in straight.members} == {tuple(shuffled[found]) for found in mixed.members}
    np.testing.assert_array_equal(straight.interrupted[shuffled], mixed.interrupted)


@pytest.mark.parametrize("seed", range(5))
def test_runs_are_those_that_one_counts_by_reading_each_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.choice(list("abcd"), size=40).tolist()
    positions = random.permutation(40).tolist()
    wanted = random.random(40) < 0.6
    expected = []
    for number, group in enumerate(dict.fromkeys(groups)):
        rows = sorted((place for place in range(40) if groups[place] == group), key=lambda place: positions[place])
        stretches = groupby(wanted[place] for place in rows)
        expected += [(number, len(list(found))) for value, found in stretches if value]
    assert list(Streams.of(groups, positions).runs(wanted)) == expected


def test_a_run_does_not_go_on_in_the_next_group() -> None:
    streams = Streams.of(["a", "a", "b", "b"], [0, 1, 2, 3])
    assert list(streams.runs(np.array([False, True, True, False]))) == [(0, 1), (1, 1)]
    assert list(streams.runs(np.zeros(4, bool))) == []
    assert list(streams.runs(np.ones(4, bool))) == [(0, 2), (1, 2)]


def test_a_split_without_rows_has_no_streams() -> None:
    streams = Streams.of([], [])
    assert (len(streams), streams.members) == (0, [])
