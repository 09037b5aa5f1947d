import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.core.measures import measure
from decortique.models.bag_of_words import (
    MAX_CHARACTERS,
    BagOfWordsClassifier,
    best_fit,
    fit,
    stemmed,
    strongest_features,
)
from decortique.models.settings import BagOfWords, Candidate

Examples = tuple[list[str], np.ndarray]
LABELS = ["negative", "positive"]


PLAIN: dict[str, Any] = {
    "max_features": None,
    "ngrams": (1, 1),
    "min_documents": 1,
    "weighting": "tfidf",
    "stop_words": False,
    "stemming": False,
    "lowercase": True,
    "punctuation": False,
    "classifier": "naive_bayes",
    "class_weight": None,
    "regularization": [0.5, 2.0],
}
STYLE: dict[str, Any] = {
    "lowercase": False,
    "punctuation": True,
    "classifier": "logistic_regression",
    "class_weight": "balanced",
}


def settings(**changes: Any) -> Candidate:
    return Candidate(**{**PLAIN, **changes})


def competition(select_by: Any = "accuracy", **candidates: dict[str, Any]) -> BagOfWords:
    named = {name: settings(**changes) for name, changes in candidates.items()}
    return BagOfWords(candidates=named, select_by=select_by, strongest=3)


def examples(good: str = "superb lovely", bad: str = "dreadful boring", template: str = "the {} was {} .") -> Examples:
    """Return sentences whose class depends on one word."""
    things = ("film", "plot", "actor", "score", "scene", "dialogue")
    labelled_words = [(word, 1) for word in good.split()] + [(word, 0) for word in bad.split()]
    pairs = [(template.format(thing, word), label) for thing in things for word, label in labelled_words]
    return [text for text, _ in pairs], np.array([label for _, label in pairs])


ENGLISH = examples()
KINDS = list(product(("logistic_regression", "linear_svm", "naive_bayes"), ("tfidf", "counts", "binary")))


def fitted(train: Examples = ENGLISH, language: str = "en", **changes: Any) -> BagOfWordsClassifier:
    return fit(settings(**changes), language, train, train, "accuracy", lambda _: None).classifier


def predicted(classifier: BagOfWordsClassifier, *texts: str) -> list[int]:
    return classifier.predict(texts, lambda _: None).probability.argmax(axis=1).tolist()


def words(classifier: BagOfWordsClassifier) -> set[str]:
    return set(classifier.pipeline[0].vocabulary_)


@pytest.mark.parametrize(("classifier", "weighting"), KINDS)
def test_every_baseline_learns_the_words_that_mark_a_class(classifier: str, weighting: str) -> None:
    fitted_model = fitted(classifier=classifier, weighting=weighting)
    assert predicted(fitted_model, "a superb thing", "a dreadful thing") == [1, 0]
    features = list(strongest_features(fitted_model, LABELS, 2))
    assert {(label, word) for label, word, _ in features} == {
        ("negative", "dreadful"),
        ("negative", "boring"),
        ("positive", "superb"),
        ("positive", "lovely"),
    }
    for label in LABELS:
        weights = [weight for one, _, weight in features if one == label]
        assert weights == sorted(weights, reverse=True)
        assert min(weights) > 0


@pytest.mark.parametrize("reading", [{"stemming": True}, {"lowercase": False, "punctuation": True, "ngrams": (1, 2)}])
@pytest.mark.parametrize(("classifier", "weighting"), KINDS)
def test_every_baseline_gives_the_same_probabilities_once_saved(
    tmp_path: Path, classifier: str, weighting: str, reading: dict[str, Any]
) -> None:
    weight = None if classifier == "linear_svm" else "balanced"
    fitted_model = fitted(classifier=classifier, weighting=weighting, class_weight=weight, **reading)
    texts = [*ENGLISH[0], "", "words never seen", "SUPERB!"]
    before = fitted_model.predict(texts, lambda _: None).probability
    np.testing.assert_allclose(before.sum(axis=1), 1)
    assert (before >= 0).all()
    fitted_model.save(tmp_path)
    np.testing.assert_array_equal(
        BagOfWordsClassifier.load(tmp_path).predict(texts, lambda _: None).probability, before
    )


