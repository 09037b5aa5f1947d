"""An approach that can be explained by hand: a sigmoid of the sum of word weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decortique.diagnosis.attributions import Attribution, SplitTexts
from decortique.models.folder import Predictions
from decortique.models.predictions import PredictionTable

WORTH = {"good": 3.0, "nice": 1.0, "bad": -2.0}


@dataclass(frozen=True, slots=True)
class MadeExplainer:
    """Return the word weights as shares, or other claimed ones."""

    claims: Mapping[str, float]

    @property
    def method(self) -> dict[str, Any]:
        return {"method": "made"}

    def attribute(self, split: SplitTexts, predicted: np.ndarray, done: Callable[[int], object]) -> Attribution:
        signs = np.where(predicted == 1, 1, -1)
        words = [
            sign * np.array([self.claims.get(text[slice(*span)], 0.0) for span in spans])
            for sign, text, spans in zip(signs, split.texts, split.words, strict=True)
        ]
        done(len(words))
        return Attribution(words, np.zeros(len(words)), signs * self.sums(split.texts))

    def predict(self, texts: Sequence[str], done: Callable[[int], object]) -> Predictions:
        done(len(texts))
        powers = np.exp(np.stack([np.zeros(len(texts)), self.sums(texts)], axis=1))
        return Predictions(powers / powers.sum(axis=1, keepdims=True))

    def sums(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([sum(WORTH.get(word, 0.0) for word in text.split()) for text in texts], float)

    def predictions(self, split: SplitTexts) -> PredictionTable:
        probability = self.predict(split.texts, lambda _: None).probability
        return PredictionTable(
            [str(index) for index in range(len(probability))], probability.argmax(axis=1), probability
        )
