"""VADER: an off-the-shelf opinion classifier, a lexicon and rules, used as they are."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from decortique.models.folder import Done, Predictions


class VaderClassifier:
    """Predicts by the sign of VADER's compound score (Hutto & Gilbert, 2014).

    The score, from -1 to +1, is scaled to 0…1 and taken for the probability of `positive`. It was never meant as one:
    log-loss and calibration show how far it is from that. A compound of exactly 0 is a tie, predicted as `negative`.
    """

    def __init__(self) -> None:
        """Read the lexicon that comes with the package."""
        self.analyzer = SentimentIntensityAnalyzer()

    @classmethod
    def load(cls, *_: object) -> Self:
        """Return the classifier: its folder holds nothing to load."""
        return cls()

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the scaled compound scores as probabilities of the last label."""
        probability = np.empty((len(texts), 2))
        for row, text in zip(probability, texts, strict=True):
            positive = (self.analyzer.polarity_scores(text)["compound"] + 1) / 2
            row[:] = 1 - positive, positive
            done(1)
        return Predictions(probability)