def test_a_model_of_a_corpus_with_a_very_long_word_can_be_saved(tmp_path: Path) -> None:
    texts, labels = ENGLISH
    endless = "x" * MAX_CHARACTERS  # an array as wide as that, of every word, would take gigabytes
    fitted_model = fit(
        settings(), "en", ([*texts, endless], np.append(labels, 1)), ENGLISH, "accuracy", lambda _: None
    ).classifier
    fitted_model.save(tmp_path)
    again = BagOfWordsClassifier.load(tmp_path)
    assert again.pipeline[0].vocabulary is None
    before, after = (one.predict([*texts, endless], lambda _: None).probability for one in (fitted_model, again))
    np.testing.assert_array_equal(after, before)


SAVE = """
import sys
from pathlib import Path
from tests.models.test_bag_of_words import STYLE, fitted
content = {"stemming": True, "stop_words": True}
for name, changes in (
    ("logistic_regression", {**content, "weighting": "tfidf"}),
    ("linear_svm", {**content, "weighting": "counts"}),
    ("naive_bayes", {**content, "weighting": "binary"}),
    ("logistic_regression", {**STYLE, "ngrams": (1, 2)}),
    ("linear_svm", {**STYLE, "stop_words": True, "class_weight": None}),
    ("naive_bayes", STYLE),
):
    folder = Path(sys.argv[1], f"{name}-{'style' if 'punctuation' in changes else 'content'}")
    folder.mkdir(parents=True)
    fitted(**{**changes, "classifier": name}).save(folder)
"""


def test_a_model_has_the_same_bytes_in_every_run(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SAVE, str(tmp_path / seed)],
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
        )
    models = list((tmp_path / "1").iterdir())
    assert len(models) == 6
    for model in models:
        for file in model.iterdir():
            assert file.read_bytes() == (tmp_path / "2" / model.name / file.name).read_bytes(), file


def test_the_regularization_that_does_best_on_validation_is_kept() -> None:
    train = (["superb", "superb", "dreadful"] * 3, np.array([1, 1, 0] * 3))
    validation = (["dreadful thing", "superb thing"] * 3, np.array([0, 1] * 3))
    progress: list[int] = []
    fitted_model = fit(
        settings(classifier="logistic_regression", regularization=[1e-6, 100.0, 200.0]),
        "en",
        train,
        validation,
        "accuracy",
        progress.append,
    )
    assert fitted_model.validation[1e-6]["accuracy"] == 0.5
    assert fitted_model.validation[100.0]["accuracy"] == fitted_model.validation[200.0]["accuracy"] == 1.0
    assert fitted_model.regularization == 100.0  # of equals, the first
    assert fitted_model.validation[100.0] == measure(
        validation[1], fitted_model.classifier.predict(validation[0], lambda _: None).probability
    )
    assert progress == [1, 1, 1]


def test_three_classes_have_their_strongest_words_each() -> None:
    texts = [f"the speech of {word}" for word in ("winter", "summer", "autumn")] * 6
    train = (texts, np.array([0, 1, 2] * 6))
    for classifier in ("logistic_regression", "linear_svm", "naive_bayes"):
        fitted_model = fitted(train, classifier=classifier)
        assert predicted(fitted_model, "winter", "summer", "autumn") == [0, 1, 2]
        strongest = [word for _, word, _ in strongest_features(fitted_model, ["a", "b", "c"], 1)]
        assert strongest == ["winter", "summer", "autumn"]


def test_stop_words_are_no_features() -> None:
    assert {"the", "was", "superb"} <= words(fitted())
    assert {"the", "was", "superb"} & words(fitted(stop_words=True)) == {"superb"}


