from collections import Counter

import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row, sample
from decortique.data.settings import Split
from decortique.data.splitting import (
    limit_groups,
    remove_duplicates,
    remove_near_duplicates,
    repeated,
    similar_to_earlier,
    split_rows,
)


def row(number: int, text: str = "", label: str | None = None, group: str = "") -> Row:
    name = f"r{number}"
    chosen = label or ("positive" if number % 4 == 0 else "negative")
    return Row(name, text or f"text {number}", chosen, None, group or name, number)


def rule(**changes: object) -> Split:
    return Split.model_validate({"validation": 0.2, "test": 0.1, "keep_groups": False, "seed": 0, **changes})


def ids(splits: dict[str, list[Row]]) -> dict[str, list[str]]:
    return {name: [item.id for item in subset] for name, subset in splits.items()}


ROWS = [row(number) for number in range(200)]


def test_every_row_goes_to_one_split_of_the_size_asked_for() -> None:
    splits = split_rows({"all": ROWS}, rule())
    assert {name: len(subset) for name, subset in splits.items()} == {"test": 20, "validation": 40, "train": 140}
    assert sorted(sum(ids(splits).values(), [])) == sorted(item.id for item in ROWS)  # noqa: RUF017  (three lists)


def test_every_split_is_stratified_by_label() -> None:
    splits = split_rows({"all": ROWS}, rule())
    shares = {name: Counter(item.label for item in subset)["positive"] / len(subset) for name, subset in splits.items()}
    assert shares == {"test": 0.25, "validation": 0.25, "train": 0.25}


def test_the_rows_of_a_split_keep_the_order_of_the_corpus() -> None:
    for subset in split_rows({"all": ROWS}, rule()).values():
        assert [item.position for item in subset] == sorted(item.position for item in subset)


def test_the_same_seed_gives_the_same_splits_and_another_seed_others() -> None:
    assert ids(split_rows({"all": ROWS}, rule())) == ids(split_rows({"all": ROWS}, rule()))
    assert ids(split_rows({"all": ROWS}, rule())) != ids(split_rows({"all": ROWS}, rule(seed=1)))


