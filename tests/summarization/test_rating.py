import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from decortique.summarization.groups import Opinions
from decortique.summarization.rating import SummaryScorer, mean_scores, rouge
from tests.summarization.made_summaries import REVIEWS, gathered, groups, scorer

CAT = "The cat sat on the mat"


def test_rouge_matches_a_calculation_by_hand() -> None:
    scores = rouge(CAT, ["the cat was on the mat, it was"], "en")
    # Of 6 words 5 are among the 8 of the reference; of 5 pairs `the cat`, `on the` and `the mat` among its 7; in one
    # row, `the cat … on the mat`.
    assert scores == pytest.approx(
        {
            "rouge_1_precision": 5 / 6,
            "rouge_1_recall": 5 / 8,
            "rouge_1_f1": 5 / 7,
            "rouge_2_precision": 3 / 5,
            "rouge_2_recall": 3 / 7,
            "rouge_2_f1": 1 / 2,
            "rouge_l_precision": 5 / 6,
            "rouge_l_recall": 5 / 8,
            "rouge_l_f1": 5 / 7,
        }
    )


def test_several_references_are_averaged() -> None:
    one, other = "the cat was on the mat", "a dog"
    scores, first, second = (rouge(CAT, references, "en") for references in ([one, other], [one], [other]))
    assert scores == pytest.approx({name: (first[name] + second[name]) / 2 for name in first})
    assert second["rouge_1_f1"] == 0


def test_english_words_are_stemmed_as_in_the_papers_and_french_ones_are_not() -> None:
    assert rouge("batteries lasting", ["the battery lasts"], "en")["rouge_1_recall"] == pytest.approx(2 / 3)
    assert rouge("les batteries", ["les batterie"], "fr")["rouge_1_f1"] == pytest.approx(1 / 2)
    expected = RougeScorer(["rouge1"], use_stemmer=True).score("the battery lasts", "batteries lasting")["rouge1"]
    assert rouge("batteries lasting", ["the battery lasts"], "en")["rouge_1_f1"] == expected.fmeasure


def test_french_accents_are_letters() -> None:
    # `l`, `été` and `fut` are shared, of four words and of five; an `é` that split words would make `t` a word.
    scores = rouge("L'été fut chaud.", ["l'Été fut à Paris"], "fr")
    assert scores["rouge_1_precision"] == pytest.approx(3 / 4)
    assert scores["rouge_1_recall"] == pytest.approx(3 / 5)
    assert rouge("été", ["ôté"], "fr")["rouge_1_f1"] == 0
    assert rouge("été", ["été"], "fr")["rouge_1_f1"] == 1
    assert rouge("Привет мир", ["привет, мир!"], "ru")["rouge_l_f1"] == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_empty_summary_scores_zero(language: str) -> None:
    for summary, reference in (("", "words"), ("words", ""), ("...", "..."), ("", "")):
        assert set(rouge(summary, [reference], language).values()) == {0.0}


VECTORS = np.array([[1.0, 0], [0, 1], [0.6, 0.8]])
HELD = np.array([[1.0, 0], [0.8, 0.6]])
SEEN_TEXTS, HELD_TEXTS = ["good battery", "dark screen", "good dark thing"], ["good good phone", "dark"]


def rated(indices: list[int], **changes: object) -> dict[str, float]:
    scorer = SummaryScorer(SEEN_TEXTS, "en", VECTORS, held_out=HELD_TEXTS, held_out_vectors=HELD, **changes)  # type: ignore[arg-type]
    return scorer.score(indices)


def test_each_measure_matches_a_calculation_by_hand() -> None:
    scores = rated([0, 2])
    assert scores["coverage"] == pytest.approx((1 + (0.8 * 0.6 + 0.6 * 0.8)) / 2)
    # {good, battery, dark, thing} and {good, phone}: one of four and of two; and {dark}: one of four and of one.
    assert scores["shared_words"] == pytest.approx((2 * 1 / 6 + 2 * 1 / 5) / 2)
    assert scores["shared_pairs"] == 0
    assert scores["redundancy"] == pytest.approx(0.6)
    assert scores["words"] == 5
    assert rated([0, 1, 2])["redundancy"] == pytest.approx((0 + 0.6 + 0.8) / 3)


