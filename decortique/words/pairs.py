"""Word-in-context pairs: a word in two texts, in one sense or in two (WiC: Pilehvar & Camacho-Collados, 2019)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from decortique.core.tables import read_batches
from decortique.data.text import forms
from decortique.data.wordnet import Use

SPLITS = ("train", "validation", "test")
WITH_FIELDS = "nv"  # nouns and verbs, whose senses WordNet has in fields of meaning; WiC is made of them too


@dataclass(frozen=True, slots=True)
class Pair:
    """The fields are those of `decortique.core.tables.WORD_PAIRS`."""

    lemma: str
    kind: str
    first: str
    first_place: int
    second: str
    second_place: int
    same: bool

    @property
    def words(self) -> tuple[str, str]:
        """The two forms in which it stands."""
        return forms(self.first)[self.first_place], forms(self.second)[self.second_place]


def pairs_by_family(uses: Iterable[Use], *, at_most: int, seed: int) -> dict[str, list[Pair]]:
    """Makes pairs of uses of a noun or verb that are written alike, as many of one sense as of two for each spelling.

    The word itself tells nothing then: not which one it is, nor (as it would if inflections differed, for uses of one
    sense are alike in them too) how it is written. As in WiC, two senses are taken for two only if WordNet neither
    links them, directly or through a third, nor has them in one field of meaning. Each text is used once.

    Args:
        uses: where lemmas occur in examples of their senses.
        at_most: pairs per family of words of one stem, an even number.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    found: dict[tuple[str, str, str, str], dict[str, list[Use]]] = defaultdict(lambda: defaultdict(list))
    for use in uses:
        if use.synset.kind in WITH_FIELDS:
            found[use.stem, use.lemma, use.synset.kind, use.spelling][use.synset.name].append(use)
    pairs: dict[str, list[Pair]] = defaultdict(list)
    used: set[str] = set()
    for (stem, *_), senses in sorted(found.items()):
        all_uses = [use for name in sorted(senses) for use in senses[name]]
        both = list(combinations(all_uses, 2))
        same = [pair for pair in both if pair[0].synset.name == pair[1].synset.name]
        apart = [pair for pair in both if _told_apart(*pair)]
        pairs[stem] += _drawn(same, apart, at_most - len(pairs[stem]), used, random)
    return {stem: kept for stem, kept in pairs.items() if kept}


def _told_apart(one: Use, other: Use) -> bool:
    first, second = one.synset, other.synset
    linked = first.name in second.near or second.name in first.near or bool(first.near & second.near)
    return first.field != second.field and not linked


def _drawn(
    same: Sequence[tuple[Use, Use]],
    apart: Sequence[tuple[Use, Use]],
    at_most: int,
    used: set[str],
    random: np.random.Generator,
) -> list[Pair]:
    """Draws pairs of either kind in turn, while there are texts that were not `used`; adds theirs to these."""
    kept: list[Pair] = []
    queues = [[found[place] for place in random.permutation(len(found))] for found in (same, apart)]
    while len(kept) < at_most:
        drawn: list[tuple[Use, Use]] = []
        for queue in queues:
            taken = used | {use.text for pair in drawn for use in pair}
            drawn += [pair for pair in queue if not taken & {pair[0].text, pair[1].text}][:1]
        if len(drawn) < len(queues):
            break
        used |= {use.text for pair in drawn for use in pair}
        kept += [_pair(*pair) for pair in drawn]
    return kept


def _pair(one: Use, other: Use) -> Pair:
    same = one.synset.name == other.synset.name
    return Pair(one.lemma, one.synset.kind, one.text, one.place, other.text, other.place, same)


def deal(pairs: Mapping[str, Sequence[Pair]], sizes: Mapping[str, int], seed: int) -> dict[str, list[Pair]]:
    """Deals whole families of words to splits of at most so many pairs: none says anything of another's words."""
    random = np.random.default_rng(seed)
    families = sorted(pairs)
    order = [families[place] for place in random.permutation(len(families))]
    dealt: dict[str, list[Pair]] = {split: [] for split in sizes}
    waiting = list(sizes)
    for family in order:
        while waiting and len(dealt[waiting[0]]) >= sizes[waiting[0]]:
            waiting.pop(0)
        if not waiting:
            break
        split = waiting[0]
        dealt[split] += pairs[family][: sizes[split] - len(dealt[split])]
    return dealt


def read_pairs(folder: Path) -> dict[str, list[Pair]]:
    """Reads the pairs of each split."""
    return {
        split: [Pair(**row) for batch in read_batches(folder / f"{split}.parquet") for row in batch.to_pylist()]
        for split in SPLITS
    }
