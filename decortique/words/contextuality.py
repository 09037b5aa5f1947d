"""How contextual words are, layer by layer: the measures of Ethayarajh (2019), each compared with random words.

K. Ethayarajh, "How Contextual are Contextualized Word Representations?", EMNLP 2019. If all vectors lie in a narrow
cone, any two are similar; what counts is by how much more those of one word are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata, wilcoxon

from decortique.core.files import progress
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.paired_tests import holm
from decortique.evaluation.settings import Evaluate
from decortique.words.corpus import CONTENT_WORDS, Sample, StudiedWords
from decortique.words.similarity import cosines, mean_intervals, means, unit
from decortique.words.states import Reader

MEASURES = ("self_similarity", "intra_sentence", "explained_variance", "out_of_context")
ALL = "all"
EXTREMES = 8  # words named at either end
ROUNDING = 1e-5  # of means of cosines of float32 states


class SampleStates(NamedTuple):
    """Hidden states of a sample; `rest` of a word is the mean of the other words of its text."""

    words: list[str]  # that are studied
    states: np.ndarray  # (words, layers, occurrences, width)
    rest: np.ndarray  # likewise
    random_forms: list[str]  # the random words
    random: np.ndarray  # (layers, random words, width)
    random_rest: np.ndarray  # likewise
    probed: np.ndarray  # (layers, probed, width)
    split: float  # share of the occurrences that are several tokens


def read_sample(reader: Reader, sample: Sample) -> SampleStates:
    """Read all of a sample, each text once."""
    parts = [list(chain.from_iterable(sample.studied.values())), sample.any, sample.probed]
    words = [(one.sentence.text, one.index) for part in parts for one in part]
    with progress("pronouns", len({text for text, _ in words}), "text") as bar:
        read = reader.read(words, bar.update)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    (studied, random, probed), (rest, random_rest, _) = (
        np.split(states, ends, axis=1) for states in (read.states, read.rest)
    )
    shape = (len(read.states), len(sample.studied), -1, reader.width)
    studied, rest = (states.reshape(shape).swapaxes(0, 1) for states in (studied, rest))
    forms, split = [one.form for one in sample.any], float((read.pieces > 1).mean())
    return SampleStates(list(sample.studied), studied, rest, forms, random, random_rest, probed, split)


def self_similarity(states: np.ndarray) -> np.ndarray:
    """Return the mean cosine between the vectors of one word in different contexts (Ethayarajh's definition 1).

    The sum of n unit vectors has a squared length of n, plus all cosines between two of them.
    (…, occurrences, width) → (…,), with at least two occurrences.
    """
    count = states.shape[-2]
    total = unit(states).sum(axis=-2, dtype=np.float64)
    return ((total**2).sum(axis=-1) - count) / (count * (count - 1))


def explained_variance(states: np.ndarray) -> np.ndarray:
    """Return the share of the first principal component of a word's vectors (definition 3, not centred).

    It is the most that one static vector for the word could explain. It depends on the number of occurrences: compare
    words of as many. (…, occurrences, width) → (…,).
    """
    inner = states.astype(np.float64) @ states.astype(np.float64).swapaxes(-1, -2)
    squares = np.linalg.eigvalsh(inner)  # of the singular values; ascending
    return squares[..., -1] / squares.sum(axis=-1)


def anisotropy(states: np.ndarray, bootstrap: Evaluate) -> list[Resampled]:
    """Return, layer by layer, the mean cosine between random words of different contexts, (layers, words, width).

    A word that a resample draws twice makes no pair with itself.
    """
    directions = unit(states)

    def measured(weights: np.ndarray) -> Mapping[str, np.ndarray]:
        squares = (weights**2).sum(axis=1)
        pairs = weights.sum(axis=1) ** 2 - squares
        return {str(n): (((weights @ one) ** 2).sum(axis=1) - squares) / pairs for n, one in enumerate(directions)}

    return list(resampled(measured, states.shape[1], resamples=bootstrap.resamples, seed=bootstrap.seed).values())


def values_by_word(read: SampleStates, bare: np.ndarray) -> dict[str, np.ndarray]:
    """Return each measure as (words, layers); `bare` is (layers, words, width): each word alone, out of context."""
    return {
        "self_similarity": self_similarity(read.states),
        "intra_sentence": cosines(read.states, read.rest).mean(axis=2, dtype=np.float64),
        "explained_variance": explained_variance(read.states),
        "out_of_context": cosines(read.states, bare.swapaxes(0, 1)[:, :, None]).mean(axis=2, dtype=np.float64),
    }


def baselines(read: SampleStates, bare: np.ndarray, bootstrap: Evaluate) -> dict[str, list[Resampled]]:
    """Return each measure, layer by layer, for unrelated words.

    Two random words; a word and the rest of another's text; a word in context and another one alone; sets of as many
    random words as a word has occurrences.
    """
    size = read.states.shape[2]
    sets = len(read.random_forms) // size
    grouped = read.random[:, : sets * size].reshape(len(read.random), sets, size, -1).swapaxes(0, 1)
    elsewhere = np.roll(read.random_rest, 1, axis=1)
    other = np.array([[form != word for word in read.words] for form in read.random_forms])
    near = np.stack([unit(one) @ unit(alone).T for one, alone in zip(read.random, bare, strict=True)], axis=-1)
    others_alone = (near * other[..., None]).sum(axis=1, dtype=np.float64) / other.sum(axis=1)[:, None]
    return {
        "self_similarity": anisotropy(read.random, bootstrap),
        "intra_sentence": means(cosines(read.random, elsewhere).T.astype(np.float64), bootstrap),
        "explained_variance": means(explained_variance(grouped), bootstrap),
        "out_of_context": means(others_alone, bootstrap),
    }


def contextuality(
    read: SampleStates, bare: np.ndarray, values: Mapping[str, np.ndarray], studied: StudiedWords, bootstrap: Evaluate
) -> dict[str, Any]:
    """Measure groups of words, and compare pronouns and stop words with content words as frequent as they are.

    Returns:
        `words`, how many there are and which are the most and the least contextual; `anisotropy`; `sentences`, how much
        more similar a random word is to its own text than to another; `measures`, `raw` and `corrected` by the baseline
        of unrelated words; `compared`, the differences to content words; `depth`, the mean over words of Spearman's
        correlation of corrected values with the layer.
    """
    number = {word: index for index, word in enumerate(read.words)}
    groups = {ALL: read.words, **studied.groups}
    members = {name: [number[word] for word in group if word in number] for name, group in groups.items()}
    random = baselines(read, bare, bootstrap)
    own_text = means(cosines(read.random, read.random_rest).T.astype(np.float64), bootstrap)
    own_text = [one - other for one, other in zip(own_text, random["intra_sentence"], strict=True)]

    def extremes(indices: list[int]) -> dict[str, Any]:
        words = [read.words[index] for index in sorted(indices, key=values["self_similarity"][:, -1].__getitem__)]
        return {"words": len(words), "most_contextual": words[:EXTREMES], "least_contextual": words[::-1][:EXTREMES]}

    def of_groups(measured: Callable[..., dict[str, Any]], measure: str) -> dict[str, Any]:
        groups = {name: values[measure][indices] for name, indices in members.items() if indices}
        return {name: measured(of_words, random[measure], bootstrap) for name, of_words in groups.items()}

    return {
        "words": {"split_in_pieces": read.split, **{name: extremes(indices) for name, indices in members.items()}},
        "anisotropy": _by_layer(one.interval(bootstrap.confidence) for one in random["self_similarity"]),
        "sentences": _by_layer(one.interval(bootstrap.confidence) for one in own_text),
        "measures": {measure: of_groups(_corrected, measure) for measure in MEASURES},
        "compared": {measure: _compared(values[measure], number, studied, bootstrap) for measure in MEASURES},
        "depth": {measure: of_groups(_depth, measure) for measure in MEASURES},
    }


def _by_layer(scores: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(layer): score for layer, score in enumerate(scores)}


def _corrected(values: np.ndarray, random: Sequence[Resampled], bootstrap: Evaluate) -> dict[str, Any]:
    both = [
        {"raw": value, "corrected": value.independent_difference(other)}
        for value, other in zip(means(values, bootstrap), random, strict=True)
    ]
    return _by_layer({name: value.interval(bootstrap.confidence) for name, value in one.items()} for one in both)


def _depth(values: np.ndarray, random: Sequence[Resampled], bootstrap: Evaluate) -> dict[str, float]:
    """Return the mean, over the words, of the rank correlation of corrected values with the layer.

    The interval is over the words; the baseline of random words is taken as it is, its own interval being far narrower.
    """
    corrected = values - np.array([one.value for one in random])
    ranks = rankdata(corrected, axis=1)
    layers = np.arange(1, ranks.shape[1] + 1)
    centred, depth = ranks - ranks.mean(axis=1, keepdims=True), layers - layers.mean()
    correlation = (centred * depth).sum(axis=1) / np.sqrt((centred**2).sum(axis=1) * (depth**2).sum())
    return mean_intervals(correlation[:, None], bootstrap)[0]


def _compared(
    values: np.ndarray, number: Mapping[str, int], studied: StudiedWords, bootstrap: Evaluate
) -> dict[str, Any]:
    """Compare words with those that are as frequent, pair by pair; the baseline of random words cancels out.

    The p-values of Wilcoxon's signed-rank test are corrected for all groups and layers.
    """
    report: dict[str, Any] = {}
    tests = []
    for name, group in studied.groups.items():
        pairs = [(word, studied.matched.get(word, "")) for word in group if word in number]
        indices = [(number[word], number[match]) for word, match in pairs if match in number]
        if name == CONTENT_WORDS or len(indices) < 2:
            continue
        words, matches = np.array(indices).T
        differences = values[words] - values[matches]
        layers = mean_intervals(differences, bootstrap)
        rounded = np.where(np.abs(differences) < ROUNDING, 0.0, differences)
        for test, column in zip(layers, rounded.T, strict=True):  # before the first block, no pair may differ
            test["wilcoxon_p"] = float(wilcoxon(column).pvalue) if np.any(column) else 1.0
        tests += layers
        report[name] = {"pairs": len(indices), "layers": _by_layer(layers)}
    for test, p in zip(tests, holm([test["wilcoxon_p"] for test in tests]), strict=True):
        test["holm_p"] = p
    return report


Point = dict[str, str | float | int]


def word_points(words: list[str], values: Mapping[str, np.ndarray], studied: StudiedWords) -> Iterator[Point]:
    """Yield the raw measures of each word at each layer."""
    kinds = {word: group for group, members in studied.groups.items() for word in members}
    for index, word in enumerate(words):
        about: Point = {
            "word": word,
            "kind": kinds[word],
            "spelled": studied.spelled[word],
            "count": studied.counts[word],
        }
        about["compared_with"] = studied.matched.get(word, "")
        for layer in range(next(iter(values.values())).shape[1]):
            yield {**about, "layer": layer, **{name: float(one[index, layer]) for name, one in values.items()}}


def curve_points(report: Mapping[str, Any]) -> Iterator[Point]:
    """Yield the corrected measures by group of words and layer."""
    for measure, groups in report["measures"].items():
        for group, layers in groups.items():
            for layer, one in layers.items():
                yield {"measure": measure, "words": group, "layer": int(layer), **one["corrected"]}
