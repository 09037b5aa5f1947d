"""A bag of words explained: what each word adds to the margin, exactly, since the model is a sum."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import MultinomialNB

from stages.artifacts.predictions import Predictions
from stages.classifiers.bag_of_words import BagOfWordsClassifier, feature_weights, stemmed
from stages.explaining.explainer import Attributed, Done, margins
from stages.explaining.words import Span, Worded, shared_out


class BagOfWordsExplainer:
    """Weight times value of each feature, shared equally by its occurrences, and of an n-gram by its words."""

    def __init__(self, classifier: BagOfWordsClassifier) -> None:
        """Takes a fitted classifier."""
        self.classifier = classifier
        self.vectorizer, self.model = classifier.pipeline[0], classifier.pipeline[-1]

    @classmethod
    def load(cls, folder: Path) -> "BagOfWordsExplainer":
        """Loads a folder of the stage `bag_of_words`."""
        return cls(BagOfWordsClassifier.load(folder))

    @property
    def method(self) -> dict[str, Any]:
        """See `Explainer`."""
        return {"method": "weight times value"}

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Explainer`."""
        return self.classifier.predict(texts, done)

    def attribute(self, worded: Worded, decided: np.ndarray, done: Done) -> Attributed:
        """See `Explainer`."""
        values = self._values([*worded.texts, ""])
        scores = self._scores(values)
        found = []
        for place, (text, spans, label) in enumerate(zip(worded.texts, worded.words, decided.tolist(), strict=True)):
            there, held = values[[place]].indices, values[[place]].data
            adds = margins(self._weights[:, there].T, np.full(len(there), label)) * held
            places = {feature: number for number, feature in enumerate(there.tolist())}
            occurring = [(places[name], owners) for name, owners in self._occurrences(text, spans) if name in places]
            features = np.array([number for number, _ in occurring], int)
            each = (adds / np.bincount(features, minlength=len(there)).clip(min=1))[features]
            found.append(shared_out(each, [owners for _, owners in occurring], len(spans)))
            done(1)
        return Attributed(
            [shares for shares, _ in found],
            np.array([rest for _, rest in found]),
            margins(scores[:-1] - scores[-1], decided),
        )

    def _values(self, texts: Sequence[str]) -> Any:
        """Gives the (texts, features) sparse matrix that the model reads."""
        return self.vectorizer.transform(stemmed(texts, self.classifier.stemmer_language))

    @cached_property
    def _weights(self) -> np.ndarray:
        """Gives (classes, features): what one unit of each feature adds to each score of `_scores`."""
        rows = feature_weights(self.classifier)
        # Of two labels a linear model has one row, which speaks for the one as much as against the other.
        return rows / 2 if len(rows) == 2 and not isinstance(self.model, MultinomialNB) else rows

    def _scores(self, values: Any) -> np.ndarray:
        """Gives (texts, classes): logarithms of probabilities up to a constant, or margins of a linear SVM."""
        model = self.model
        if isinstance(model, MultinomialNB):
            return model.predict_joint_log_proba(values)
        if isinstance(model, CalibratedClassifierCV):  # its classifiers calibrate one and the same SVM
            model = model.calibrated_classifiers_[0].estimator.estimator
        scores = model.decision_function(values)
        return np.stack([-scores, scores], axis=1) / 2 if scores.ndim == 1 else scores

    def _occurrences(self, text: str, words: Sequence[Span]) -> Iterator[tuple[int, set[int]]]:
        """Yields each feature as often as it occurs, with the numbers of the words it is made of."""
        read, owners = self._read(text, words)
        stop_words = self.vectorizer.get_stop_words() or ()
        tokens = [
            (found[0], {owner for owner in owners[found.start() : found.end()] if owner >= 0})
            for found in re.finditer(self.vectorizer.token_pattern, read)
            if found[0] not in stop_words
        ]
        shortest, longest = self.vectorizer.ngram_range
        vocabulary = self.vectorizer.vocabulary_
        for length in range(shortest, longest + 1):
            for start in range(len(tokens) - length + 1):
                part = tokens[start : start + length]
                feature = vocabulary.get(" ".join(token for token, _ in part))
                if feature is not None:
                    yield feature, set().union(*(owned for _, owned in part))

    def _read(self, text: str, words: Sequence[Span]) -> tuple[str, list[int]]:
        """Gives a text as the vectorizer cuts it, and for each of its characters the word it comes from, or -1."""
        pieces: list[tuple[str, int]] = []
        end = 0
        for number, (start, behind) in enumerate(words):
            word = stemmed([text[start:behind]], self.classifier.stemmer_language)[0]
            pieces += [(text[end:start], -1), (word, number)]
            end = behind
        pieces.append((text[end:], -1))
        if self.vectorizer.lowercase:  # some letters are two in lower case
            owners = [owner for piece, owner in pieces for letter in piece for _ in letter.lower()]
            return "".join(piece for piece, _ in pieces).lower(), owners
        return "".join(piece for piece, _ in pieces), [owner for piece, owner in pieces for _ in piece]
