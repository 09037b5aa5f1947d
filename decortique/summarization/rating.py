"""What summaries are worth, and comparing them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from scipy.sparse import csr_matrix

from decortique.data.text import forms
from decortique.evaluation.paired_tests import holm, mean_interval, paired, prediction_interval
from decortique.evaluation.settings import Evaluate
from decortique.summarization.choosing import f1_of_words, row_sums, said_by

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


# Ours; the same with all sentences in one cluster, which tells what clusters bring; those nearest to the centre among
# sentences no longer than ours, which tells what length brings; and by lot.
OURS, ALONE, SHORT, LOT = "clusters", "one cluster", "centroid, as short", "random"
# Tested only where the texts were not seen: of a text that was, each summary repeats sentences, and ours is made to be
# good at the first two.
OF_UNSEEN = ("coverage", "shared_words", "shared_pairs")
TESTED = (*OF_UNSEEN, "redundancy", "opinion_off", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")

Measures = Mapping[str, float]


class Rated(Protocol):
    """A group whose summaries were rated."""

    @property
    def rated(self) -> Mapping[str, Measures]:
        """Approach → its measures; those of `random` are the mean over its lots."""

    @property
    def lots(self) -> Sequence[Measures]:
        """Of each summary by lot."""


def compared(groups: Sequence[Rated], evaluate: Evaluate, *, unseen: bool) -> dict[str, Any]:
    """Compares approaches.

    Args:
        groups: with a summary by each approach.
        evaluate: confidence of the intervals, seed of the tests.
        unseen: whether they were held against texts that they were not made of.

    Returns:
        `approaches`, each measure with its interval over groups; `lots`, between which values of single summaries by
        lot lie; and `versus`, each approach's difference to clusters on the same groups, p-values corrected for the
        number of approaches.
    """
    measures = list(dict.fromkeys(measure for one in groups for measure in one.rated[OURS]))
    values = {
        approach: {measure: _column([one.rated[approach] for one in groups], measure) for measure in measures}
        for approach in groups[0].rated
    }
    lots = list(zip(*(one.lots for one in groups), strict=True))
    tested = [one for one in TESTED if one in measures and (unseen or one not in OF_UNSEEN)]
    return {
        "groups": len(groups),
        "approaches": {
            approach: {measure: mean_interval(column, evaluate.confidence) for measure, column in columns.items()}
            for approach, columns in values.items()
        },
        "lots": {
            measure: prediction_interval(np.array([_column(lot, measure).mean() for lot in lots]), evaluate.confidence)
            for measure in measures
        },
        "versus": _versus(values, tested, evaluate),
    }


def _column(rated: Sequence[Measures], measure: str) -> np.ndarray:
    """Gives (groups with the measure,) values: not all have references."""
    return np.array([one[measure] for one in rated if measure in one])


def _versus(
    values: Mapping[str, Mapping[str, np.ndarray]], measures: Sequence[str], evaluate: Evaluate
) -> dict[str, Any]:
    report: dict[str, Any] = {approach: {} for approach in values if approach != OURS}
    for measure in measures:
        tests = [
            paired(values[OURS][measure], values[approach][measure], confidence=evaluate.confidence, seed=evaluate.seed)
            for approach in report
        ]
        for approach, test, corrected in zip(report, tests, holm([test["p"] for test in tests]), strict=True):
            report[approach][measure] = {**test, "holm_p": corrected}
    return report