def test_bigrams_are_counted_only_within_a_sentence() -> None:
    rater = scorer(["a good battery", "dark screen here"], ["the good battery dark"])
    # {a good, good battery, dark screen, screen here} and {the good, good battery, battery dark}.
    assert rater.score([0, 1])["shared_pairs"] == pytest.approx(2 * 1 / 7)


def test_a_single_sentence_repeats_nothing() -> None:
    assert rated([1])["redundancy"] == 0
    assert rated([1])["coverage"] == pytest.approx((0 + 0.6) / 2)


def test_measures_that_were_not_requested_are_left_out() -> None:
    assert set(rated([0])) == {"coverage", "shared_words", "shared_pairs", "redundancy", "words"}
    asked = rated([0], positive=np.array([True, False, False]), references=["a"])
    assert set(asked) - set(rated([0])) == {"opinion_off"} | set(rouge("a", ["a"], "en"))


def test_the_share_of_positive_sentences_is_compared_with_the_whole_group() -> None:
    positive, marked = np.array([True, False, False]), np.array([True, True, False])
    scores = rated([0, 1], positive=positive, marked=marked)
    assert scores["opinion_off"] == pytest.approx(1 / 2 - 1 / 3)
    assert scores["marked_off"] == pytest.approx(1 - 2 / 3)
    assert rated([1], positive=positive)["opinion_off"] == pytest.approx(1 / 3)
    assert rated([0, 1, 2], positive=positive, marked=marked)["marked_off"] == 0


def test_references_are_compared_with_the_sentences_in_their_order() -> None:
    scores = rated([0, 1], references=["good battery, dark screen"])
    assert scores["rouge_2_f1"] == 1


def test_all_sentences_have_full_coverage_and_one_sentence_less() -> None:
    rater = scorer(REVIEWS)
    assert rater.score(list(range(len(REVIEWS))))["coverage"] == pytest.approx(1, abs=1e-6)
    assert rater.score([0])["coverage"] < rater.score([0, 1])["coverage"] < 1


def test_each_measure_is_averaged() -> None:
    assert mean_scores([{"a": 1.0, "b": 0.0}, {"a": 2.0, "b": 0.0}]) == {"a": 1.5, "b": 0.0}


def test_a_summary_is_rated_on_held_out_texts_where_there_are_any() -> None:
    seen = gathered({"a": ["good battery", "dark screen"], "b": ["one", "two"]})
    unseen = gathered({"a": ["low price"], "b": []})
    unseen = type(unseen)(
        unseen.language, unseen.ids, unseen.texts, unseen.groups, unseen.labels, np.ones((1, seen.embedded.shape[1]))
    )
    apart, whole = groups(seen, unseen)
    assert apart.scorer.target_vectors.shape[0] == 1
    assert apart.scorer.score([0])["shared_words"] == 0  # it does not contain the price
    assert whole.scorer.target_vectors is whole.scorer.vectors
    assert (apart.name, apart.ids, whole.texts) == ("a", ["a-0", "a-1"], ["one", "two"])
    assert np.linalg.norm(apart.scorer.target_vectors, axis=1) == pytest.approx(1)


def test_opinions_come_from_the_group_and_marks_count_if_all_are_marked() -> None:
    texts = {"a": ["good", "bad"], "b": ["fine", "awful", "so so"]}
    opinions = Opinions(np.array([True, False, True, False, False]), "positive")
    seen = gathered(texts, labels=["positive", "negative", "positive", "negative", None])
    first, second = groups(seen, references={"b": ["people wrote this"]}, opinions=opinions)
    assert first.scorer.positive is not None
    assert second.scorer.positive is not None
    assert (first.scorer.positive.tolist(), second.scorer.positive.tolist()) == ([True, False], [True, False, False])
    assert first.scorer.marked is not None
    assert first.scorer.marked.tolist() == [True, False]
    assert second.scorer.marked is None
    assert (first.scorer.references, second.scorer.references) == ([], ["people wrote this"])
    assert groups(seen)[0].scorer.marked is None
