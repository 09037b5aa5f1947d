"""Which texts are explained: those that tell most of two approaches, and some by lot."""

from collections.abc import Mapping

import numpy as np

from stages.artifacts.decisions import Decisions
from stages.errors import StageError

LONGEST = 60  # words and marks of a text that is shown: more is not read


def instructive(
    truth: np.ndarray, decided: Mapping[str, Decisions], sizes: np.ndarray, shown: int
) -> dict[str, list[int]]:
    """Chooses texts by how one or two approaches decide on them.

    Args:
        truth: (texts,) class numbers.
        decided: by approach, at most two.
        sizes: (texts,) numbers of words.
        shown: how many of each kind, where there are as many.

    Returns:
        Places by kind. Of two approaches: `both_right` and `both_wrong`, where the less sure of them is surest, and
        `only_<approach>`, where the right one is surer of the truth than the other by most. Of one: `right` and
        `wrong`, where it is surest. Of equals, the first.
    """
    if not decided:
        return {}
    short = (sizes > 0) & (sizes <= LONGEST)
    everyone = np.arange(len(truth))
    right = {name: found.decision == truth for name, found in decided.items()}
    sure = np.min([found.probability[everyone, found.decision] for found in decided.values()], axis=0)
    of_truth = {name: found.probability[everyone, truth] for name, found in decided.items()}
    all_right, all_wrong = (np.all([one == wanted for one in right.values()], axis=0) for wanted in (True, False))
    both = "both_" if len(decided) > 1 else ""
    kinds = {f"{both}right": (all_right, sure)}
    if both:
        one, other = decided
        kinds[f"only_{one}"] = right[one] & ~right[other], of_truth[one] - of_truth[other]
        kinds[f"only_{other}"] = right[other] & ~right[one], of_truth[other] - of_truth[one]
    kinds[f"{both}wrong"] = all_wrong, sure
    return {kind: _highest(merit, np.flatnonzero(fits & short), shown) for kind, (fits, merit) in kinds.items()}


def _highest(merit: np.ndarray, places: np.ndarray, count: int) -> list[int]:
    return places[np.argsort(-merit[places], kind="stable")[:count]].tolist()


def drawn(sizes: np.ndarray, longer_than: int, count: int, seed: int) -> list[int]:
    """Draws texts by lot among those of more than so many words; all of them where there are no more than `count`.

    Raises:
        StageError: there is none.
    """
    able = np.flatnonzero(sizes > longer_than)
    if not len(able):
        raise StageError(
            f"params.yaml: explain.deleted: no test text has more than {longer_than} words: take out fewer"
        )
    return np.sort(np.random.default_rng(seed).permutation(able)[:count]).tolist()
