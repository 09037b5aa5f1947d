"""The baseline: words counted, weighted, and a linear model over them."""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import snowballstemmer
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from stop_words import get_stop_words

from stages.artifacts.files import read_json, write_json
from stages.artifacts.predictions import Predictions
from stages.classifiers.classifier import Done
from stages.classifiers.skops_file import load_skops, save_skops
from stages.errors import StageError
from stages.settings.bag_of_words import BagOfWords, Candidate
from stages.statistics.measures import measure, merit

WORD = r"(?u)\b\w+(?:['’]\w+)?\b"  # one-letter words and "don't" are words too, unlike in scikit-learn's default
MARK = r"[^\w\s]"  # a punctuation mark: how a person breathes
LANGUAGES = {"en": "english", "fr": "french", "de": "german", "es": "spanish", "it": "italian", "pt": "portuguese"}
LARGEST = 50_000_000  # characters of the array of words, padding included: 200 MB in memory
MODEL, READING = "model.skops", "reading.json"


@dataclass(frozen=True, slots=True)
class BagOfWordsClassifier:
    """A fitted pipeline of vectorizer and linear model, and the stemming that comes before it."""

    pipeline: Pipeline
    stemmer_language: str | None

    @classmethod
    def load(cls, folder: Path) -> "BagOfWordsClassifier":
        """Loads a folder written by `save`."""
        return cls(load_skops(folder / MODEL), read_json(folder / READING)["stemmer_language"])

    def save(self, folder: Path) -> None:
        """Writes the pipeline with skops, which holds no code."""
        save_skops(_compact(self.pipeline), folder / MODEL)
        write_json(folder / READING, {"stemmer_language": self.stemmer_language})

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Classifier`."""
        result = self.pipeline.predict_proba(stemmed(texts, self.stemmer_language))
        done(len(texts))
        return Predictions(result)


def _compact(pipeline: Pipeline) -> Pipeline:
    """Gives the same pipeline with its words in one array: of a dictionary, skops writes each as an object of its own.

    The vectorizer numbers them again, in the array's order, when it is first used. An array is as wide as its longest
    word: where a corpus holds endless ones (files in base64, say), the dictionary is kept.
    """
    (_, vectorizer), (_, model) = pipeline.steps
    words = vectorizer.get_feature_names_out()
    if len(words) * max(map(len, words)) > LARGEST:
        return pipeline
    vectorizer = copy(vectorizer)
    vectorizer.vocabulary = words.astype(str)
    del vectorizer.vocabulary_
    return make_pipeline(vectorizer, model)


def stemmed(texts: Sequence[str], language: str | None) -> Sequence[str]:
    """Replaces each word by its stem (Snowball); None leaves texts as they are."""
    if language is None:
        return texts
    stem = _stemmer(language)
    return [re.sub(WORD, lambda word: stem(word[0].lower()), text) for text in texts]


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    """Gives a stemmer that remembers its words: a text repeats those of the others, and Snowball is slow in Python."""
    return lru_cache(maxsize=200_000)(snowballstemmer.stemmer(language).stemWord)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted classifier, and how each strength of regularization did on validation."""

    classifier: BagOfWordsClassifier
    regularization: float
    validation: dict[float, dict[str, float]]

    @property
    def scores(self) -> dict[str, float]:
        """Those of the strength that was kept."""
        return self.validation[self.regularization]


def best_fit(
    settings: BagOfWords,
    language: str,
    train: tuple[Sequence[str], np.ndarray],
    validation: tuple[Sequence[str], np.ndarray],
    done: Done,
) -> tuple[str, dict[str, Fit]]:
    """Fits every candidate and names the one that does best on validation (of equals, the first).

    The arguments are those of `fit`.
    """
    fits = {
        name: fit(candidate, language, train, validation, settings.select_by, done)
        for name, candidate in settings.candidates.items()
    }
    return max(fits, key=lambda name: merit(fits[name].scores, settings.select_by)), fits


def fit(
    settings: Candidate,
    language: str,
    train: tuple[Sequence[str], np.ndarray],
    validation: tuple[Sequence[str], np.ndarray],
    select_by: str,
    done: Done,
) -> Fit:
    """Fits one model per strength of regularization and keeps the best on validation (of equals, the first).

    Args:
        settings: one of the candidates of the section `bag_of_words`.
        language: two-letter code, for stemming and stop words.
        train: texts and class numbers.
        validation: texts and class numbers; a linear SVM is calibrated on them too.
        select_by: `accuracy`, `macro_f1` or `log_loss`.
        done: told after each model.
    """
    stems = _language(language, "stemming") if settings.stemming else None
    vectorizer = _vectorizer(settings, language, stems)
    try:
        seen = vectorizer.fit_transform(stemmed(train[0], stems))
    except ValueError as error:  # scikit-learn's word for "no feature is left"
        raise StageError(f"params.yaml: bag_of_words: min_documents or stop_words leave no word ({error})") from None
    unseen = vectorizer.transform(stemmed(validation[0], stems))
    scores, models = {}, {}
    for strength in settings.regularization:
        model = _linear(settings, strength).fit(seen, train[1])
        if not hasattr(model, "predict_proba"):
            model = _calibrated(model, unseen, validation[1])
        models[strength] = model
        scores[strength] = measure(validation[1], model.predict_proba(unseen))
        done(1)
    vars(vectorizer).pop("_stop_words_id", None)  # an address in memory
    best = max(settings.regularization, key=lambda strength: merit(scores[strength], select_by))
    return Fit(BagOfWordsClassifier(make_pipeline(vectorizer, models[best]), stems), best, scores)


def _calibrated(model: LinearSVC, unseen: Any, labels: np.ndarray) -> CalibratedClassifierCV:
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    if rarest < 2:
        raise StageError("bag_of_words.classifier linear_svm needs 2 validation rows of each label: choose another")
    return CalibratedClassifierCV(FrozenEstimator(model), cv=min(5, rarest)).fit(unseen, labels)


def strongest_features(
    classifier: BagOfWordsClassifier, labels: Sequence[str], count: int
) -> Iterator[tuple[str, str, float]]:
    """Yields (label, feature, weight), the `count` features that speak most for each label, strongest first."""
    names = classifier.pipeline[0].get_feature_names_out()
    for label, row in zip(labels, feature_weights(classifier), strict=True):
        for place in np.argsort(-row, kind="stable")[:count]:
            yield label, str(names[place]), float(row[place])


def feature_weights(classifier: BagOfWordsClassifier) -> np.ndarray:
    """Gives (classes, features): how much one unit of each feature speaks for each class.

    Coefficients of the linear model; for naive Bayes, the log-probability of the feature in the class minus its mean
    over the classes. Those of two classes are each other's opposites.
    """
    model = classifier.pipeline[-1]
    if isinstance(model, CalibratedClassifierCV):
        model = model.calibrated_classifiers_[0].estimator.estimator
    if isinstance(model, MultinomialNB):
        return model.feature_log_prob_ - model.feature_log_prob_.mean(axis=0)
    return model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_[0], model.coef_[0]])


def _vectorizer(settings: Candidate, language: str, stems: str | None) -> CountVectorizer:
    words = sorted(get_stop_words(_language(language, "stop_words"))) if settings.stop_words else None
    kind: Callable[..., CountVectorizer] = TfidfVectorizer if settings.weighting == "tfidf" else CountVectorizer
    return kind(
        ngram_range=settings.ngrams,
        max_features=settings.max_features,
        min_df=settings.min_documents,
        token_pattern=f"{WORD}|{MARK}" if settings.punctuation else WORD,
        lowercase=settings.lowercase,
        stop_words=list(stemmed(words, stems)) if words else None,
        binary=settings.weighting == "binary",
        **({"sublinear_tf": True} if settings.weighting == "tfidf" else {}),
    )


def _linear(settings: Candidate, strength: float) -> LogisticRegression | LinearSVC | MultinomialNB:
    match settings.classifier:
        case "logistic_regression":
            return LogisticRegression(C=strength, max_iter=1000, class_weight=settings.class_weight)
        case "linear_svm":
            return LinearSVC(C=strength, random_state=0, class_weight=settings.class_weight)
        case "naive_bayes":
            return MultinomialNB(alpha=1 / strength, fit_prior=settings.class_weight is None)


def _language(code: str, setting: str) -> str:
    if code not in LANGUAGES:
        raise StageError(f"params.yaml: bag_of_words: {setting} knows no language {code!r}: set it to false")
    return LANGUAGES[code]
