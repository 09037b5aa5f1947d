from collections import Counter

import pytest

from decortique.core.files import StageError
from decortique.data.collections import by_group, hold_out, sample_groups, sentence_rows, without_repeats
from decortique.data.corpus import Row, fingerprint


def row(text: str, group: str = "g", position: int = 0) -> Row:
    return Row(f"{group}-{position}", text, None, None, group, position)


def rows(*texts: str, group: str = "g") -> list[Row]:
    return [row(text, group, number) for number, text in enumerate(texts)]


def texts(result: list[Row]) -> list[str]:
    return [one.text for one in result]


MANY = [rows(*(f"text {group} {number}" for number in range(group)), group=f"g{group:02}") for group in range(1, 31)]


def test_texts_are_grouped_in_their_order() -> None:
    mixed = [row("b1", "b", 1), row("a5", "a", 5), row("b0", "b", 0), row("a0", "a", 0)]
    assert [texts(result) for result in by_group(mixed)] == [["a0", "a5"], ["b0", "b1"]]
    assert by_group([]) == []


def test_a_sentence_row_keeps_its_text_id_and_position_in_the_group() -> None:
    long = Row("x", "Dr. Smith came. He left!", "good", 0.5, "g", 7)
    result = sentence_rows([row("One more.", position=9), long, row("...", position=8)], "en")
    assert result == [
        Row("x.0", "Dr. Smith came.", "good", 0.5, "g", 0),
        Row("x.1", "He left!", "good", 0.5, "g", 1),
        Row("g-9.0", "One more.", None, None, "g", 2),
    ]


def test_ids_stay_unique_after_splitting_into_sentences() -> None:
    result = sentence_rows([*rows("One. Two. Three.", "One. Two."), *rows("One.", group="h")], "en")
    assert len({one.id for one in result}) == len(result) == 6
    assert [(one.group, one.position) for one in result] == [*(("g", number) for number in range(5)), ("h", 0)]


def test_the_first_of_repeated_texts_in_a_group_keeps_its_position() -> None:
    groups = [rows("Good.", "Bad.", "good", "Fine", "GOOD !", "bad"), rows("Good.", group="h")]
    assert [texts(result) for result in without_repeats(groups)] == [["Good.", "Bad.", "Fine"], ["Good."]]


def test_no_text_that_occurs_once_is_lost() -> None:
    groups = [rows("a", "b", "c"), rows(":)", ":(", group="h")]
    assert without_repeats(groups) == groups


def test_groups_that_are_too_small_are_left_out() -> None:
    assert [len(result) for result in sample_groups(MANY, min_texts=28, max_groups=None, seed=0)] == [28, 29, 30]
    with pytest.raises(StageError) as caught:
        sample_groups(MANY, min_texts=31, max_groups=None, seed=0)
    assert str(caught.value).startswith("0 groups have 31 texts (the largest has 30), two are needed: lower the ")
    with pytest.raises(StageError, match="1 groups have 30 texts"):
        sample_groups(MANY, min_texts=30, max_groups=None, seed=0)
    with pytest.raises(StageError, match="the largest has 0"):
        sample_groups([], min_texts=2, max_groups=3, seed=0)


def test_groups_are_sampled_by_the_seed_and_keep_their_order() -> None:
    samples = [sample_groups(MANY, min_texts=5, max_groups=10, seed=seed) for seed in (0, 0, 1)]
    sampled = [[rows[0].group for rows in sample] for sample in samples]
    assert all(len(set(names)) == 10 and names == sorted(names) for names in sampled)
    assert sampled[0] == sampled[1]
    assert sampled[0] != sampled[2]
    assert len(sample_groups(MANY, min_texts=21, max_groups=10, seed=0)) == 10
    assert len(sample_groups(MANY, min_texts=22, max_groups=10, seed=0)) == 9


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_held_out_texts_are_never_seen(share: float) -> None:
    groups = without_repeats(
        [rows(*(f"{number % 9} of {group}" for number in range(20)), group=group) for group in "ab"]
    )
    seen, held_out = hold_out(groups, share, seed=0)
    for group in "ab":
        prints = [{fingerprint(one.text) for one in part if one.group == group} for part in (seen, held_out)]
        assert not prints[0] & prints[1]
    assert sorted(one.id for one in [*seen, *held_out]) == sorted(one.id for result in groups for one in result)


def test_a_random_share_of_each_group_is_held_out_and_the_rest_keeps_its_order() -> None:
    groups = [rows(*map(str, range(size)), group=group) for group, size in (("a", 40), ("b", 10))]
    (seen, held_out), again, other = (hold_out(groups, 0.3, seed) for seed in (0, 0, 1))
    assert Counter(one.group for one in held_out) == {"a": 12, "b": 3}
    for part in (seen, held_out):
        positions = [(one.group, one.position) for one in part]
        assert positions == sorted(positions)
    assert texts(held_out) != [*map(str, range(28, 40)), *map(str, range(7, 10))]  # not simply the last ones
    assert (seen, held_out) == again
    assert (seen, held_out) != other


def test_nothing_is_held_out_when_the_share_is_zero() -> None:
    groups = [rows("a", "b"), rows("c", group="h")]
    assert hold_out(groups, 0, seed=0) == ([*groups[0], *groups[1]], [])


@pytest.mark.parametrize(("share", "size"), [(0.5, 2), (0.5, 3), (0.75, 2), (0.9, 3), (0.99, 20)])
def test_every_group_keeps_something_to_summarise(share: float, size: int) -> None:
    seen, _ = hold_out([rows(*map(str, range(size))), rows(*map(str, range(size)), group="h")], share, seed=0)
    assert {one.group for one in seen} == {"g", "h"}
