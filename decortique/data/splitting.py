"""Rows → splits: what is removed or counted where a text stands in several of them, what is masked in their texts."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from operator import ne

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from decortique.core.files import StageError
from decortique.data.corpus import Row, fingerprint, near_duplicates, sample
from decortique.data.settings import POOL, Split, folds
from decortique.data.text import collect_names, mask

# A text that stands in two of these is removed from the later one.
PRECEDENCE = ("test", "validation", "train")
UNLABELLED = "unlabelled"  # its predictions are handed in line by line, so that no row may go; nobody is scored on them


def clean_splits(
    rows: Mapping[str, Sequence[Row]], rule: Split, limit: int | None, min_similarity: float | None = None
) -> tuple[dict[str, list[Row]], dict[str, dict[str, int]]]:
    """Return the splits, and how many (near) duplicates each lost, or would lose if its groups were not kept whole."""
    splits = split_rows({use: own for use, own in rows.items() if use != POOL}, rule)
    kept, removed = (splits, {}) if rule.keep_groups else remove_duplicates(splits)
    counted: dict[str, dict[str, int]] = {}
    if rule.keep_groups:
        # A sentence such as "Thank you." is in many groups; without it there would be a gap where nobody else spoke.
        # That would distort transitions and decoding, so that the count only shows how much of a test is trained on.
        counted["duplicates_across_splits"] = {name: sum(again) for name, again in repeated(splits).items()}
    if POOL in rows:
        pool, copies, overlaps = clean_pool(rows[POOL], splits)
        kept, removed = {**kept, POOL: pool}, {**removed, POOL: copies}
    if removed:
        counted["duplicates_removed"] = removed
    if POOL in rows:
        counted["overlaps_removed"] = {POOL: overlaps}
    if min_similarity is not None:
        if rule.keep_groups:
            similar = similar_to_earlier(splits, min_similarity)
            counted["near_duplicates_across_splits"] = {name: len(own) for name, own in similar.items()}
        whole = list(splits) if rule.keep_groups else [UNLABELLED]
        kept, removed = remove_near_duplicates(kept, min_similarity, whole)
        if lost := {name: count for name, count in removed.items() if not (rule.keep_groups and name in whole)}:
            counted["near_duplicates_removed"] = lost
    limited = limit_groups if rule.keep_groups else sample
    final = {name: limited(own, limit, rule.seed) for name, own in kept.items()}
    return final, {what: dict(sorted(counts.items())) for what, counts in counted.items()}


def split_rows(rows: Mapping[str, Sequence[Row]], rule: Split) -> dict[str, list[Row]]:
    """Split the rows of use `all` into train, validation and test; the other uses already are splits.

    The order of the rows within a split stays that of the corpus. Where a task brings its own test file, or names the
    groups to test on, validation is a share of the rest; where it brings train and test, validation comes from train.
    """
    splits = {use: list(own) for use, own in rows.items() if use != "all"}
    rest = list(rows.get("all", ()))
    if not rest and "validation" not in splits:
        rest = splits.pop("train")
    of_rest = rule.validation
    if rest and "test" not in splits:
        if isinstance(rule.test, list):
            rest, splits["test"] = _take_groups(rest, rule.test)
        else:
            rest, splits["test"] = _take_share(rest, rule.test, rule, "test", rule.fold)
            of_rest = rule.validation / (1 - rule.test)
    if rest and "validation" not in splits:
        rest, splits["validation"] = _take_share(rest, of_rest, rule, "validation")
    if rest:
        splits["train"] = splits.get("train", []) + rest
    return splits


def _take_groups(rows: list[Row], patterns: list[str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of groups that match none of the patterns, and of those that match one."""
    groups = list(dict.fromkeys(row.group for row in rows))
    shown = ", ".join([*groups[:8], *["…"] * (len(groups) > 8)])
    for pattern in patterns:
        if not any(fnmatchcase(group, pattern) for group in groups):
            raise StageError(f"split.test: no group is named {pattern!r} (there are: {shown})")
    taken = {group for group in groups if any(fnmatchcase(group, pattern) for pattern in patterns)}
    if len(taken) == len(groups):
        raise StageError(f"split.test takes all {len(groups)} groups ({shown}): leave some to train on")
    return [row for row in rows if row.group not in taken], [row for row in rows if row.group in taken]


def _take_share(rows: list[Row], share: float, rule: Split, name: str, fold: int = 0) -> tuple[list[Row], list[Row]]:
    labels = [row.label or "" for row in rows]
    try:
        if rule.keep_groups:
            splitter = StratifiedGroupKFold(n_splits=folds(share), shuffle=True, random_state=rule.seed)
            kept, taken = next(islice(splitter.split(rows, labels, [row.group for row in rows]), fold, None))
            if not len(kept) or not len(taken):
                raise ValueError("a side would be empty")  # noqa: TRY301
        else:
            indices = np.arange(len(rows))
            kept, taken = train_test_split(indices, test_size=share, stratify=labels, random_state=rule.seed)
    except ValueError as error:
        label, count = Counter(labels).most_common()[-1]
        groups = f" in {len({row.group for row in rows})} groups" if rule.keep_groups else ""
        raise StageError(
            f"{len(rows)} rows{groups} cannot be split for {name} ({error}); the rarest label, {label!r}, has {count}: "
            "bring more rows or groups, fewer labels, or your own split files"
        ) from None
    return [rows[index] for index in sorted(kept)], [rows[index] for index in sorted(taken)]


