"""Explanations of test texts: which are shown, whether the words that they name matter, whether two of them agree.

Without the words that an explanation names, a prediction should be less sure. The fall of its probability is what
DeYoung et al. (ERASER, ACL 2020) call comprehensiveness. It is compared with that of as many random words.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from decortique.core.files import StageError
from decortique.core.measures import spearman
from decortique.data.corpus import LabelledSplit
from decortique.diagnosis.attributions import KINDS, Attribution, Explainer, SplitTexts, delete_words, kind_of
from decortique.diagnosis.settings import Explain
from decortique.evaluation.bootstrap import resampled, resampled_means
from decortique.evaluation.paired_tests import holm, paired
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Done
from decortique.models.predictions import PredictionTable

log = logging.getLogger(__name__)

MAX_WORDS = 60  # words and marks of a text that is shown: nobody reads more
EXPLAINED = ("bag-of-words", "transformer")  # kinds of approaches
TOP, RANDOM = "top", "random"
Falls = Mapping[int, Mapping[str, np.ndarray]]  # words deleted → which of them → (texts,) falls of the probability


def explained_approaches(kinds: Mapping[str, str]) -> list[str]:
    """Return every bag of words, then the first transformer, as these cost much; log a kind that is missing."""
    for absent in sorted({*EXPLAINED} - {*kinds.values()}):
        log.warning("none of `approaches` is a %s, so that none is explained", absent)
    bags = [name for name, kind in kinds.items() if kind == EXPLAINED[0]]
    return list(dict.fromkeys([*bags, *compared_approaches(kinds)]))


def compared_approaches(kinds: Mapping[str, str]) -> list[str]:
    """Return the first bag of words and the first transformer, as far as there are."""
    return [next(name for name in kinds if kinds[name] == kind) for kind in EXPLAINED if kind in kinds.values()]


def choose_examples(
    truth: np.ndarray, predicted: Mapping[str, PredictionTable], sizes: np.ndarray, max_examples: int
) -> dict[str, list[int]]:
    """Return indices of texts to show, by kind: by how one or two approaches predict them.

    Of two: `both_right` and `both_wrong`, where the less sure of them is surest, and `only_<approach>`, where the right
    one is surer of the truth than the other by most. Of one: `right` and `wrong`, where it is surest.
    """
    if not predicted:
        return {}
    short = (sizes > 0) & (sizes <= MAX_WORDS)
    every = np.arange(len(truth))
    right = {name: table.prediction == truth for name, table in predicted.items()}
    sure = np.min([table.probability[every, table.prediction] for table in predicted.values()], axis=0)
    of_truth = {name: table.probability[every, truth] for name, table in predicted.items()}
    both = "both_" if len(predicted) > 1 else ""
    kinds = {f"{both}right": (np.all(list(right.values()), axis=0), sure)}
    if both:
        for one, other in (list(predicted), list(predicted)[::-1]):
            kinds[f"only_{one}"] = right[one] & ~right[other], of_truth[one] - of_truth[other]
    kinds[f"{both}wrong"] = ~np.any(list(right.values()), axis=0), sure

    def highest(fits: np.ndarray, scores: np.ndarray) -> list[int]:
        indices = np.flatnonzero(fits & short)
        return indices[np.argsort(-scores[indices], kind="stable")[:max_examples]].tolist()

    return {kind: highest(fits, scores) for kind, (fits, scores) in kinds.items()}


def sample_long_texts(sizes: np.ndarray, longer_than: int, count: int, seed: int) -> list[int]:
    """Sample `count` texts of more than so many words at random, or all if fewer; raise StageError if none."""
    able = np.flatnonzero(sizes > longer_than)
    if not len(able):
        raise StageError(
            f"params.yaml: explain.n_deleted: no test text has more than {longer_than} words: delete fewer"
        )
    return np.sort(np.random.default_rng(seed).permutation(able)[:count]).tolist()


class Explained(NamedTuple):
    """On which words the predictions of one approach rest, of the texts that are shown and of those tested."""

    method: Mapping[str, Any]
    shown: Attribution
    tested: Attribution
    falls: Falls


def explain_approach(
    explainer: Explainer,
    split: SplitTexts,
    predicted: PredictionTable,
    shown: Sequence[int],
    tested: Sequence[int],
    settings: Explain,
    done: Done,
) -> Explained:
    """Explain an approach's predictions of all texts on those `shown` and those `tested`, by their indices."""
    texts, prediction = split.at(tested), predicted.prediction[list(tested)]
    attributed = explainer.attribute(texts, prediction, done)
    examples = explainer.attribute(split.at(shown), predicted.prediction[list(shown)], done)
    before, orders = predicted.probability[tested, prediction], word_orders(attributed.words, settings.seed)
    falls = probability_falls(explainer, texts, prediction, before, orders, settings.n_deleted, done)
    return Explained(explainer.method, examples, attributed, falls)


def example_rows(
    kinds: Mapping[str, Sequence[int]],
    split: SplitTexts,
    rows: LabelledSplit,
    predicted: Mapping[str, PredictionTable],
    explained: Mapping[str, Explained],
) -> list[dict[str, Any]]:
    """Return the texts that are shown, with prediction and words by approach: [start, end, share] each."""

    def by(name: str, number: int, index: int) -> dict[str, Any]:
        table, shares = predicted[name], explained[name].shown.words[number].tolist()
        return {
            "prediction": rows.labels[table.prediction[index]],
            "probability": float(table.probability[index, table.prediction[index]]),
            "words": [[*span, share] for span, share in zip(split.words[index], shares, strict=True)],
        }

    return [
        {
            "id": rows.ids[index],
            "kind": kind,
            "text": split.texts[index],
            "label": rows.labels[rows.truth[index]],
            "by": {name: by(name, number, index) for name in explained},
        }
        for number, (kind, index) in enumerate((kind, index) for kind, chosen in kinds.items() for index in chosen)
    ]


