"""What tokenization does to texts, measured in one pass and constant memory."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from stages.transformer.tokenizer import Tokenized

WORD = re.compile(r"\w+|[^\w\s]")
PERCENTILES = (50, 90, 95, 99, 100)


class TokenStatistics:
    """Counts over the texts of one split."""

    def __init__(self, max_length: int, unknown: int | None) -> None:
        """Starts at zero.

        Args:
            max_length: texts of more tokens are truncated.
            unknown: id of the unknown token; None for vocabularies that know every byte.
        """
        self.max_length = max_length
        self.unknown = unknown
        self.lengths: Counter[int] = Counter()  # as many keys as there are lengths, however many texts
        self.words = self.kept = self.unknowns = self.cells = self.padding = 0

    def add(self, texts: Sequence[str], tokenized: Tokenized, attention_mask: Sequence[Sequence[int]]) -> None:
        """Counts one batch: its texts, their ids, and the mask after padding."""
        self.lengths.update(tokenized.lengths)
        self.words += sum(len(WORD.findall(text)) for text in texts)
        self.kept += sum(map(len, tokenized.input_ids))
        if self.unknown is not None:
            self.unknowns += sum(ids.count(self.unknown) for ids in tokenized.input_ids)
        self.cells += sum(map(len, attention_mask))
        self.padding += sum(len(mask) - sum(mask) for mask in attention_mask)

    def summary(self) -> dict[str, Any]:
        """Gives the measures of the split.

        `fertility` is tokens per word, special tokens counted; a word is a run of letters and digits, or one
        punctuation mark. Shares lie between 0 and 1.
        """
        texts, tokens = self.lengths.total(), sum(length * count for length, count in self.lengths.items())
        return {
            "texts": texts,
            "truncated": _share(sum(n for length, n in self.lengths.items() if length > self.max_length), texts),
            "tokens_cut": _share(tokens - self.kept, tokens),
            "padding": _share(self.padding, self.cells),
            "fertility": _share(tokens, self.words),
            "unknown": _share(self.unknowns, self.kept),
            "length": {f"p{percent}": self._percentile(percent) for percent in PERCENTILES},
        }

    def _percentile(self, percent: int) -> int:
        """Gives the smallest length that at least `percent` of the texts do not exceed (nearest rank)."""
        below = 0
        for length in sorted(self.lengths):
            below += self.lengths[length]
            if below * 100 >= percent * self.lengths.total():
                return length
        return 0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
