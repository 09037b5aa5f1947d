from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV

from decortique.diagnosis.attributions import Attribution, BagOfWordsExplainer, SplitTexts
from decortique.models.bag_of_words import BagOfWordsClassifier, fit, stemmed
from decortique.models.settings import Candidate

PLAIN: dict[str, Any] = {
    "ngrams": (1, 1),
    "weighting": "counts",
    "stemming": False,
    "lowercase": True,
    "punctuation": False,
    "classifier": "logistic_regression",
    "class_weight": None,
    "regularization": [1.0],
}
READINGS: dict[str, dict[str, Any]] = {
    "content": {"ngrams": (1, 2), "weighting": "tfidf", "stemming": True},
    "style": {"ngrams": (1, 3), "weighting": "tfidf", "lowercase": False, "punctuation": True},
    "plain": {},
    "binary": {"weighting": "binary", "stop_words": True, "ngrams": (2, 2), "punctuation": True},
}
CLASSIFIERS = ["logistic_regression", "linear_svm", "naive_bayes"]
WORDS = {"good": ["superb", "lovely", "charming"], "bad": ["dreadful", "boring"], "odd": ["strange", "weirder"]}
UNSEEN = [
    "The film wasn't superb, it was SUPERBLY boring; boring, boring!",
    "never seen words",
    "it'e d'’x 'boring' don't's superbe.",
    # A letter that is two in lower case, and one whose lower case depends on what follows.
    "\u0130stanbul's \u0130 \u039f\u0394\u039f\u03a3 film\u2026 \u039f\u03a3.\u0391 was",
    "",
]


def examples(labels: int) -> tuple[list[str], np.ndarray]:
    texts = [
        (f"The {topic} was {word}, isn't it \u0130 {index}?", number)
        for number, words in enumerate(list(WORDS.values())[:labels])
        for word, (index, topic) in product(words, enumerate(["film", "plot", "actor", "score"]))
    ]
    return [text for text, _ in texts], np.array([number for _, number in texts])


def fitted(labels: int = 2, **changes: Any) -> BagOfWordsClassifier:
    train = examples(labels)
    return fit(Candidate(**{**PLAIN, **changes}), "en", train, train, "accuracy", lambda _: None).classifier


def attributed(classifier: BagOfWordsClassifier, texts: list[str], predicted: list[int]) -> Attribution:
    return BagOfWordsExplainer(classifier).attribute(SplitTexts.of(texts), np.array(predicted), lambda _: None)


def log_odds(classifier: BagOfWordsClassifier, text: str) -> np.ndarray:
    """Return the log-probabilities of a text, or the margins of a calibrated SVM."""
    model = classifier.pipeline[-1]
    if isinstance(model, CalibratedClassifierCV):
        values = classifier.pipeline[0].transform(stemmed([text], classifier.stemmer_language))
        margins = model.calibrated_classifiers_[0].estimator.decision_function(values)
        return margins[0] if margins.ndim > 1 else np.array([0.0, margins[0]])
    return np.log(classifier.predict([text], lambda _: None).probability[0])


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_word_shares_add_up_to_the_output_minus_that_of_an_empty_text(kind: str, reading: str, labels: int) -> None:
    classifier = fitted(labels, classifier=kind, **READINGS[reading])
    texts = [*examples(labels)[0][::5], *UNSEEN]
    empty = log_odds(classifier, "")
    for label in range(labels):
        attribution = attributed(classifier, texts, [label] * len(texts))
        assert np.abs(attribution.elsewhere).max() == 0
        for text, shares in zip(texts, attribution.words, strict=True):
            expected = log_odds(classifier, text) - empty
            assert shares.sum() == pytest.approx(expected[label] - np.delete(expected, label).mean(), abs=1e-9), text
        assert attribution.whole == pytest.approx([shares.sum() for shares in attribution.words], abs=1e-9)


def test_the_only_informative_word_gets_all_the_weight() -> None:
    texts = ["x good", "y good", "x bad", "y bad"]
    train = (texts, np.array([1, 1, 0, 0]))
    classifier = fit(Candidate(**PLAIN), "en", train, train, "accuracy", lambda _: None).classifier
    shares = attributed(classifier, ["x, good y!"], [1]).words[0]
    assert shares[2] > 0.3
    assert shares[[0, 1, 3, 4]] == pytest.approx(0, abs=1e-6)
    assert attributed(classifier, ["x, good y!"], [0]).words[0] == pytest.approx(-shares)


def test_the_shares_match_a_calculation_by_hand() -> None:
    classifier = fitted(ngrams=(1, 2))
    vectorizer, model = classifier.pipeline
    weight = {name: model.coef_[0, index] for name, index in vectorizer.vocabulary_.items()}
    shares = attributed(classifier, ["Was superb, superb was boring"], [1]).words[0]
    # A pair is shared by its two words, and "was superb" occurs once, regardless of punctuation.
    assert shares == pytest.approx(
        [
            weight["was"] + weight["was superb"] / 2,
            weight["superb"] + weight["was superb"] / 2,
            0,
            weight["superb"],
            weight["was"] + weight["was boring"] / 2,
            weight["boring"] + weight["was boring"] / 2,
        ]
    )


def test_a_repeated_word_shares_the_weight_of_its_dampened_count() -> None:
    shares = attributed(fitted(weighting="tfidf"), ["boring boring film"], [1]).words[0]
    assert shares[0] == shares[1] != 0


def test_a_saved_classifier_is_explained_as_before(tmp_path: Path) -> None:
    classifier = fitted(classifier="naive_bayes", **READINGS["content"])
    classifier.save(tmp_path)
    again = BagOfWordsExplainer(BagOfWordsClassifier.load(tmp_path)).attribute(
        SplitTexts.of(UNSEEN), np.ones(5, int), lambda _: None
    )
    before = attributed(classifier, UNSEEN, [1] * 5)
    for one, other in zip(again.words, before.words, strict=True):
        np.testing.assert_array_equal(one, other)
