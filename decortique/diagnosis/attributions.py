"""Attributions: how much each word of a text speaks for a prediction; for a bag of words, weight times value."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import MultinomialNB

from decortique.data.lexicon import listed_forms
from decortique.models.bag_of_words import MARK, WORD, BagOfWordsClassifier, feature_weights, stemmed
from decortique.models.folder import Done, Predictions

Span = tuple[int, int]  # first character, and the one behind the last

KINDS = ("content_words", "function_words", "punctuation")


class SplitTexts(NamedTuple):
    """Texts, and the spans of the words and punctuation marks of each; white space is all that is between them."""

    texts: list[str]
    words: list[list[Span]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "SplitTexts":
        """Split texts into words."""
        return cls(list(texts), [[match.span() for match in re.finditer(f"{WORD}|{MARK}", text)] for text in texts])

    @property
    def sizes(self) -> np.ndarray:
        """(texts,) numbers of words and marks."""
        return np.array([len(spans) for spans in self.words], int)

    def at(self, indices: Sequence[int]) -> "SplitTexts":
        """Return some of the texts."""
        return SplitTexts([self.texts[index] for index in indices], [self.words[index] for index in indices])


def delete_words(text: str, words: Sequence[Span], deleted: Collection[int]) -> str:
    """Return a text without the words of these numbers; the white space they leave becomes one space."""
    kept, end = [], 0
    for number, (start, behind) in enumerate(words):
        if number in deleted:
            kept.append(text[end:start])
            end = behind
    return " ".join("".join([*kept, text[end:]]).split())


def kind_of(word: str, listed: frozenset[str]) -> str:
    """Return which of `KINDS` a word is, given the function words of its language."""
    if not any(character.isalnum() for character in word):
        return "punctuation"
    return "function_words" if any(form in listed for form in listed_forms(word)) else "content_words"


class Attribution(NamedTuple):
    """The margin of a prediction (its score less the mean of the other labels'), shared out among a text's words."""

    words: list[np.ndarray]  # by text, (words,): how much each word speaks for the prediction; below 0, against it
    elsewhere: np.ndarray  # (texts,): the share that belongs to no word
    whole: np.ndarray  # (texts,): by how much the margin is above that of a text without words: the sum of the above

    def completeness(self) -> dict[str, Any]:
        """Return median and worst `gap` and `error`, and `elsewhere`: the mean part of the shares that has no word."""
        sizes = np.array([np.abs(shares).sum() for shares in self.words]) + np.abs(self.elsewhere)
        # Rounded, as the error of a sum of floats is no result.
        spreads = {
            name: {"median": round(float(np.median(values)), 6), "worst": round(float(values.max()), 6)}
            for name, values in (("gap", self.gap()), ("error", self.error()))
        }
        return {**spreads, "elsewhere": float(np.mean(np.abs(self.elsewhere) / np.maximum(sizes, 1e-300)))}

    def gap(self) -> np.ndarray:
        """Return (texts,): how far the sum of all shares is from the whole."""
        return np.abs(np.array([one.sum() for one in self.words]) + self.elsewhere - self.whole)

    def error(self) -> np.ndarray:
        """Return (texts,): the gap as a share of the whole; large, too, where words for and against cancel out."""
        # Where no word moves the margin, nothing can be missed.
        return self.gap() / np.maximum(np.abs(self.whole), 1e-9)


class Explainer(Protocol):
    """An approach that can be explained."""

    @property
    def method(self) -> Mapping[str, Any]:
        """How it is explained, for the reader of the results."""

    def attribute(self, split: SplitTexts, predicted: np.ndarray, done: Done) -> Attribution:
        """Share out the margins of the (texts,) labels predicted; `done` is called with the texts of each step."""

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `decortique.models.folder.Classifier`."""


def share_among_words(values: np.ndarray, owners: Sequence[Collection[int]], words: int) -> tuple[np.ndarray, float]:
    """Share (parts,) values of tokens or n-grams equally among the words each touches; return the rest too."""
    shares, rest = np.zeros(words), 0.0
    for value, touched in zip(values.tolist(), owners, strict=True):
        if touched:
            shares[list(touched)] += value / len(touched)
        else:
            rest += value
    return shares, rest


def margins(scores: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return (texts,): the (texts, classes) score of the class predicted, less the mean of the others'."""
    own = scores[np.arange(len(scores)), predicted]
    return own - (scores.sum(axis=1) - own) / (scores.shape[1] - 1)


class BagOfWordsExplainer:
    """Weight times value of each feature, shared equally by its occurrences, and of an n-gram by its words."""

    method: Mapping[str, Any] = {"method": "weight times value"}

    def __init__(self, classifier: BagOfWordsClassifier) -> None:
        self.classifier, self.predict = classifier, classifier.predict
        self.vectorizer, self.model = classifier.pipeline[0], classifier.pipeline[-1]

    def attribute(self, split: SplitTexts, predicted: np.ndarray, done: Done) -> Attribution:
        """See `Explainer`."""
        values = self.vectorizer.transform(stemmed([*split.texts, ""], self.classifier.stemmer_language))
        scores = self._scores(values)
        shared = []
        for index, (text, spans, label) in enumerate(zip(*split, predicted.tolist(), strict=True)):
            row = values[[index]]
            features = {feature: number for number, feature in enumerate(row.indices.tolist())}
            adds = margins(self._weights[:, row.indices].T, np.full(len(features), label)) * row.data
            occurring = [(features[one], words) for one, words in self._occurrences(text, spans) if one in features]
            numbers = np.array([number for number, _ in occurring], int)
            each = (adds / np.bincount(numbers, minlength=len(features)).clip(min=1))[numbers]
            shared.append(share_among_words(each, [words for _, words in occurring], len(spans)))
            done(1)
        return Attribution(
            [shares for shares, _ in shared],
            np.array([rest for _, rest in shared]),
            margins(scores[:-1] - scores[-1], predicted),
        )

    @cached_property
    def _weights(self) -> np.ndarray:
        """(classes, features): what one unit of each feature adds to each score of `_scores`."""
        rows = feature_weights(self.classifier)
        # Of two labels a linear model has one row, which speaks for the one as much as against the other.
        return rows / 2 if len(rows) == 2 and not isinstance(self.model, MultinomialNB) else rows

    def _scores(self, values: Any) -> np.ndarray:
        """Return (texts, classes): logarithms of probabilities up to a constant, or margins of a linear SVM."""
        model = self.model
        if isinstance(model, MultinomialNB):
            return model.predict_joint_log_proba(values)
        if isinstance(model, CalibratedClassifierCV):  # its classifiers calibrate one and the same SVM
            model = model.calibrated_classifiers_[0].estimator.estimator
        scores = model.decision_function(values)
        return np.stack([-scores, scores], axis=1) / 2 if scores.ndim == 1 else scores

    def _occurrences(self, text: str, words: Sequence[Span]) -> Iterator[tuple[int, set[int]]]:
        """Yield each feature as often as it occurs, with the numbers of the words it is made of."""
        read, owners = self._read(text, words)
        stop_words = self.vectorizer.get_stop_words() or ()
        tokens = [
            (match[0], {owner for owner in owners[match.start() : match.end()] if owner >= 0})
            for match in re.finditer(self.vectorizer.token_pattern, read)
            if match[0] not in stop_words
        ]
        (shortest, longest), vocabulary = self.vectorizer.ngram_range, self.vectorizer.vocabulary_
        for length in range(shortest, longest + 1):
            for start in range(len(tokens) - length + 1):
                part, touched = zip(*tokens[start : start + length], strict=True)
                if (feature := vocabulary.get(" ".join(part))) is not None:
                    yield feature, set().union(*touched)

    def _read(self, text: str, words: Sequence[Span]) -> tuple[str, list[int]]:
        """Return a text as the vectorizer reads it, and for each of its characters the word it comes from, or -1."""
        pieces: list[tuple[str, int]] = []
        end = 0
        for number, (start, behind) in enumerate(words):
            word = stemmed([text[start:behind]], self.classifier.stemmer_language)[0]
            pieces += [(text[end:start], -1), (word, number)]
            end = behind
        pieces.append((text[end:], -1))
        lower = self.vectorizer.lowercase  # some letters are two in lower case
        owners = [owner for piece, owner in pieces for letter in piece for _ in (letter.lower() if lower else letter)]
        read = "".join(piece for piece, _ in pieces)
        return read.lower() if lower else read, owners
