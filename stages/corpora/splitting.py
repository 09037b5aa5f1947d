"""Who learns from which rows: seeded stratified splits, without a text that stands on both sides."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from stages.corpora.row import Row
from stages.errors import StageError
from stages.settings.task import Split

# A text is removed from a split when an earlier one of these holds it: what is tested on stays whole.
PRECEDENCE = ("test", "validation", "train")


def split_rows(rows: Mapping[str, Sequence[Row]], rule: Split) -> dict[str, list[Row]]:
    """Deals the rows of use `all` to train, validation and test; the other uses already are splits.

    The order of the rows within a split stays that of the corpus. A use that is given as a file is not dealt to:
    where a task brings its own test file, only validation is taken from `all`.

    Raises:
        StageError: a label or the groups are too few to be dealt to every split.
    """
    splits = {use: list(found) for use, found in rows.items() if use != "all"}
    rest = list(rows.get("all", ()))
    if not rest and "validation" not in splits:  # train and test were given: validation comes from train
        rest = splits.pop("train")
    for name, share in (("test", rule.test), ("validation", rule.validation)):
        if rest and name not in splits:
            dealt = rule.validation / (1 - rule.test) if name == "validation" and "test" not in rows else share
            rest, splits[name] = _deal(rest, dealt, rule, name)
    if rest:
        splits["train"] = splits.get("train", []) + rest
    return splits


def _deal(rows: list[Row], share: float, rule: Split, name: str) -> tuple[list[Row], list[Row]]:
    labels = [row.label or "" for row in rows]
    places = np.arange(len(rows))
    try:
        if rule.keep_groups:
            folds = StratifiedGroupKFold(n_splits=max(2, round(1 / share)), shuffle=True, random_state=rule.seed)
            kept, taken = next(folds.split(places, labels, [row.group for row in rows]))
        else:
            kept, taken = train_test_split(places, test_size=share, stratify=labels, random_state=rule.seed)
    except ValueError as error:
        label, count = Counter(labels).most_common()[-1]
        groups = f" in {len({row.group for row in rows})} groups" if rule.keep_groups else ""
        raise StageError(
            f"{len(rows)} rows{groups} cannot be split for {name} ({error}); the rarest label, {label!r}, has {count}: "
            "bring more rows or groups, fewer labels, or your own split files"
        ) from None
    return [rows[place] for place in sorted(kept)], [rows[place] for place in sorted(taken)]


def fingerprint(text: str) -> str:
    """Gives what two texts share when they differ in case, accents' encoding, spaces or punctuation only."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def remove_duplicates(splits: Mapping[str, Sequence[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """Removes from train and validation what also stands in validation or test, and from transfer sets what is learnt.

    Returns:
        The splits, and how many rows each one lost.
    """
    order = [name for name in PRECEDENCE if name in splits]
    order += [name for name in splits if name not in PRECEDENCE]
    earlier: set[str] = set()
    kept: dict[str, list[Row]] = {}
    for name in order:
        # A text without a word (":)") has an empty fingerprint that says nothing.
        prints = [fingerprint(row.text) or row.text for row in splits[name]]
        # Unlabelled rows are sent decisions one by one, so that none may go; nobody is scored on them.
        keep_all = name == "unlabelled"
        kept[name] = [row for row, one in zip(splits[name], prints, strict=True) if keep_all or one not in earlier]
        if name in PRECEDENCE:
            earlier |= set(prints)
    return kept, {name: len(splits[name]) - len(kept[name]) for name in kept}


def limit_rows(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Keeps a seeded choice of `limit` rows, in their order."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    chosen = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
    return [rows[place] for place in sorted(chosen)]
