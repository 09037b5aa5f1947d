"""What a summary is worth: against what people wrote, against texts that it has not seen, and against what it is of."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from scipy.sparse import csr_matrix

from stages.summaries.likeness import f1_of_words, row_sums, said_by
from stages.words.splitting import forms

# It says of each scorer which tokenizer it has.
logging.getLogger("absl").setLevel(logging.WARNING)

ROUGE = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rougeL": "rouge_l"}
PARTS = ("precision", "recall", "fmeasure")


def rouge(summary: str, references: Sequence[str], language: str) -> dict[str, float]:
    """Gives precision, recall and F1 of ROUGE-1, -2 and -L (Lin, 2004), each the mean over the references.

    Args:
        summary: the sentences, joined.
        references: what people wrote.
        language: two-letter code. English words are stemmed (Porter), as in the tool's own papers; words of other
            languages are taken as they are.
    """
    scorer = _scorer(language)
    scores = [scorer.score(reference, summary) for reference in references]
    return {
        f"{name}_{'f1' if part == 'fmeasure' else part}": float(np.mean([getattr(one[kind], part) for one in scores]))
        for kind, name in ROUGE.items()
        for part in PARTS
    }


@cache
def _scorer(language: str) -> RougeScorer:
    if language == "en":
        return RougeScorer(list(ROUGE), use_stemmer=True)
    # Its own tokenizer knows the letters a to z alone.
    return RougeScorer(list(ROUGE), tokenizer=SimpleNamespace(tokenize=forms))


@dataclass(frozen=True, slots=True)
class Against:
    """What the summaries of a group are held against.

    Attributes:
        vectors: (sentences, width) of those that are summarised, of length one.
        words: (sentences, words) which words stand in them.
        held_vectors: (texts, width) of those that the summary should speak for.
        held_words: (texts, words) likewise.
        pairs: (sentences, pairs) which pairs of words that follow each other.
        held_pairs: (texts, pairs) likewise.
        positive: (sentences,) whether each is taken for positive; None where opinion is not asked for.
        marked: (sentences,) whether its author marked it so; None where not all are marked.
        references: what people wrote.
    """

    texts: Sequence[str]
    language: str
    vectors: np.ndarray
    words: csr_matrix
    held_vectors: np.ndarray
    held_words: csr_matrix
    pairs: csr_matrix
    held_pairs: csr_matrix
    positive: np.ndarray | None
    marked: np.ndarray | None
    references: Sequence[str]

    def rate(self, places: Sequence[int]) -> dict[str, float]:
        """Gives the measures of the summary that some of the sentences make.

        - `coverage`: how near the texts it should speak for are to the nearest of its sentences (cosine, mean);
        - `shared_words`: F1 of the words of the summary and those of such a text, mean;
        - `shared_pairs`: likewise of pairs of words in a row: unlike the two above, nothing that summaries are made by;
        - `redundancy`: how near its sentences are to each other (cosine, mean over pairs), 0 of a single one;
        - `opinion_off`, `marked_off`: how far its share of positive sentences is from theirs;
        - `words`: how long it is;
        - ROUGE, where people wrote summaries.
        """
        chosen = list(places)
        alike = self.vectors[chosen] @ self.vectors[chosen].T
        between = alike[np.triu_indices(len(chosen), 1)]
        rated = {
            "coverage": float((self.held_vectors @ self.vectors[chosen].T).max(axis=1).mean()),
            "shared_words": _shared(said_by(self.words, chosen), self.held_words),
            "shared_pairs": _shared(said_by(self.pairs, chosen), self.held_pairs),
            "redundancy": float(between.mean()) if len(between) else 0.0,
            "words": float(sum(len(forms(self.texts[place])) for place in chosen)),
        }
        for name, positive in (("opinion_off", self.positive), ("marked_off", self.marked)):
            if positive is not None:
                rated[name] = abs(float(positive[chosen].mean() - positive.mean()))
        if self.references:
            rated |= rouge(" ".join(self.texts[place] for place in chosen), self.references, self.language)
        return rated


def _shared(said: np.ndarray, held: csr_matrix) -> float:
    """Gives the F1 of what a summary says and what each text does, mean."""
    return float(f1_of_words(held @ said, row_sums(held), said.sum()).mean())


def mean_of(rated: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Gives the mean of each measure."""
    return {measure: float(np.mean([one[measure] for one in rated])) for measure in rated[0]}