def remove_duplicates(splits: Mapping[str, Sequence[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Return the splits without rows whose text is in an earlier one (see `repeated`), and how many each lost."""
    kept = {
        name: [row for row, again in zip(splits[name], flags, strict=True) if name == UNLABELLED or not again]
        for name, flags in repeated(splits).items()
    }
    return kept, {name: len(splits[name]) - len(kept[name]) for name in kept}


def repeated(splits: Mapping[str, Sequence[Row]]) -> dict[str, list[bool]]:
    """Return which rows of each split stand in an earlier one: test, validation, train, then the others."""
    earlier: set[str] = set()
    flags: dict[str, list[bool]] = {}
    for name in _in_turn(splits):
        prints = [fingerprint(row.text) for row in splits[name]]
        flags[name] = [one in earlier for one in prints]
        if name in PRECEDENCE:
            earlier.update(prints)
    return flags


def _in_turn(splits: Collection[str]) -> list[str]:
    others = [name for name in splits if name not in PRECEDENCE]
    return [name for name in PRECEDENCE if name in splits] + sorted(others, key=POOL.__eq__)


def remove_near_duplicates(
    splits: Mapping[str, Sequence[Row]], min_similarity: float, whole: Collection[str] = (UNLABELLED,)
) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Return the splits without rows nearly the same as a kept row of an earlier one, and how many rows each one lost.

    A pool is compared with all splits, as nothing is to be trained on that somebody is scored on. The splits have no
    rows that `remove_duplicates` removes; those of `whole` lose nothing.
    """
    kept: dict[str, list[Row]] = {}
    gone: set[tuple[str, int]] = set()
    for name, similar in similar_to_earlier(splits, min_similarity).items():
        if name not in whole:
            gone |= {(name, index) for index, earlier in similar.items() if not earlier <= gone}
        kept[name] = [row for index, row in enumerate(splits[name]) if (name, index) not in gone]
        if splits[name] and not kept[name]:
            problem = f"{min_similarity:g} leaves none of the {len(splits[name])} rows of {name}: raise it"
            raise StageError(f"params.yaml: prepare.near_duplicates: {problem}")
    return kept, {name: len(splits[name]) - len(kept[name]) for name in kept}


def similar_to_earlier(
    splits: Mapping[str, Sequence[Row]], min_similarity: float
) -> dict[str, defaultdict[int, set[tuple[str, int]]]]:
    """Return, split by split in turn, the indices of rows with near duplicates in earlier splits, and these."""
    similar: dict[str, defaultdict[int, set[tuple[str, int]]]] = {name: defaultdict(set) for name in _in_turn(splits)}
    rows = [(name, index) for name in similar for index in range(len(splits[name]))]
    texts = [splits[name][index].text for name, index in rows]
    for first, second, _ in near_duplicates(texts, min_similarity):
        (earlier, _), (name, index) = rows[first], rows[second]
        if earlier != name and (earlier in PRECEDENCE or name == POOL):
            similar[name][index].add(rows[first])
    return similar


# A text may stand elsewhere in part: cut, quoted, or with a letter lost on the way. Of the film reviews that share 5
# words in a row but not 6, nearly all share a turn of phrase ("it's hard to tell"); of those that share 8, nearly all
# share a sentence. In between there is both, and a text lost costs less than a score that is too good.
RUN = 6


def clean_pool(pool: Sequence[Row], splits: Mapping[str, Sequence[Row]]) -> tuple[list[Row], int, int]:
    """Return the pool's texts that are in no other split, and how many copies and overlaps were removed.

    A copy is a text of another split, or of the pool before it; an overlap shares `RUN` words in a row with one that is
    trained or scored on. Without them, nothing is trained on, however labelled, that somebody is scored on.
    """
    known = {fingerprint(row.text) for rows in splits.values() for row in rows}
    runs = {run for name in PRECEDENCE for row in splits.get(name, ()) for run in _runs(fingerprint(row.text))}
    kept: list[Row] = []
    duplicates = overlaps = 0
    for row in pool:
        text = fingerprint(row.text)
        if text in known:
            duplicates += 1
        elif not runs.isdisjoint(_runs(text)):
            overlaps += 1
        else:
            kept.append(row)
        known.add(text)
    if not kept:
        raise StageError(
            f"all {len(pool)} texts of the pool stand in another split, as a whole or in part: there is nothing new to "
            "learn from, so give other files, or use none as `pool`"
        )
    return kept, duplicates, overlaps


def _runs(text: str) -> set[str]:
    """Return each run of `RUN` words of a fingerprint; a shorter one has none."""
    words = text.split(" ")
    return {" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def limit_groups(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Return a random sample of whole groups with at most `limit` rows, in their order.

    There may be more rows where it takes them to keep one group, and an example of each label.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    sizes, labels = Counter(row.group for row in rows), Counter(row.label for row in rows)
    labels_of: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        labels_of[row.group].add(row.label)
    order = [list(sizes)[index] for index in np.random.default_rng(seed).permutation(len(sizes))]
    chosen: set[str] = set()
    for label, _ in reversed(labels.most_common()):  # a group with the rarest label mostly has the others as well
        if not any(label in labels_of[group] for group in chosen):
            chosen.add(next(group for group in order if label in labels_of[group]))
    room = limit - sum(sizes[group] for group in chosen)
    for group in order:
        if group not in chosen and sizes[group] <= room:
            chosen.add(group)
            room -= sizes[group]
    return [row for row in rows if row.group in chosen]


def mask_splits(
    splits: Mapping[str, Sequence[Row]], corpus: Mapping[str, Sequence[Row]]
) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Return the rows of all splits with the names of `corpus` and numbers masked, and the number of changed texts."""
    names = collect_names(row.text for rows in corpus.values() for row in rows)
    masked = {name: [replace(row, text=mask(row.text, names)) for row in rows] for name, rows in splits.items()}
    changed = {name: sum(map(ne, masked[name], splits[name])) for name in sorted(masked)}
    return masked, changed