def word_orders(shares: Sequence[np.ndarray], seed: int) -> dict[str, list[np.ndarray]]:
    """Return the numbers of the words of each text by how much they support its prediction, and in random order."""
    random = np.random.default_rng(seed)
    top = [np.argsort(-one, kind="stable") for one in shares]
    return {TOP: top, RANDOM: [random.permutation(len(one)) for one in shares]}


def probability_falls(
    explainer: Explainer,
    texts: SplitTexts,
    prediction: np.ndarray,
    before: np.ndarray,
    orders: Mapping[str, Sequence[np.ndarray]],
    counts: Sequence[int],
    done: Done,
) -> Falls:
    """Delete the first words of each order from texts, and return by how much the probability of the prediction falls.

    `before` is the (texts,) probability on the whole texts; `orders` are those of `word_orders`.
    """
    cut = [
        delete_words(text, spans, set(words[:count].tolist()))
        for count in counts
        for order in orders.values()
        for text, spans, words in zip(*texts, order, strict=True)
    ]
    every = np.arange(len(prediction))
    probability = explainer.predict(cut, done).probability.reshape(len(counts), len(orders), len(every), -1)
    falls = before - probability[:, :, every, prediction]
    return {count: dict(zip(orders, by_order, strict=True)) for count, by_order in zip(counts, falls, strict=True)}


def compare_falls(falls: Mapping[str, Falls], settings: Evaluate, groups: np.ndarray | None) -> dict[str, Any]:
    """Return mean falls by approach and number of words: `top`, `random` and their `difference`, with intervals.

    `p` is of Fisher's randomisation test, group by group; `holm_p` is corrected for all approaches and numbers.
    """
    if not falls:
        return {}
    tests = {(approach, count): one for approach, by_count in falls.items() for count, one in by_count.items()}
    columns = {
        f"{approach}/{count}/{order}": values
        for (approach, count), by_order in tests.items()
        for order, values in by_order.items()
    }
    means = resampled_means(columns, settings, groups)
    p_values = []
    for one in tests.values():
        # Sums over groups: their mean differs from 0 as the mean over texts does, however large each group is.
        numbers = np.arange(len(one[RANDOM])) if groups is None else groups
        sums = (np.bincount(numbers, weights=one[order]) for order in (TOP, RANDOM))
        p_values.append(float(paired(*sums, confidence=settings.confidence, seed=settings.seed)["p"]))
    scores: dict[str, Any] = {}
    for (approach, count), p, corrected in zip(tests, p_values, holm(p_values), strict=True):
        both = {order: means[f"{approach}/{count}/{order}"] for order in (TOP, RANDOM)}
        both["difference"] = both[TOP] - both[RANDOM]
        intervals = {name: one.interval(settings.confidence) for name, one in both.items()}
        scores.setdefault(approach, {})[str(count)] = {**intervals, "p": p, "holm_p": corrected}
    return scores


def agreement(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], settings: Evaluate, groups: np.ndarray | None
) -> dict[str, Any]:
    """Return how far two explanations, the (words,) shares of each text for the same label, agree.

    `spearman` is the mean rank correlation of the words' shares within a text, without texts in which one of the two
    gives all words the same; `same_top` is the share of texts whose top word is the same, by chance a random one's.
    """
    ranked = np.array([float(spearman(a, b, np.ones((1, len(a))))[0]) for a, b in zip(one, other, strict=True)])
    same = np.array([float(a.argmax() == b.argmax()) for a, b in zip(one, other, strict=True)])
    chance = np.array([1 / len(a) for a in one])
    known = np.isfinite(ranked)

    def correlation(weights: np.ndarray) -> dict[str, np.ndarray]:
        weights = weights * known
        with np.errstate(invalid="ignore"):  # NaN where no text is known
            return {"spearman": weights @ np.where(known, ranked, 0) / weights.sum(axis=1)}

    means = resampled(correlation, len(one), resamples=settings.resamples, seed=settings.seed, groups=groups)
    tops = {"same_top": same, "same_top_by_chance": chance, "difference": same - chance}
    means |= resampled_means(tops, settings, groups)
    return {
        "texts": len(one),
        "ranked": int(known.sum()),
        **{name: mean.interval(settings.confidence) for name, mean in means.items() if np.isfinite(mean.value)},
    }


def kind_shares(
    shares: Mapping[str, Sequence[np.ndarray]],
    texts: SplitTexts,
    listed: frozenset[str],
    settings: Evaluate,
    groups: np.ndarray | None,
) -> dict[str, Any]:
    """Return by approach the mean part that each of `KINDS` has of the absolute shares of all words of a text.

    Under `words`, it is the part that the kind has of their number.
    """
    kinds = [
        np.array([KINDS.index(kind_of(text[slice(*span)], listed)) for span in spans])
        for text, spans in zip(*texts, strict=True)
    ]
    sizes = {"words": [np.ones(len(one)) for one in kinds]}
    sizes |= {name: [np.abs(one) for one in by_text] for name, by_text in shares.items()}
    columns: dict[str, np.ndarray] = {}
    for name, by_text in sizes.items():
        pairs = zip(kinds, by_text, strict=True)
        parts = np.array([np.bincount(kind, size, len(KINDS)) / max(size.sum(), 1e-300) for kind, size in pairs])
        columns |= {f"{name}/{kind}": part for kind, part in zip(KINDS, parts.T, strict=True)}
    means = resampled_means(columns, settings, groups)
    return {name: {kind: means[f"{name}/{kind}"].interval(settings.confidence) for kind in KINDS} for name in sizes}
