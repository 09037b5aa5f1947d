"""Rows → splits without duplicates across them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from decortique.core.errors import StageError
from decortique.data.near_duplicates import near_duplicates
from decortique.data.records import Row, fingerprint
from decortique.data.task_settings import POOL, Split, folds

# A text stands across splits when an earlier one of these holds it: it is removed from the later one, if at all.
PRECEDENCE = ("test", "validation", "train")
UNLABELLED = "unlabelled"  # its rows are sent predictions one by one, so that none may go; nobody is scored on them


def split_rows(rows: Mapping[str, Sequence[Row]], rule: Split) -> dict[str, list[Row]]:
    """Deals the rows of use `all` to train, validation and test; the other uses already are splits.

    The order of the rows within a split stays that of the corpus. A use that is given as a file is not dealt to:
    where a task brings its own test file, or names the groups to test on, validation is a share of the rest.

    Raises:
        StageError: a label or the groups are too few to be dealt to every split, or the test names no group there is.
    """
    splits = {use: list(found) for use, found in rows.items() if use != "all"}
    rest = list(rows.get("all", ()))
    if not rest and "validation" not in splits:  # train and test were given: validation comes from train
        rest = splits.pop("train")
    of_rest = rule.validation
    if rest and "test" not in splits:
        if isinstance(rule.test, list):
            rest, splits["test"] = _named(rest, rule.test)
        else:
            rest, splits["test"] = _deal(rest, rule.test, rule, "test", rule.fold)
            of_rest = rule.validation / (1 - rule.test)
    if rest and "validation" not in splits:
        rest, splits["validation"] = _deal(rest, of_rest, rule, "validation")
    if rest:
        splits["train"] = splits.get("train", []) + rest
    return splits


def _named(rows: list[Row], patterns: list[str]) -> tuple[list[Row], list[Row]]:
    """Parts the groups that match none of the patterns from those that match one."""
    groups = dict.fromkeys(row.group for row in rows)
    shown = ", ".join([*list(groups)[:8], *(["…"] if len(groups) > 8 else [])])
    for pattern in patterns:
        if not any(fnmatchcase(group, pattern) for group in groups):
            raise StageError(f"split.test: no group is named {pattern!r} (there are: {shown})")
    taken = {group for group in groups if any(fnmatchcase(group, pattern) for pattern in patterns)}
    if len(taken) == len(groups):
        raise StageError(f"split.test takes all {len(groups)} groups ({shown}): leave some to learn from")
    return [row for row in rows if row.group not in taken], [row for row in rows if row.group in taken]


def _deal(rows: list[Row], share: float, rule: Split, name: str, fold: int = 0) -> tuple[list[Row], list[Row]]:
    labels = [row.label or "" for row in rows]
    try:
        if rule.keep_groups:
            kept, taken = _fold(rows, labels, share, rule.seed, fold)
        else:
            kept, taken = train_test_split(
                np.arange(len(rows)), test_size=share, stratify=labels, random_state=rule.seed
            )
    except ValueError as error:
        label, count = Counter(labels).most_common()[-1]
        groups = f" in {len({row.group for row in rows})} groups" if rule.keep_groups else ""
        raise StageError(
            f"{len(rows)} rows{groups} cannot be split for {name} ({error}); the rarest label, {label!r}, has {count}: "
            "bring more rows or groups, fewer labels, or your own split files"
        ) from None
    return [rows[place] for place in sorted(kept)], [rows[place] for place in sorted(taken)]


def _fold(rows: list[Row], labels: list[str], share: float, seed: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
    dealt = StratifiedGroupKFold(n_splits=folds(share), shuffle=True, random_state=seed)
    kept, taken = next(islice(dealt.split(rows, labels, [row.group for row in rows]), fold, None))
    if not len(kept) or not len(taken):
        raise ValueError("a side would be empty")
    return kept, taken


def remove_duplicates(splits: Mapping[str, Sequence[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Removes from train and validation what also stands in validation or test, and from transfer sets what is learnt.

    Returns:
        The splits, and how many rows each one lost.
    """
    kept: dict[str, list[Row]] = {}
    for name, rows, again in _across(splits):
        keep_all = name == UNLABELLED
        kept[name] = [row for row, one in zip(rows, again, strict=True) if keep_all or not one]
    return kept, {name: len(splits[name]) - len(kept[name]) for name in kept}


def count_duplicates(splits: Mapping[str, Sequence[Row]]) -> dict[str, int]:
    """Counts the rows of each split that `remove_duplicates` would take for standing in an earlier one.

    For tasks that keep groups, whose rows follow each other: a sentence such as "Thank you." stands in many groups,
    and to remove it would make a hole where nobody else spoke. What is learnt of transitions, from the gaps between
    positions in train, and what is decoded, in the other splits, would be wrong there. So nothing is removed, and the
    count tells how much of a test is met in training.
    """
    return {name: sum(again) for name, _, again in _across(splits)}


def _across(splits: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, Sequence[Row], list[bool]]]:
    """Yields each split, and which of its rows stand in an earlier one: test, validation, train, then the others."""
    earlier: set[str] = set()
    for name in _in_turn(splits):
        prints = [fingerprint(row.text) for row in splits[name]]
        yield name, splits[name], [one in earlier for one in prints]
        if name in PRECEDENCE:
            earlier |= set(prints)


def _in_turn(splits: Collection[str]) -> list[str]:
    others = [name for name in splits if name not in PRECEDENCE]
    return [name for name in PRECEDENCE if name in splits] + sorted(others, key=POOL.__eq__)


