"""The off-the-shelf opinion classifier: VADER's lexicon and rules, used as they are."""

from collections.abc import Sequence

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from decortique.models.folder import Done, Predictions


class VaderClassifier:
    """Predicts by the sign of VADER's compound score (Hutto & Gilbert, 2014).

    The score, from -1 to +1, is moved to 0…1 and taken for the probability of `positive`. It was never meant as one:
    log-loss and calibration show how far it is from that. A compound of exactly 0 is a tie, predicted as `negative`.
    """

    def __init__(self) -> None:
        """Reads the lexicon that comes with the package."""
        self.analyzer = SentimentIntensityAnalyzer()

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Takes its compound score, scaled to 0..1, for the probability of the last label."""
        result = np.empty((len(texts), 2))
        for place, text in enumerate(texts):
            positive = (self.analyzer.polarity_scores(text)["compound"] + 1) / 2
            result[place] = 1 - positive, positive
            done(1)
        return Predictions(result)
