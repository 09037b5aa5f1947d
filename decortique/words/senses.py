"""Which sense a word has, layer by layer: word-in-context pairs, clusters of occurrences, nearest neighbours.

Word-in-context pairs (WiC: Pilehvar & Camacho-Collados, 2019) are two texts with a word in one sense or in two.
"""

import logging
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gensim.models import KeyedVectors
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, v_measure_score

from decortique.core import paths
from decortique.core.files import StageError, new_folder
from decortique.core.tables import WORD_PAIRS, read_columns, write_rows
from decortique.data.lexicon import Use, read_synsets, uses
from decortique.data.text import forms
from decortique.evaluation.paired_tests import holm, swap_test
from decortique.evaluation.settings import Evaluate
from decortique.words.corpus import probe_set_file, read_probe_set
from decortique.words.settings import WordPairs
from decortique.words.similarity import cosines, mean_intervals, means, unit
from decortique.words.states import Reader
from decortique.words.vectors import mean_vector

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
WITH_FIELDS = "nv"  # nouns and verbs, whose senses WordNet divides into fields of meaning; WiC is made of them too


class Pair(NamedTuple):
    """A row of `decortique.core.tables.WORD_PAIRS`: a lemma in two texts, by the index of the word in each."""

    lemma: str
    kind: str
    first: str
    first_place: int
    second: str
    second_place: int
    same: bool


def make_word_pairs(code: str, settings: WordPairs, *, wordnet: bool) -> dict[str, Any]:
    """Write word-in-context pairs from the examples of WordNet's senses, and return how many there are of which kind.

    Half of them have one sense of the word; no word is in two splits. A language without WordNet has no pairs.
    """
    if not wordnet:
        log.warning("catalogue/languages/%s.yaml has no WordNet: no word-in-context pairs", code)
    examples = uses(read_synsets(paths.language(code)), settings.min_words) if wordnet else ()
    pairs = pairs_by_family(examples, at_most=settings.per_family, seed=settings.seed)
    splits = split_families(pairs, settings.model_dump(include=set(SPLITS)), settings.seed)
    with new_folder(paths.word_pairs(code)) as folder:
        for split, kept in splits.items():
            write_rows(folder / f"{split}.parquet", WORD_PAIRS, kept, {"language": code})
    counts = {
        split: {"pairs": len(kept), "same": sum(pair.same for pair in kept), "lemmas": len({p.lemma for p in kept})}
        for split, kept in splits.items()
    }
    return {"to_choose_from": sum(map(len, pairs.values())), **counts}


def pairs_by_family(examples: Iterable[Use], *, at_most: int, seed: int) -> dict[str, list[Pair]]:
    """Make pairs of nouns and verbs in one spelling, as many of one sense as of two, by family (words of one stem).

    The word itself says nothing then: neither which one it is, nor (as inflections would, since uses of one sense are
    often inflected alike) how it is spelled. As in WiC, two senses count as different only if WordNet neither links
    them, directly or through a third, nor has them in one field of meaning. Each text is used once; a family has at
    most `at_most` pairs, an even number.
    """
    random = np.random.default_rng(seed)
    by_spelling: dict[tuple[str, str, str, str], dict[str, list[Use]]] = defaultdict(lambda: defaultdict(list))
    for use in examples:
        if use.synset.kind in WITH_FIELDS:
            by_spelling[use.stem, use.lemma, use.synset.kind, use.spelling][use.synset.name].append(use)
    pairs: dict[str, list[Pair]] = defaultdict(list)
    used: set[str] = set()
    for (stem, *_), senses in sorted(by_spelling.items()):
        both = list(combinations([use for name in sorted(senses) for use in senses[name]], 2))
        same = [(a, b) for a, b in both if a.synset.name == b.synset.name]
        different = [(a, b) for a, b in both if _is_different(a, b)]
        queues = [[kind[index] for index in random.permutation(len(kind))] for kind in (same, different)]
        while len(pairs[stem]) < at_most:  # one pair of either kind, as long as there are texts that were not used
            sampled: list[tuple[Use, Use]] = []
            for queue in queues:
                taken = used | {use.text for pair in sampled for use in pair}
                sampled += [(a, b) for a, b in queue if not taken & {a.text, b.text}][:1]
            if len(sampled) < len(queues):
                break
            for (a, b), of_one in zip(sampled, (True, False), strict=True):
                used |= {a.text, b.text}
                pairs[stem].append(Pair(a.lemma, a.synset.kind, a.text, a.place, b.text, b.place, of_one))
    return {stem: kept for stem, kept in pairs.items() if kept}