def remove_near_duplicates(
    splits: Mapping[str, Sequence[Row]], least: float, whole: Collection[str] = (UNLABELLED,)
) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Removes what is nearly the same as a row of an earlier split that is kept, as `remove_duplicates` does copies.

    A pool is compared with all splits, as nobody is to learn from what somebody is scored on.

    Args:
        splits: without the rows that `remove_duplicates` removes.
        least: the similarity from which on two texts are nearly the same, as in `near_duplicates`.
        whole: splits that lose nothing.

    Returns:
        The splits, and how many rows each one lost.

    Raises:
        StageError: a split would lose all its rows.
    """
    kept: dict[str, list[Row]] = {}
    gone: set[tuple[str, int]] = set()
    for name, found in _near_across(splits, least).items():
        if name not in whole:
            gone |= {(name, place) for place, earlier in found.items() if not earlier <= gone}
        kept[name] = [row for place, row in enumerate(splits[name]) if (name, place) not in gone]
        if splits[name] and not kept[name]:
            raise StageError(
                f"params.yaml: prepare.near_duplicates: {least:g} leaves none of the {len(splits[name])} rows of "
                f"{name}: raise it"
            )
    return kept, {name: len(splits[name]) - len(kept[name]) for name in kept}


def count_near_duplicates(splits: Mapping[str, Sequence[Row]], least: float) -> dict[str, int]:
    """Counts the rows of each split that are nearly the same as one of an earlier split, copies included.

    For tasks that keep groups, of which nothing is removed: see `count_duplicates`.
    """
    return {name: len(found) for name, found in _near_across(splits, least).items()}


def _near_across(splits: Mapping[str, Sequence[Row]], least: float) -> dict[str, dict[int, set[tuple[str, int]]]]:
    """Gives, split by split in turn, its rows that have near duplicates in earlier ones, and where these stand."""
    found: dict[str, defaultdict[int, set[tuple[str, int]]]] = {name: defaultdict(set) for name in _in_turn(splits)}
    at = [(name, place) for name in found for place in range(len(splits[name]))]
    for first, second, _ in near_duplicates([splits[name][place].text for name, place in at], least):
        (earlier, _), (name, place) = at[first], at[second]
        if earlier != name and (earlier in PRECEDENCE or name == POOL):
            found[name][place].add(at[first])
    return {name: dict(rows) for name, rows in found.items()}


def limit_rows(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Keeps a seeded choice of `limit` rows, in their order."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    chosen = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
    return [rows[place] for place in sorted(chosen)]


def limit_groups(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Keeps a seeded choice of whole groups with at most `limit` rows, in their order.

    There may be more rows where that is what it takes to keep one group, and an example of each label.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    sizes, labels = Counter(row.group for row in rows), Counter(row.label for row in rows)
    carried: dict[str, set[str | None]] = {}
    for row in rows:
        carried.setdefault(row.group, set()).add(row.label)
    order = [list(sizes)[place] for place in np.random.default_rng(seed).permutation(len(sizes))]
    chosen: set[str] = set()
    for label, _ in reversed(labels.most_common()):  # a group with the rarest label mostly has the others as well
        if not any(label in carried[group] for group in chosen):
            chosen.add(next(group for group in order if label in carried[group]))
    room = limit - sum(sizes[group] for group in chosen)
    for group in order:
        if group not in chosen and sizes[group] <= room:
            chosen.add(group)
            room -= sizes[group]
    return [row for row in rows if row.group in chosen]


# A text may stand elsewhere in part: cut, quoted, or with a letter lost on the way. Of the film reviews that share 5
# words in a row but not 6, nearly all share a turn of phrase ("it's hard to tell"); of those that share 8, nearly all
# share a sentence. In between there is both, and a text lost costs less than a score that is too good.
RUN = 6


class Cleaned(NamedTuple):
    """A pool without what is known already."""

    rows: list[Row]
    duplicates: int  # removed: they stand in another split, or stood in the pool before
    overlaps: int  # removed: they share `RUN` words in a row with a text that is learnt from or scored


def clean_pool(pool: Sequence[Row], splits: Mapping[str, Sequence[Row]]) -> Cleaned:
    """Removes texts that stand elsewhere, so that nobody learns, however labelled, from what somebody is scored on.

    Args:
        pool: the texts; of those that are alike, the first stays.
        splits: the others. Those of `PRECEDENCE` are compared word by word, the others as whole texts.

    Raises:
        StageError: nothing is left of it.
    """
    known = {fingerprint(row.text) for rows in splits.values() for row in rows}
    told = {run for name in PRECEDENCE for row in splits.get(name, ()) for run in _runs(fingerprint(row.text))}
    kept: list[Row] = []
    duplicates = overlaps = 0
    for row in pool:
        text = fingerprint(row.text)
        if text in known:
            duplicates += 1
        elif not told.isdisjoint(_runs(text)):
            overlaps += 1
        else:
            kept.append(row)
        known.add(text)
    if not kept:
        raise StageError(
            f"all {len(pool)} texts of the pool stand in another split, as a whole or in part: there is nothing new to "
            "learn from, so give other files, or use none as `pool`"
        )
    return Cleaned(kept, duplicates, overlaps)


def _runs(text: str) -> set[str]:
    """Gives each run of `RUN` words of a fingerprint; a shorter one has none."""
    words = text.split(" ")
    return {" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}
