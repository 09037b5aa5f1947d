"""Evaluation of summaries: ROUGE, coverage and redundancy of each, and paired tests between approaches."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from scipy.sparse import csr_matrix

from decortique.data.text import forms
from decortique.evaluation.paired_tests import mean_interval, paired, prediction_interval, with_holm
from decortique.evaluation.settings import Evaluate
from decortique.summarization.choosing import f1_of_words, row_sums, word_sets, words_of
from decortique.summarization.settings import OURS

# It logs for each scorer which tokenizer it has.
logging.getLogger("absl").setLevel(logging.WARNING)

ROUGE = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rougeL": "rouge_l"}

Measures = Mapping[str, float]


def rouge(summary: str, references: Sequence[str], language: str) -> dict[str, float]:
    """Return precision, recall and F1 of ROUGE-1, -2 and -L (Lin, 2004), each the mean over the references.

    English words are stemmed (Porter), as in the tool's own papers; words of other languages are taken as they are.
    """
    scores = [_scorer(language).score(reference, summary) for reference in references]
    return {
        f"{name}_{part}": float(np.mean([one[kind][number] for one in scores]))
        for kind, name in ROUGE.items()
        for number, part in enumerate(("precision", "recall", "f1"))
    }


@cache
def _scorer(language: str) -> RougeScorer:
    if language == "en":
        return RougeScorer(list(ROUGE), use_stemmer=True)
    # Its own tokenizer knows the letters a to z alone.
    return RougeScorer(list(ROUGE), tokenizer=SimpleNamespace(tokenize=forms))


class SummaryScorer:
    """Scores the summaries of a group of texts, compared with held-out texts of it, or with all of them."""

    def __init__(
        self,
        texts: Sequence[str],
        language: str,
        vectors: np.ndarray,
        *,
        held_out: Sequence[str] = (),
        held_out_vectors: np.ndarray | None = None,
        positive: np.ndarray | None = None,
        marked: np.ndarray | None = None,
        references: Sequence[str] = (),
    ) -> None:
        """Take the sentences of a group, their (sentences, width) vectors of length one, and what to compare with.

        `positive` is whether a classifier predicts that a sentence is positive, `marked` whether its author marked it
        so, both (sentences,); `references` are summaries that people wrote.
        """
        self.texts, self.language, self.vectors = texts, language, vectors
        self.positive, self.marked, self.references = positive, marked, references
        words, pairs = (word_sets([*texts, *held_out], length) for length in (1, 2))
        targets = slice(len(texts) if held_out else 0, None)
        self.words, self.target_words = words[: len(texts)], words[targets]
        self.pairs, self.target_pairs = pairs[: len(texts)], pairs[targets]
        self.target_vectors = vectors if not held_out or held_out_vectors is None else held_out_vectors

    def score(self, indices: Sequence[int]) -> dict[str, float]:
        """Return the measures of the summary that consists of some of the sentences.

        - `coverage`: cosine of the texts it should cover with the nearest of its sentences, mean;
        - `shared_words`: F1 of the words of the summary and those of such a text, mean;
        - `shared_pairs`: likewise of pairs of words in a row: unlike the two above, no summary is optimised for them;
        - `redundancy`: cosine of its sentences with each other, mean over pairs, 0 of a single one;
        - `opinion_off`, `marked_off`: by how much its share of positive sentences differs from theirs;
        - `words`: its length;
        - ROUGE, where people wrote summaries.
        """
        chosen = list(indices)
        similarity = self.vectors[chosen] @ self.vectors[chosen].T
        between = similarity[np.triu_indices(len(chosen), 1)]
        scores = {
            "coverage": float((self.target_vectors @ self.vectors[chosen].T).max(axis=1).mean()),
            "shared_words": _shared(words_of(self.words, chosen), self.target_words),
            "shared_pairs": _shared(words_of(self.pairs, chosen), self.target_pairs),
            "redundancy": float(between.mean()) if len(between) else 0.0,
            "words": float(sum(len(forms(self.texts[index])) for index in chosen)),
        }
        for name, positive in (("opinion_off", self.positive), ("marked_off", self.marked)):
            if positive is not None:
                scores[name] = abs(float(positive[chosen].mean() - positive.mean()))
        if self.references:
            scores |= rouge(" ".join(self.texts[index] for index in chosen), self.references, self.language)
        return scores


def _shared(summary: np.ndarray, targets: csr_matrix) -> float:
    """Return the F1 of the words of a summary and those of each text, mean."""
    return float(f1_of_words(targets @ summary, row_sums(targets), summary.sum()).mean())


def mean_scores(scores: Sequence[Measures]) -> dict[str, float]:
    """Return the mean of each measure."""
    return {measure: float(np.mean([one[measure] for one in scores])) for measure in scores[0]}


# Tested only where the texts were not seen: of a text that was, each summary repeats sentences, and ours is optimised
# for the first two.
OF_UNSEEN = ("coverage", "shared_words", "shared_pairs")
TESTED = (*OF_UNSEEN, "redundancy", "opinion_off", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")


def compare(
    scores: Sequence[Mapping[str, Measures]],
    random_scores: Sequence[Sequence[Measures]],
    evaluate: Evaluate,
    *,
    unseen: bool,
) -> dict[str, Any]:
    """Compare approaches by the scores of their summaries (by group, approach → measures) with ours.

    `random_scores` are by group, of each random summary; `unseen` says whether texts were held out. p-values are
    corrected for the number of approaches.
    """
    measures = list(dict.fromkeys(measure for one in scores for measure in one[OURS]))
    values = {
        approach: {measure: _column([one[approach] for one in scores], measure) for measure in measures}
        for approach in scores[0]
    }
    draws = list(zip(*random_scores, strict=True))
    tested = [one for one in TESTED if one in measures and (unseen or one not in OF_UNSEEN)]
    ours, sampling = values[OURS], evaluate.model_dump(include={"confidence", "seed"})
    others = {approach: columns for approach, columns in values.items() if approach != OURS}
    tests = {
        measure: with_holm({name: paired(ours[measure], other[measure], **sampling) for name, other in others.items()})
        for measure in tested
    }
    return {
        "groups": len(scores),
        "approaches": {
            approach: {measure: mean_interval(column, evaluate.confidence) for measure, column in columns.items()}
            for approach, columns in values.items()
        },
        "random_interval": {
            measure: prediction_interval(np.array([_column(one, measure).mean() for one in draws]), evaluate.confidence)
            for measure in measures
        },
        "versus": {name: {measure: of_all[name] for measure, of_all in tests.items()} for name in others},
    }


def _column(scores: Sequence[Measures], measure: str) -> np.ndarray:
    """Return the (groups with the measure,) values: not all have references."""
    return np.array([one[measure] for one in scores if measure in one])
