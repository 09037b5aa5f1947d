"""Pieces of texts: more to learn from, for a student whose teacher knows what to say of anything.

Tang et al. (2019) sample n-grams and hide words; here a piece is a run of a text's tokens, or runs of two texts one
after the other. A small student has seen too few texts to learn from whole ones which words of them mattered.
"""

import numpy as np

from stages.settings.distill import Spans
from stages.transformer.batches import TokenRows


def pieces(rows: TokenRows, frame: tuple[list[int], list[int]], settings: Spans) -> TokenRows:
    """Cuts pieces out of texts, the same in every run.

    Args:
        rows: the texts.
        frame: the tokens that stand before and behind every text.
        settings: how many, and how long.

    Returns:
        For each of `settings.copies`: a piece of each text; then a piece of each text and one of another behind it.
    """
    head, tail = (np.array(part, np.int32) for part in frame)
    # Not the seed of a training: its teacher need not be asked again for the next seed.
    random = np.random.default_rng(0)

    def piece(place: int) -> np.ndarray:
        ids = rows[place][1]
        inner = ids[len(head) : len(ids) - len(tail)]
        length = max(1, round(random.uniform(settings.shortest, settings.longest) * len(inner)))
        start = random.integers(0, max(1, len(inner) - length + 1))
        return inner[start : start + length]

    made: list[np.ndarray] = []
    for _ in range(settings.copies):
        made += [piece(place) for place in range(len(rows))]
        others = random.integers(0, len(rows), len(rows))
        made += [np.concatenate([piece(place), piece(int(other))]) for place, other in enumerate(others)]
    # No longer than a text may be: the encoder has no more positions.
    room = int(rows.lengths.max(initial=0)) - len(head) - len(tail)
    return TokenRows.of([np.concatenate([head, inner[:room], tail]) for inner in made])