def test_french_stop_words_are_french() -> None:
    train = examples("superbe", "lamentable", template="le {} était the {}")
    assert {"le", "était", "the", "superbe"} & words(fitted(train, "fr", stop_words=True)) == {"the", "superbe"}


def test_stop_words_are_stop_words_when_stemmed_too() -> None:
    fitted_model = words(fitted(examples(template="having {} because {}"), stop_words=True, stemming=True))
    assert not {"have", "having", "because", "becaus"} & fitted_model
    assert "superb" in fitted_model


@pytest.mark.parametrize(
    ("language", "forms", "stem"),
    [
        ("en", ["disappointed", "Disappointing", "disappointment"], "disappoint"),
        ("fr", ["continuel", "Continuelle", "continuelles"], "continuel"),
    ],
)
def test_inflected_words_are_one_feature(language: str, forms: list[str], stem: str) -> None:
    fitted_model = fitted((forms * 2, np.array([0, 1, 0] * 2)), language, stemming=True)
    assert words(fitted_model) == {stem}
    assert len(words(fitted((forms * 2, np.array([0, 1, 0] * 2)), language))) == 3


def test_stemming_changes_words_only() -> None:
    assert stemmed(["Films, (loved)! don't"], "english") == ["film, (love)! don't"]
    assert stemmed(["Films"], None) == ["Films"]


def test_one_letter_words_and_contractions_count() -> None:
    assert {"i", "don't", "l’art"} <= words(fitted((["I don't", "l’art"] * 5, np.array([0, 1] * 5))))


def test_word_pairs_are_features_when_asked_for() -> None:
    fitted_model = words(fitted(ngrams=(1, 2)))
    assert {"superb", "was superb"} <= fitted_model


def test_the_number_of_features_can_be_limited() -> None:
    assert len(words(fitted(max_features=4))) == 4
    assert "superb" not in words(fitted(min_documents=7))


@pytest.mark.parametrize("setting", ["stemming", "stop_words"])
def test_a_language_without_stems_or_stop_words_is_refused_with_a_remedy(setting: str) -> None:
    with pytest.raises(StageError, match=rf"bag_of_words: {setting} does not know the language 'xx': set it to false"):
        fitted(ENGLISH, "xx", **{setting: True})
    assert predicted(fitted(language="xx"), "superb") == [1]


@pytest.mark.parametrize("changes", [{"min_documents": 1000}, {"stop_words": True}])
def test_settings_that_leave_no_feature_are_refused(changes: dict[str, Any]) -> None:
    train = (["the was", "and the"] * 5, np.array([0, 1] * 5))
    with pytest.raises(StageError, match="bag_of_words"):
        fitted(train, **changes)


def test_a_validation_set_too_small_to_calibrate_a_svm_is_explained() -> None:
    few = (["superb film", "dreadful film"], np.array([1, 0]))
    with pytest.raises(StageError, match="linear_svm"):
        fit(settings(classifier="linear_svm"), "en", ENGLISH, few, "accuracy", lambda _: None)


def test_case_and_punctuation_are_features_when_asked_for() -> None:
    train = (["Well, the film! the FILM", "the film."] * 4, np.array([0, 1] * 4))
    assert words(fitted(train)) == {"well", "the", "film"}
    assert words(fitted(train, punctuation=True)) == {"well", "the", "film", ",", "!", "."}
    assert words(fitted(train, lowercase=False)) == {"Well", "the", "film", "FILM"}
    pairs = words(fitted(train, **STYLE, ngrams=(2, 2)))
    assert pairs == {"Well ,", ", the", "the film", "film !", "! the", "the FILM", "film ."}


def test_every_mark_counts_by_itself_and_an_apostrophe_within_a_word_does_not() -> None:
    fitted_model = words(fitted((["I don't know... “l’art”, 50 %?!", "no_mark"] * 4, np.array([0, 1] * 4)), **STYLE))
    assert fitted_model == {"I", "don't", "know", ".", "“", "l’art", "”", ",", "50", "%", "?", "!", "no_mark"}


