"""How contextual words are, layer by layer, with tables of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata, wilcoxon

from decortique.evaluation.bootstrap import Resampled
from decortique.evaluation.paired_tests import holm
from decortique.evaluation.settings import Evaluate
from decortique.words.geometry import anisotropy, cosines, explained_variance, means, self_similarity, unit
from decortique.words.studied import CONTENT_WORDS, Read, Studied

MEASURES = ("self_similarity", "intra_sentence", "explained_variance", "out_of_context")
ALL = "all"
EXTREMES = 8  # words named at either end
ROUNDING = 1e-5  # of means of cosines of float32 states


def values_by_word(read: Read, bare: np.ndarray) -> dict[str, np.ndarray]:
    """Gives each measure as (words, layers).

    Args:
        read: the words in context.
        bare: (layers, words, width): each alone. `out_of_context` is the mean cosine with it.
    """
    alone = bare.swapaxes(0, 1)[:, :, None]
    return {
        "self_similarity": self_similarity(read.studied),
        "intra_sentence": cosines(read.studied, read.rest).mean(axis=2, dtype=np.float64),
        "explained_variance": explained_variance(read.studied),
        "out_of_context": cosines(read.studied, alone).mean(axis=2, dtype=np.float64),
    }


def baselines(read: Read, bare: np.ndarray, bootstrap: Evaluate) -> dict[str, list[Resampled]]:
    """Gives what each measure is, layer by layer, of words that have nothing to do with each other.

    Two words of any kind; a word and the rest of another's text; a word in context and another one alone; sets of as
    many words of any kind as a word has occurrences.
    """
    size = read.studied.shape[2]
    sets = len(read.forms) // size
    grouped = read.any[:, : sets * size].reshape(len(read.any), sets, size, -1).swapaxes(0, 1)
    elsewhere = np.roll(read.rest_any, 1, axis=1)
    return {
        "self_similarity": anisotropy(read.any, bootstrap),
        "intra_sentence": means(cosines(read.any, elsewhere).T.astype(np.float64), bootstrap),
        "explained_variance": means(explained_variance(grouped), bootstrap),
        "out_of_context": means(_with_others_alone(read, bare), bootstrap),
    }


def _with_others_alone(read: Read, bare: np.ndarray) -> np.ndarray:
    """Gives (words of any kind, layers): the mean cosine of each with the studied words alone, itself left out."""
    other = np.array([[form != word for word in read.words] for form in read.forms])
    near = np.stack([unit(one) @ unit(alone).T for one, alone in zip(read.any, bare, strict=True)], axis=-1)
    return (near * other[..., None]).sum(axis=1, dtype=np.float64) / other.sum(axis=1)[:, None]


def contextuality(
    read: Read, bare: np.ndarray, values: Mapping[str, np.ndarray], studied: Studied, bootstrap: Evaluate
) -> dict[str, Any]:
    """Measures kinds of words, and compares pronouns and stop words with content words as frequent as they are.

    Args:
        read: the words in context.
        bare: (layers, words, width): each alone.
        values: of `values_by_word`.
        studied: their groups, and who is compared with whom.
        bootstrap: how many resamples of the words, and the confidence.

    Returns:
        `words`, how many there are and which are the most and the least contextual; `anisotropy` by layer; `sentences`,
        how much more alike a word of any kind is to its own text than to another; `measures`, by measure, group and
        layer, `raw` and `corrected` by what unrelated words have; `compared`, the differences to content words with
        Wilcoxon's p, corrected for all of a measure; `depth`, how corrected values go with depth (Spearman's
        correlation with the layer, the mean over words).
    """
    number = {word: place for place, word in enumerate(read.words)}
    members = {
        ALL: list(range(len(read.words))),
        **{name: [number[word] for word in group if word in number] for name, group in studied.groups.items()},
    }
    random = baselines(read, bare, bootstrap)

    def of_groups(measured: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {
            measure: {
                group: measured(values[measure][places], random[measure], bootstrap)
                for group, places in members.items()
                if places
            }
            for measure in MEASURES
        }

    return {
        "words": {
            "split_in_pieces": read.split,
            **{group: {"words": len(places), **_extremes(values, places, read)} for group, places in members.items()},
        },
        "anisotropy": _by_layer(random["self_similarity"], bootstrap),
        "sentences": _by_layer(_own_sentence(read, random["intra_sentence"], bootstrap), bootstrap),
        "measures": of_groups(_corrected),
        "compared": {measure: _compared(values[measure], number, studied, bootstrap) for measure in MEASURES},
        "depth": of_groups(_depth),
    }


def _extremes(values: Mapping[str, np.ndarray], places: Sequence[int], read: Read) -> dict[str, list[str]]:
    """Names the words whose vectors in the last layer are least, and most, alike from one context to the next."""
    order = sorted(places, key=lambda place: values["self_similarity"][place, -1])
    return {
        "most_contextual": [read.words[place] for place in order[:EXTREMES]],
        "least_contextual": [read.words[place] for place in order[::-1][:EXTREMES]],
    }


def _own_sentence(read: Read, elsewhere: Sequence[Resampled], bootstrap: Evaluate) -> list[Resampled]:
    own = means(cosines(read.any, read.rest_any).T.astype(np.float64), bootstrap)
    return [one - other for one, other in zip(own, elsewhere, strict=True)]


def _by_layer(found: Sequence[Resampled], bootstrap: Evaluate) -> dict[str, Any]:
    return {str(layer): value.interval(bootstrap.confidence) for layer, value in enumerate(found)}


def _corrected(values: np.ndarray, random: Sequence[Resampled], bootstrap: Evaluate) -> dict[str, Any]:
    raw = means(values, bootstrap)
    return {
        str(layer): {
            "raw": value.interval(bootstrap.confidence),
            "corrected": value.apart(random[layer]).interval(bootstrap.confidence),
        }
        for layer, value in enumerate(raw)
    }


def _depth(values: np.ndarray, random: Sequence[Resampled], bootstrap: Evaluate) -> dict[str, float]:
    """Gives the mean, over the words, of the rank correlation of corrected values with the layer.

    The interval is over the words; what random words have is taken as it is, its own interval being far narrower.
    """
    corrected = values - np.array([one.value for one in random])
    ranks = rankdata(corrected, axis=1)
    layers = np.arange(1, ranks.shape[1] + 1)
    centred, depth = ranks - ranks.mean(axis=1, keepdims=True), layers - layers.mean()
    correlation = (centred * depth).sum(axis=1) / np.sqrt((centred**2).sum(axis=1) * (depth**2).sum())
    return means(correlation[:, None], bootstrap)[0].interval(bootstrap.confidence)


def _compared(values: np.ndarray, number: Mapping[str, int], studied: Studied, bootstrap: Evaluate) -> dict[str, Any]:
    """Compares words with those that are as frequent, pair by pair; what random words have cancels out."""
    report: dict[str, Any] = {}
    for group in studied.groups:
        pairs = [
            (number[word], number[studied.matched[word]])
            for word in studied.groups[group]
            if word in number and studied.matched.get(word) in number
        ]
        if group == CONTENT_WORDS or len(pairs) < 2:
            continue
        words, matches = np.array(pairs).T
        differences = values[words] - values[matches]
        found = means(differences, bootstrap)
        report[group] = {
            "pairs": len(pairs),
            "layers": {
                str(layer): {
                    **difference.interval(bootstrap.confidence),
                    "wilcoxon_p": _signed_rank(differences[:, layer]),
                }
                for layer, difference in enumerate(found)
            },
        }
    places = [(group, layer) for group in report for layer in report[group]["layers"]]
    corrected = holm([report[group]["layers"][layer]["wilcoxon_p"] for group, layer in places])
    for (group, layer), p in zip(places, corrected, strict=True):
        report[group]["layers"][layer]["holm_p"] = p
    return report


def _signed_rank(differences: np.ndarray) -> float:
    """Gives Wilcoxon's p-value; 1 where no pair differs, as none need before the first block."""
    told = np.where(np.abs(differences) < ROUNDING, 0.0, differences)
    return float(wilcoxon(told).pvalue) if np.any(told) else 1.0


Point = dict[str, str | float | int]


def word_points(words: list[str], values: Mapping[str, np.ndarray], studied: Studied) -> Iterator[Point]:
    """Yields what was measured of each word at each layer, raw."""
    kinds = {word: group for group, members in studied.groups.items() for word in members}
    for place, word in enumerate(words):
        for layer in range(len(next(iter(values.values()))[place])):
            yield {
                "word": word,
                "kind": kinds[word],
                "spelled": studied.spelled[word],
                "count": studied.counts[word],
                "compared_with": studied.matched.get(word, ""),
                "layer": layer,
                **{measure: float(found[place, layer]) for measure, found in values.items()},
            }


def curve_points(report: Mapping[str, Any]) -> Iterator[Point]:
    """Yields the corrected measures by kind of word and layer."""
    for measure, groups in report["measures"].items():
        for group, layers in groups.items():
            for layer, found in layers.items():
                yield {"measure": measure, "words": group, "layer": int(layer), **found["corrected"]}
