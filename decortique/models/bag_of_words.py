"""The bag-of-words classifier: word counts or TF-IDF, and a linear model or naive Bayes over them."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import skops.io
import snowballstemmer
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from stop_words import get_stop_words

from decortique.core import paths
from decortique.core.files import StageError, read_json, write_json
from decortique.core.measures import greater_is_better, measure
from decortique.models.folder import Done, Predictions
from decortique.models.settings import BagOfWords, Candidate

# Classes of scikit-learn itself that skops does not list as safe; a calibrated linear SVM holds them.
TRUSTED = {"sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"}

# What zipfile and skops raise on bytes that are not what `save_skops` wrote.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
)


def save_skops(model: Any, path: Path) -> None:
    """Write a model with skops, the same bytes in every run.

    skops names objects by their addresses in memory and dates the files of its archive: here they are numbered in the
    order of appearance, and have no date.
    """
    with ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = contents.pop("schema.json").decode()
    address = r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.)'
    numbers = {name: str(number) for number, name in enumerate(dict.fromkeys(re.findall(address, schema)), start=1)}
    files = {"schema.json": re.sub(address, lambda match: numbers[match[0]], schema).encode()}
    for name, content in contents.items():
        stem, dot, ending = name.partition(".")
        files[numbers.get(stem, stem) + dot + ending] = content
    with ZipFile(path, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)


def load_skops(path: Path) -> Any:
    """Return a model that holds nothing but what scikit-learn, NumPy and SciPy define.

    Raises:
        StageError: the file is missing or damaged, or holds a type that skops does not trust.
    """
    if not path.exists():
        raise StageError(f"{path} is missing: run `dvc repro` to make it")
    try:
        untrusted = set(skops.io.get_untrusted_types(file=path)) - TRUSTED
        if not untrusted:
            return skops.io.load(path, trusted=sorted(TRUSTED))
    except DAMAGE as error:
        raise StageError(f"{path} is damaged ({error}): run `dvc repro` to make it anew") from None
    raise StageError(f"{path} holds types that are not trusted ({', '.join(sorted(untrusted))}): do not load it")


WORD = r"(?u)\b\w+(?:['’]\w+)?\b"  # one-letter words and "don't" are words too, unlike in scikit-learn's default
MARK = r"[^\w\s]"  # a punctuation mark
LANGUAGES = {"en": "english", "fr": "french", "de": "german", "es": "spanish", "it": "italian", "pt": "portuguese"}
MAX_CHARACTERS = 50_000_000  # of the array of words, padding included: 200 MB in memory
MODEL, STEMMING = "model.skops", "reading.json"


@dataclass(frozen=True, slots=True)
class BagOfWordsClassifier:
    """A fitted pipeline of vectorizer and classifier, and the stemming that comes before it."""

    pipeline: Pipeline
    stemmer_language: str | None

    @classmethod
    def load(cls, folder: Path, *_: object) -> "BagOfWordsClassifier":
        """Load a folder written by `save`."""
        return cls(load_skops(folder / MODEL), read_json(folder / STEMMING)["stemmer_language"])

    def save(self, folder: Path) -> None:
        """Write the pipeline with skops, whose files hold no code."""
        save_skops(_compact(self.pipeline), folder / MODEL)
        write_json(folder / STEMMING, {"stemmer_language": self.stemmer_language})

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the probability of each label; see `Classifier`."""
        probability = self.pipeline.predict_proba(stemmed(texts, self.stemmer_language))
        done(len(texts))
        return Predictions(probability)


def _compact(pipeline: Pipeline) -> Pipeline:
    """Return the same pipeline with its words in one array: skops writes each word of a dictionary as an object.

    The vectorizer numbers them again, in the array's order, when it is first used. An array is as wide as its longest
    word: where a corpus holds very long ones (files in base64, say), the dictionary is kept.
    """
    (_, vectorizer), (_, model) = pipeline.steps
    words = vectorizer.get_feature_names_out()
    if len(words) * max(map(len, words)) > MAX_CHARACTERS:
        return pipeline
    vectorizer = copy(vectorizer)
    vectorizer.vocabulary = words.astype(str)
    del vectorizer.vocabulary_
    return make_pipeline(vectorizer, model)