def test_a_speaker_who_is_known_by_marks_is_recognised() -> None:
    texts = [f"{thing} {verb}{mark}" for mark in "!." for thing in ("we", "they", "I") for verb in ("came", "won")]
    train = (texts, np.array([1] * 6 + [0] * 6))
    assert predicted(fitted(train, **STYLE), "you saw!", "you saw.") == [1, 0]
    probability = fitted(train).predict(["you saw!", "you saw."], lambda _: None).probability
    np.testing.assert_array_equal(probability[0], probability[1])


RACE = {"content": {"stemming": True, "regularization": [0.5, 1.0, 2.0]}, "style": {**STYLE, "regularization": [3.0]}}
SHOUTED = (["we came!", "we WON!", "we came.", "we won."] * 3, np.array([1, 1, 0, 0] * 3))
INFLECTED = (
    ["it disappointed us", "we were disappointed", "it thrilled us", "we were thrilled"],
    np.array([0, 0, 1, 1]),
)
OTHERWISE = (["how disappointing", "disappointment", "how thrilling", "thrills"], np.array([0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("train", "validation", "winner"), [(SHOUTED, SHOUTED, "style"), (INFLECTED, OTHERWISE, "content")]
)
@pytest.mark.parametrize("select_by", ["accuracy", "macro_f1", "log_loss"])
def test_the_features_that_suit_the_task_win(
    train: Examples, validation: Examples, winner: str, select_by: str
) -> None:
    progress: list[int] = []
    for order in (("content", "style"), ("style", "content")):
        entered = competition(select_by, **{name: RACE[name] for name in order})
        best, fits = best_fit(entered, "en", train, validation, progress.append)
        assert best == winner
        assert list(fits) == list(order)
        assert fits[best].scores["accuracy"] == 1.0
    assert len(progress) == 2 * (3 + 1)


def test_the_first_of_equally_good_candidates_wins() -> None:
    for order in (("one", "two"), ("two", "one")):
        entered = competition(**{name: {"weighting": "counts"} for name in order})
        assert best_fit(entered, "en", ENGLISH, ENGLISH, lambda _: None)[0] == order[0]


@pytest.mark.parametrize("classifier", ["logistic_regression", "naive_bayes"])
def test_a_rare_class_is_found_more_often_once_balanced(classifier: str) -> None:
    random = np.random.default_rng(0)

    def speeches(count: int) -> Examples:
        labels = (random.random(count) < 0.1).astype(int)
        shares = np.array([[0.35, 0.2, 0.25, 0.2], [0.2, 0.35, 0.2, 0.25]])
        vocabulary = ["peace", "europe", "order", "work"]
        return [" ".join(random.choice(vocabulary, size=8, p=shares[label])) for label in labels], labels

    train, (texts, labels) = speeches(600), speeches(600)
    recall = {}
    for weight in (None, "balanced"):
        fitted_model = fitted(
            train, classifier=classifier, class_weight=weight, weighting="counts", regularization=[1.0]
        )
        recall[weight] = np.mean(np.array(predicted(fitted_model, *texts))[labels == 1])
    assert recall["balanced"] > recall[None] + 0.3


def test_the_selection_measure_decides_between_regularizations() -> None:
    # Both are always right, but the weak one is hardly sure of it.
    strengths = {"classifier": "logistic_regression", "regularization": [0.01, 100.0]}
    by = {
        name: fit(settings(**strengths), "en", ENGLISH, ENGLISH, name, lambda _: None)
        for name in ("accuracy", "macro_f1", "log_loss")
    }
    for fitted_model in by.values():
        assert {scores["accuracy"] for scores in fitted_model.validation.values()} == {1.0}
        assert fitted_model.validation[0.01]["log_loss"] > fitted_model.validation[100.0]["log_loss"] + 0.5
        assert fitted_model.scores == fitted_model.validation[fitted_model.regularization]
    assert {name: fitted_model.regularization for name, fitted_model in by.items()} == {
        "accuracy": 0.01,
        "macro_f1": 0.01,
        "log_loss": 100.0,
    }