@pytest.mark.parametrize("seed", range(5))
def test_a_speech_is_never_in_two_splits(seed: int) -> None:
    rows = [row(number, group=f"speech-{number // 5}") for number in range(200)]
    splits = split_rows({"all": rows}, rule(keep_groups=True, seed=seed))
    groups = {name: {item.group for item in subset} for name, subset in splits.items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    assert {name: len(subset) for name, subset in splits.items()} == pytest.approx(
        {"test": 20, "validation": 40, "train": 140}, abs=10
    )


SPEECHES = [row(number, group=f"speech-{number // 5}") for number in range(200)]


def test_over_all_folds_each_speech_is_tested_on_once() -> None:
    tested = [split_rows({"all": SPEECHES}, rule(test=0.25, keep_groups=True, fold=fold))["test"] for fold in range(4)]
    assert sorted(item.position for subset in tested for item in subset) == list(range(200))
    assert Counter(group for subset in tested for group in {item.group for item in subset}) == {
        f"speech-{number}": 1 for number in range(40)
    }


def test_the_first_fold_is_the_test_split_used_without_folds() -> None:
    """The expected groups were assigned by the version of the code without folds."""
    subset = split_rows({"all": SPEECHES}, rule(test=0.25, keep_groups=True))
    assert {int(item.group.removeprefix("speech-")) for item in subset["test"]} == {1, 4, 9, 11, 21, 22, 29, 30, 32, 33}


DEBATES = [row(number, group=f"{1 + number // 80}st-{number // 10 % 8:02d}") for number in range(240)]


def test_named_groups_are_the_test_split_and_validation_is_a_share_of_the_others() -> None:
    splits = split_rows({"all": DEBATES}, rule(test=["3st-*", "1st-07"], keep_groups=True))
    assert {item.group for item in splits["test"]} == {"1st-07", *(f"3st-{number:02d}" for number in range(8))}
    assert len(splits["validation"]) == pytest.approx(0.2 * 150, abs=10)
    assert len(splits["train"]) + len(splits["validation"]) == 150
    assert not {item.group for item in splits["train"]} & {item.group for item in splits["validation"]}


def test_a_test_of_unknown_groups_is_refused_with_the_available_ones() -> None:
    with pytest.raises(StageError, match=r"no group is named '3RD-\*' \(there are: 1st-00, 1st-01, .*, …\)"):
        split_rows({"all": DEBATES}, rule(test=["1st-*", "3RD-*"], keep_groups=True))


def test_a_test_that_takes_every_group_is_refused() -> None:
    with pytest.raises(StageError, match=r"split\.test takes all 24 groups"):
        split_rows({"all": DEBATES}, rule(test=["*"], keep_groups=True))


def test_a_split_without_any_group_is_refused() -> None:
    rows = [row(number, group="one speech") for number in range(200)]
    with pytest.raises(StageError, match=r"200 rows in 1 groups cannot be split for test"):
        split_rows({"all": rows}, rule(keep_groups=True))


def test_a_given_test_file_stays_whole_and_validation_comes_from_the_rest() -> None:
    own = [row(1000 + number) for number in range(30)]
    splits = split_rows({"all": ROWS, "test": own}, rule())
    assert splits["test"] == own
    assert {name: len(subset) for name, subset in splits.items()} == {"test": 30, "validation": 40, "train": 160}


def test_given_train_and_test_files_need_no_file_for_all() -> None:
    own = [row(1000 + number) for number in range(30)]
    splits = split_rows({"train": ROWS, "test": own}, rule())
    assert splits["test"] == own
    assert len(splits["train"]) + len(splits["validation"]) == len(ROWS)
    assert len(splits["validation"]) == 40


def test_three_given_files_are_left_unchanged() -> None:
    given = {"train": ROWS[:100], "validation": ROWS[100:150], "test": ROWS[150:]}
    assert split_rows(given, rule()) == given


def test_other_uses_are_left_unchanged() -> None:
    far, new = [row(1001)], [row(1002)]
    splits = split_rows({"all": ROWS, "transfer-far": far, "unlabelled": new}, rule())
    assert (splits["transfer-far"], splits["unlabelled"]) == (far, new)


@pytest.mark.parametrize("keep_groups", [False, True])
def test_a_corpus_too_small_to_split_is_refused_with_its_rarest_label(*, keep_groups: bool) -> None:
    rows = [row(0, label="positive"), *(row(number, label="negative") for number in range(1, 8))]
    rows = [row(item.position, label=item.label, group="one speech") for item in rows]
    with pytest.raises(StageError, match=r"8 rows.* cannot be split for test .* 'positive', has 1"):
        split_rows({"all": rows}, rule(keep_groups=keep_groups))


def test_no_test_text_is_trained_on() -> None:
    splits = {
        "train": [row(1, "same"), row(2, "Other!"), row(3, "only in train")],
        "validation": [row(4, "SAME"), row(5, "other"), row(6, "only in validation")],
        "test": [row(7, "same."), row(8, "only in test")],
        "unlabelled": [row(9, "same"), row(10, "only in train")],
        "transfer-far": [row(11, "same"), row(12, "only in train"), row(13, "only far")],
        "transfer-near": [row(14, "only far")],
    }
    kept, removed = remove_duplicates(splits)
    assert ids(kept) == {
        "test": ["r7", "r8"],
        "validation": ["r5", "r6"],
        "train": ["r3"],
        "unlabelled": ["r9", "r10"],
        "transfer-far": ["r13"],
        "transfer-near": ["r14"],
    }
    assert removed == {"train": 2, "validation": 1, "test": 0, "unlabelled": 0, "transfer-far": 2, "transfer-near": 0}


def test_a_text_repeated_in_the_test_set_is_tested_twice() -> None:
    kept, removed = remove_duplicates({"test": [row(1, "same"), row(2, "same")], "train": [row(3, "other")]})
    assert ids(kept) == {"test": ["r1", "r2"], "train": ["r3"]}
    assert removed == {"test": 0, "train": 0}


def test_different_smileys_are_different_texts() -> None:
    kept, _ = remove_duplicates({"test": [row(1, ":)")], "train": [row(2, ":("), row(3, ":)")]})
    assert ids(kept) == {"test": ["r1"], "train": ["r2"]}


def test_repeated_sentences_of_streams_are_counted_but_not_removed() -> None:
    splits = {
        "train": [row(1, "Thank you."), row(2, "only in train"), row(3, "Thank you!")],
        "test": [row(4, "thank you"), row(5, "thank you")],
        "validation": [row(6, "Thank you."), row(7, "only in validation")],
        "unlabelled": [row(8, "only in train")],
    }
    assert {name: sum(again) for name, again in repeated(splits).items()} == {
        "test": 0,
        "validation": 1,
        "train": 2,
        "unlabelled": 1,
    }


FILM = "the film is good and the plot is {}"  # two of these share 8 of 12 pairs of words


def test_no_near_duplicate_of_a_test_text_is_trained_on() -> None:
    splits = {
        "pool": [
            row(1, FILM.format("far")),
            row(2, "new " + FILM.format("thin")),
            row(3, "a shot in the dark"),
            row(15, "fresh"),
        ],
        "train": [row(4, FILM.format("thick")), row(5, "an actor who can sing"), row(6, "only in train, and long")],
        "validation": [row(7, "an actor who can dance"), row(8, "only in validation")],
        "unlabelled": [row(9, FILM.format("thin, and")), row(10, "nobody knows how it ends")],
        "transfer-far": [row(11, "only in train, and short"), row(12, "a shot in the night")],
        "test": [row(13, FILM.format("thin")), row(14, FILM.format("flat"))],
    }
    kept, removed = remove_near_duplicates(splits, 0.5)
    assert ids(kept) == {
        "test": ["r13", "r14"],
        "validation": ["r7", "r8"],
        "train": ["r6"],
        "unlabelled": ["r9", "r10"],
        "transfer-far": ["r12"],
        "pool": ["r15"],
    }
    assert removed == {"test": 0, "validation": 0, "train": 2, "unlabelled": 0, "transfer-far": 1, "pool": 3}


def test_a_near_duplicate_of_a_removed_row_may_stay() -> None:
    splits = {
        "train": [row(1, "one two three seven eight")],
        "validation": [row(2, "one two three four eight"), row(3, "other")],
        "test": [row(4, "one two three four five")],
    }
    kept, removed = remove_near_duplicates(splits, 0.5)  # 4 of 8 pairs, twice; train and test share 3 of 9
    assert ids(kept) == {"test": ["r4"], "validation": ["r3"], "train": ["r1"]}
    assert removed == {"test": 0, "validation": 1, "train": 0}


def test_near_duplicates_within_a_split_or_between_other_sources_stay() -> None:
    near = [FILM.format(word) for word in ("thin", "thick", "flat", "dull")]
    splits = {
        "test": [row(1, near[0]), row(2, near[1])],
        "transfer-far": [row(3, "far away"), row(4, "so far away")],
        "transfer-near": [row(5, "so far away")],
    }
    kept, removed = remove_near_duplicates(splits, 0.3)
    assert kept == splits
    assert set(removed.values()) == {0}


def test_a_split_that_would_become_empty_is_named_with_the_setting() -> None:
    splits = {"train": [row(1, FILM.format("thin"))], "test": [row(2, FILM.format("thick"))]}
    with pytest.raises(
        StageError, match=r"prepare\.near_duplicates: 0\.5 leaves none of the 1 rows of train: raise it"
    ):
        remove_near_duplicates(splits, 0.5)


def test_near_duplicates_and_copies_in_streams_are_kept_and_counted() -> None:
    splits = {
        "train": [row(1, FILM.format("thick")), row(2, "Thank you."), row(3, "only in train")],
        "test": [row(4, FILM.format("thin")), row(5, "thank you")],
        "validation": [row(6, FILM.format("flat")), row(7, FILM.format("flat"))],
    }
    similar = similar_to_earlier(splits, 0.6)
    assert {name: len(rows) for name, rows in similar.items()} == {"test": 0, "validation": 2, "train": 2}
    kept, _ = remove_near_duplicates(splits, 0.6, whole=list(splits))
    assert kept == splits


def test_a_rehearsal_samples_whole_streams_by_the_seed_in_order() -> None:
    few = limit_groups(SPEECHES, 23, seed=0)
    assert Counter(Counter(item.group for item in few).values()) == {5: 4}
    assert [item.position for item in few] == sorted(item.position for item in few)
    assert few == limit_groups(SPEECHES, 23, seed=0)
    assert few != limit_groups(SPEECHES, 23, seed=1)


@pytest.mark.parametrize("seed", range(10))
def test_a_rehearsal_of_streams_has_an_example_of_each_label(seed: int) -> None:
    rows = [row(number, label="rare" if number == 77 else "usual", group=str(number // 10)) for number in range(200)]
    few = limit_groups(rows, 30, seed)
    assert {item.label for item in few} == {"rare", "usual"}
    assert len(few) == 30


def test_a_rehearsal_has_a_stream_even_if_it_is_longer_than_the_limit() -> None:
    rows = [row(number, group=str(number // 100)) for number in range(200)]
    assert len(limit_groups(rows, 10, seed=0)) == 100


@pytest.mark.parametrize("limit", [None, 200, 1000])
def test_no_limit_takes_all_streams(limit: int | None) -> None:
    assert limit_groups(SPEECHES, limit, seed=0) == SPEECHES


def test_a_rehearsal_samples_by_the_seed_in_order() -> None:
    few = sample(ROWS, 20, seed=0)
    assert len(few) == 20
    assert [item.position for item in few] == sorted({item.position for item in few})
    assert few == sample(ROWS, 20, seed=0)
    assert few != sample(ROWS, 20, seed=1)
    assert few != ROWS[:20]


@pytest.mark.parametrize("limit", [None, 200, 1000])
def test_no_limit_takes_all(limit: int | None) -> None:
    assert sample(ROWS, limit, seed=0) == ROWS
