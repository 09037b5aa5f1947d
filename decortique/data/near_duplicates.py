"""Which texts are nearly the same? Every such pair, without a look at the others."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, pairwise, product
from math import ceil

from decortique.data.records import fingerprint

TINY = 1e-9  # 0.07 × 100 is a little more than 7 to a computer; what is let through is compared exactly


def near_duplicates(texts: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """Yields (place, later place, similarity) of each pair of texts that are as similar as `least`, or more.

    The similarity is Jaccard's: of all pairs of neighbouring words that one of the two texts has, the share that both
    have. The begin and the end of a text count as words, case and punctuation do not (see `fingerprint`). Texts of one
    fingerprint have 1.0, and so have a few others that only repeat themselves.

    Args:
        texts: in any order.
        least: above 0, up to 1.
    """
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(fingerprint(text), []).append(place)
    for copies in places.values():
        for first, second in combinations(copies, 2):
            yield first, second, 1.0
    copied = list(places.values())
    for one, other, similarity in _joined([_pairs_of_words(text) for text in places], least):
        for first, second in product(copied[one], copied[other]):
            yield min(first, second), max(first, second), similarity


def _pairs_of_words(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(["", *text.split(" "), ""]))


def _joined(sets: Sequence[frozenset[tuple[str, str]]], least: float) -> Iterator[tuple[int, int, float]]:
    """Yields each pair of sets that reaches the similarity (Chaudhuri et al., 2006; Bayardo et al., 2007).

    Two sets that do share ⌈least × n⌉ members at least, n being the size of either. So all but that many, and one more,
    of each set hold one that both have: sets meet in their first n - ⌈least × n⌉ + 1 members, the rarest ones first,
    and only those that meet are compared.
    """
    count = Counter(chain.from_iterable(sets))
    order = sorted(range(len(sets)), key=lambda number: len(sets[number]))
    sizes = [len(sets[number]) for number in order]
    met_in: defaultdict[tuple[str, str], list[int]] = defaultdict(list)  # turns of the smaller sets, ascending
    for turn, number in enumerate(order):
        size = sizes[turn]
        needed = ceil(least * size - TINY)
        rarest = sorted(sets[number], key=lambda member: (count[member], member))[: size - needed + 1]
        shared = [member for member in rarest if count[member] > 1]
        long_enough = bisect_left(sizes, needed)
        met = {earlier for member in shared for earlier in met_in[member][bisect_left(met_in[member], long_enough) :]}
        for earlier in sorted(met):
            other = order[earlier]
            common = len(sets[number] & sets[other])
            similarity = common / (size + sizes[earlier] - common)
            if similarity >= least:
                yield number, other, similarity
        for member in shared:
            met_in[member].append(turn)