def stemmed(texts: Sequence[str], language: str | None) -> Sequence[str]:
    """Replace each word by its stem (Snowball); None leaves texts as they are."""
    if language is None:
        return texts
    stem = _stemmer(language)
    return [re.sub(WORD, lambda word: stem(word[0].lower()), text) for text in texts]


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    # A cache per word: texts repeat each other's words, and Snowball is slow in Python.
    return lru_cache(maxsize=200_000)(snowballstemmer.stemmer(language).stemWord)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted classifier, and the validation scores of each strength of regularization."""

    classifier: BagOfWordsClassifier
    regularization: float
    validation: dict[float, dict[str, float]]

    @property
    def scores(self) -> dict[str, float]:
        """Validation scores of the strength that was kept."""
        return self.validation[self.regularization]


def best_fit(
    settings: BagOfWords,
    language: str,
    train: tuple[Sequence[str], np.ndarray],
    validation: tuple[Sequence[str], np.ndarray],
    done: Done,
) -> tuple[str, dict[str, Fit]]:
    """Return the name of the candidate that is best on validation (of equals, the first), and all fits; see `fit`."""
    fits = {
        name: fit(candidate, language, train, validation, settings.select_by, done)
        for name, candidate in settings.candidates.items()
    }
    return max(fits, key=lambda name: greater_is_better(fits[name].scores, settings.select_by)), fits


def fit(
    settings: Candidate,
    language: str,
    train: tuple[Sequence[str], np.ndarray],
    validation: tuple[Sequence[str], np.ndarray],
    select_by: str,
    done: Done,
) -> Fit:
    """Fit one model per strength of regularization and keep the best on validation (of equals, the first).

    `train` and `validation` are texts and class numbers; a linear SVM is calibrated on validation too. `done(1)` is
    called after each model.

    Raises:
        StageError: no word is left, the language has no stemmer or stop words, or a label is too rare to calibrate.
    """
    stems = _language(language, "stemming") if settings.stemming else None
    vectorizer = _vectorizer(settings, language, stems)
    try:
        features = vectorizer.fit_transform(stemmed(train[0], stems))
    except ValueError as error:  # scikit-learn's way to say that no feature is left
        raise StageError(f"params.yaml: bag_of_words: min_documents or stop_words leave no word ({error})") from None
    validation_features = vectorizer.transform(stemmed(validation[0], stems))
    scores, models = {}, {}
    for strength in settings.regularization:
        model = _linear(settings, strength).fit(features, train[1])
        if not hasattr(model, "predict_proba"):
            model = _calibrated(model, validation_features, validation[1])
        models[strength] = model
        scores[strength] = measure(validation[1], model.predict_proba(validation_features))
        done(1)
    vars(vectorizer).pop("_stop_words_id", None)  # an address in memory
    best = max(settings.regularization, key=lambda strength: greater_is_better(scores[strength], select_by))
    return Fit(BagOfWordsClassifier(make_pipeline(vectorizer, models[best]), stems), best, scores)


def _calibrated(model: LinearSVC, features: Any, labels: np.ndarray) -> CalibratedClassifierCV:
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    if rarest < 2:
        raise StageError("bag_of_words.classifier linear_svm needs 2 validation rows of each label: choose another")
    return CalibratedClassifierCV(FrozenEstimator(model), cv=min(5, rarest)).fit(features, labels)


def strongest_features(
    classifier: BagOfWordsClassifier, labels: Sequence[str], count: int
) -> Iterator[tuple[str, str, float]]:
    """Yield (label, feature, weight) of the `count` features of the largest weight for each label, largest first."""
    names = classifier.pipeline[0].get_feature_names_out()
    for label, row in zip(labels, feature_weights(classifier), strict=True):
        for index in np.argsort(-row, kind="stable")[:count]:
            yield label, str(names[index]), float(row[index])


def feature_weights(classifier: BagOfWordsClassifier) -> np.ndarray:
    """Return (classes, features) weights: how much one unit of each feature speaks for each class.

    They are the coefficients of the linear model; for naive Bayes, the log-probability of the feature in the class
    minus its mean over the classes. Those of two classes are each other's opposites.
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
        raise StageError(f"params.yaml: bag_of_words: {setting} does not know the language {code!r}: set it to false")
    return LANGUAGES[code]


def chosen_candidate(settings: BagOfWords, task: str) -> Candidate:
    """Return the candidate that the stage `bag_of_words` chose, with the chosen strength of regularization only.

    Raises:
        StageError: the stage has not run, or its choice is no longer a candidate in `params.yaml`.
    """
    path = paths.results("bag_of_words", task)
    chosen = read_json(path)
    if chosen["chosen"] not in settings.candidates:
        raise StageError(
            f"{path} chose {chosen['chosen']!r}, which is not in params.yaml: bag_of_words.candidates: run `dvc repro`"
        )
    return settings.candidates[chosen["chosen"]].model_copy(update={"regularization": [chosen["regularization"]]})