def _is_different(one: Use, other: Use) -> bool:
    first, second = one.synset, other.synset
    linked = first.name in second.near or second.name in first.near or bool(first.near & second.near)
    return first.field != second.field and not linked


def split_families(pairs: Mapping[str, Sequence[Pair]], sizes: Mapping[str, int], seed: int) -> dict[str, list[Pair]]:
    """Assign whole families at random to splits of at most so many pairs, so that no word is in two splits."""
    families = sorted(pairs)
    splits: dict[str, list[Pair]] = {split: [] for split in sizes}
    for index in np.random.default_rng(seed).permutation(len(families)):
        if unfilled := [split for split in sizes if len(splits[split]) < sizes[split]]:
            split = unfilled[0]
            splits[split] += pairs[families[index]][: sizes[split] - len(splits[split])]
    return splits


def read_pairs(folder: Path) -> dict[str, list[Pair]]:
    """Read the pairs of each split."""
    columns = {split: read_columns(folder / f"{split}.parquet", Pair._fields) for split in SPLITS}
    return {split: list(map(Pair, *values.values())) for split, values in columns.items()}


OVERLAP, POSITIONS, LENGTHS = "words in common", "similar position in the text", "similar length of the text"


def predict_pairs(
    reader: Reader, pairs: Mapping[str, Sequence[Pair]], static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Measure how well the similarity of a word in two texts predicts whether it has one sense there.

    Each threshold is chosen on `train`, the layer on `validation`, and all `ways` to predict are measured on `test`.
    Static vectors of one word form are equal in any two texts, so that they are right in half of the pairs; the
    similarity of the means of all words is what they know of the texts. Intervals and swap tests of the chosen layer
    against what is no layer are over whole lemmas. Nothing where there are no pairs.
    """
    if not pairs["test"]:
        return {}
    values = {split: {**_layers(reader, rows), **_others(rows, static)} for split, rows in pairs.items()}
    same = {split: np.array([pair.same for pair in rows]) for split, rows in pairs.items()}
    thresholds = {way: best_threshold(one, same["train"]) for way, one in values["train"].items()}
    predicted = {
        split: {way: one >= thresholds[way] for way, one in values[split].items()} for split in ("validation", "test")
    }
    validation = {way: float((one == same["validation"]).mean()) for way, one in predicted["validation"].items()}
    layers = [way for way in validation if way.startswith("layer ")]
    chosen = max(layers, key=validation.__getitem__)
    lemmas = np.unique([pair.lemma for pair in pairs["test"]], return_inverse=True)[1]
    truth, best = same["test"].astype(int), predicted["test"][chosen].astype(int)
    right = np.stack([one == same["test"] for one in predicted["test"].values()], axis=1).astype(float)
    accuracy = dict(zip(validation, means(right, bootstrap, groups=lemmas), strict=True))
    ways: dict[str, dict[str, Any]] = {}
    for way, value in accuracy.items():
        threshold = thresholds[way] if np.isfinite(thresholds[way]) else None
        test = value.interval(bootstrap.confidence)
        ways[way] = {"threshold": threshold, "validation": validation[way], "test": test}
        if way not in layers:
            other = predicted["test"][way].astype(int)
            swapped = swap_test(truth, other, best, groups=lemmas, last=1, seed=bootstrap.seed)
            difference = (accuracy[chosen] - value).interval(bootstrap.confidence)
            ways[way] |= {"chosen_minus_this": difference, "swap_p": swapped["accuracy_p"]}
    tested = [way for way in ways.values() if "swap_p" in way]
    for tests, p in zip(tested, holm([way["swap_p"] for way in tested]), strict=True):
        tests["holm_p"] = p
    return {"pairs": {split: len(rows) for split, rows in pairs.items()}, "chosen": chosen, "ways": ways}


def best_threshold(values: np.ndarray, same: np.ndarray) -> float:
    """Return the threshold that predicts most pairs right; of several, the one in the middle.

    (pairs,) values at or above the threshold are predicted to be of one sense; `same` is (pairs,) bool.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    edges = np.concatenate([[-np.inf], (ordered[1:] + ordered[:-1]) / 2, [np.inf]])
    below = np.concatenate([[0], np.cumsum(~same[order])])  # of two senses, and below the edge
    above = same.sum() - np.concatenate([[0], np.cumsum(same[order])])
    # Between equal values there is no edge.
    right = np.where(np.concatenate([[True], np.diff(ordered) > 0, [True]]), below + above, -1)
    best = np.flatnonzero(right == right.max())
    return float(edges[best[len(best) // 2]])


def _layers(reader: Reader, pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    words = [(pair.first, pair.first_place) for pair in pairs] + [(pair.second, pair.second_place) for pair in pairs]
    first, second = np.split(reader.read(words).states, 2, axis=1)
    return {f"layer {layer}": values for layer, values in enumerate(cosines(first, second))}


def _others(pairs: Sequence[Pair], static: Mapping[str, KeyedVectors]) -> dict[str, np.ndarray]:
    """Return the similarities that are known without a transformer."""
    texts = [(forms(pair.first), forms(pair.second)) for pair in pairs]
    words = [(a[pair.first_place], b[pair.second_place]) for pair, (a, b) in zip(pairs, texts, strict=True)]
    values = {name: np.array([_similarity(vectors, *both) for both in words]) for name, vectors in static.items()}
    for name, vectors in static.items():
        similarities = [cosines(mean_vector(vectors, a), mean_vector(vectors, b)) for a, b in texts]
        values[f"{name}, mean of the text"] = np.array(similarities)
    values[OVERLAP] = np.array([jaccard(*both) for both in texts])
    # Examples of one sense are often built alike, and an encoder knows the position of a word.
    indices = np.array([(pair.first_place, pair.second_place) for pair in pairs])
    lengths = np.array([tuple(map(len, both)) for both in texts])
    values[POSITIONS] = -np.abs(np.diff(indices / lengths, axis=1)[:, 0])
    values[LENGTHS] = -np.abs(np.diff(lengths, axis=1)[:, 0]).astype(float)
    return values


def _similarity(vectors: KeyedVectors, first: str, second: str) -> float:
    known = first in vectors and second in vectors
    return 1.0 if first == second else float(vectors.similarity(first, second)) if known else 0.0


def jaccard(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of words that two texts have in common (Jaccard's index)."""
    one, other = set(first), set(second)
    return len(one & other) / len(one | other) if one | other else 0.0


@dataclass(frozen=True, slots=True)
class Sense:
    """A sentence in which a word has one of its senses."""

    word: str
    sense: str
    text: str

    @property
    def index(self) -> int:
        """The index of the word in the text."""
        return forms(self.text).index(self.word)


def read_senses(language: str) -> list[Sense]:
    """Read `probes/<language>/senses.tsv`, sentences with words of several senses; none if there is no such file."""
    path = probe_set_file(language, "senses")
    rows = read_probe_set(path, ("word", "sense", "text"), once=("word",))
    senses = [Sense(row["word"].lower(), row["sense"], row["text"]) for row in rows]
    counts = Counter((one.word, one.sense) for one in senses)
    meanings = Counter(word for word, _ in counts)
    for (word, meaning), count in counts.items():
        if meanings[word] < 2 or count < 2:
            raise StageError(f"{path}: {word!r} needs two senses or more, with two sentences each ({meaning}: {count})")
    return senses


def indices_by_word(senses: Sequence[Sense]) -> dict[str, list[int]]:
    """Return the indices of the sentences of each word."""
    indices: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(senses):
        indices[one.word].append(index)
    return indices


CLUSTER_MEASURES = {"adjusted_rand": adjusted_rand_score, "v_measure": v_measure_score}


def induce_senses(
    states: np.ndarray, senses: Sequence[Sense], static: Mapping[str, KeyedVectors], bootstrap: Evaluate, *, seed: int
) -> dict[str, Any]:
    """Cluster the occurrences of each word, and measure how well the clusters agree with its senses.

    `states` are (layers, sentences, width) of the words. A static vector of the word is the same in all of them; the
    mean of the static vectors of the other words is what the text says without a transformer. Intervals are over words.
    """
    if not senses:
        return {}
    vectors = {f"layer {layer}": values for layer, values in enumerate(states)}
    texts = [[form for form in forms(one.text) if form != one.word] for one in senses]
    for name, words in static.items():
        vectors[f"{name}, mean of the text"] = np.stack([mean_vector(words, text) for text in texts])
    by_word = indices_by_word(senses)
    report: dict[str, Any] = {"words": len(by_word), "sentences": len(senses), "vectors": {}}
    for name, values in vectors.items():
        scores = [
            cluster_scores(values[indices], [senses[index].sense for index in indices], seed=seed)
            for indices in by_word.values()
        ]
        intervals = mean_intervals(np.array(scores), bootstrap)
        report["vectors"][name] = dict(zip(CLUSTER_MEASURES, intervals, strict=True))
    return report


def cluster_scores(states: np.ndarray, senses: Sequence[str], *, seed: int) -> list[float]:
    """Return the scores of `CLUSTER_MEASURES` of as many clusters (k-means of directions) as a word has senses."""
    method = KMeans(n_clusters=len(set(senses)), n_init=10, random_state=seed)
    with warnings.catch_warnings():  # of fewer clusters, where a layer has the same vector in all contexts
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters = method.fit_predict(unit(states).astype(np.float64))
    return [float(measure(senses, clusters)) for measure in CLUSTER_MEASURES.values()]


def neighbour_table(
    states: np.ndarray,
    senses: Sequence[Sense],
    candidates: Sequence[str],
    bare: np.ndarray,
    static: Mapping[str, KeyedVectors],
    count: int,
) -> dict[str, Any]:
    """Return `count` neighbours of each word: as a static vector, in each sense, and of what sets a sense apart.

    In context a word stays nearest to itself and similar words, whatever its sense. What changes is seen in the
    difference between a sense and the mean of all senses of the word, and in candidates from which their mean is
    subtracted. `states` are (sentences, width) of the words, `bare` is (candidates, width) of each alone, in one layer.
    """
    centred = unit(bare) - unit(bare).mean(axis=0)
    table: dict[str, Any] = {}
    for word, indices in indices_by_word(senses).items():
        by_sense: dict[str, list[int]] = defaultdict(list)
        for index in indices:
            by_sense[senses[index].sense].append(index)
        vectors = {sense: unit(states[several]).mean(axis=0) for sense, several in by_sense.items()}
        middle = np.mean(list(vectors.values()), axis=0)
        others = [index for index, candidate in enumerate(candidates) if candidate != word]
        names = [candidates[index] for index in others]
        table[word] = {
            "static": {name: _static_neighbours(known, word, names, count) for name, known in static.items()},
            "senses": {
                sense: {
                    "nearest": nearest(vector, bare[others], names, count),
                    "sets_apart": nearest(vector - middle, centred[others], names, count),
                }
                for sense, vector in vectors.items()
            },
        }
    return table


def nearest(vector: np.ndarray, candidates: np.ndarray, names: Sequence[str], count: int) -> list[str]:
    """Return the names of the nearest candidates by cosine, the nearest first."""
    near = unit(candidates) @ unit(vector)
    return [names[index] for index in np.argsort(-near, kind="stable")[:count]]


def _static_neighbours(vectors: KeyedVectors, word: str, names: Sequence[str], count: int) -> list[str]:
    known = [name for name in names if name in vectors] if word in vectors else []
    return nearest(vectors[word], np.stack([vectors[name] for name in known]), known, count) if known else []
