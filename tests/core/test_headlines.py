"""The headline numbers: few, readable, and of whatever a run has."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decortique.core.headlines import (
    headline_of_clustering,
    headline_of_evaluation,
    headline_of_polysemy,
    headline_of_pronouns,
    headline_of_robustness,
    headline_of_summaries,
    headline_of_validity,
    write_metrics,
)

ROOT = Path(__file__).parents[2]
Leaf = tuple[str, Any]


def leaves(content: Any, name: str = "") -> Iterator[Leaf]:
    """Yield the names of numbers, with points between, as `dvc metrics` shows them."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, f"{name}.{key}" if name else key)
    else:
        yield name, content


def of(value: float) -> dict[str, float]:
    """Return a score with an interval."""
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def scores(accuracy: float, f1: float = 0.5) -> dict[str, Any]:
    """Return the scores of an approach, as `evaluate` writes them."""
    return {"accuracy": of(accuracy), "f1": {"no": of(0.1), "yes": of(f1)}, "calibration_error": 0.2}


def test_committed_metrics_fit_a_screen() -> None:
    files = [path for path in (ROOT / "metrics").rglob("*") if path.is_file()]
    assert len(files) <= 15
    assert sum(path.stat().st_size for path in files) <= 40_000
    numbers = [leaf for path in files for leaf in leaves(json.loads(path.read_text(encoding="utf-8")))]
    assert 20 < len(numbers) <= 60
    for name, number in numbers:
        assert isinstance(number, (int, float)), name
        assert number == round(number, 4), name


def test_metrics_are_rounded_and_a_value_that_is_not_a_number_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_metrics("evaluate", "opinion", {"transformer": {"accuracy": 0.861873}})
    path = Path("metrics/evaluate/opinion.json")
    assert json.loads(path.read_text()) == {"transformer": {"accuracy": 0.8619}}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_metrics("evaluate", "opinion", {"transformer": {"accuracy": float("nan")}})
    assert json.loads(path.read_text()) == {"transformer": {"accuracy": 0.8619}}, "the file is as it was"


def test_an_evaluation_shows_each_approach_and_details_of_the_two_compared() -> None:
    results = {
        "bag-of-words": scores(0.7),
        "transformer": scores(0.8),
        "student": scores(0.75),
        "versus": {"transformer": {"mcnemar_p": 0.01}},
        "retained": {"student": {"teacher": "transformer"}},
        "graded": {"test": {"transformer": {"probability": {"spearman": of(0.1)}, "grade": {"spearman": of(0.6)}}}},
        "transfer": {"tweets": {"bag-of-words": scores(0.6), "transformer": scores(0.65), "student": scores(0.6)}},
        "decoded": {
            "none": {"bag-of-words": scores(0.71), "combined": scores(0.81)},
            "viterbi": {"bag-of-words": scores(0.9), "student": scores(0.92), "combined": scores(0.95)},
        },
    }
    validation = {"bag-of-words": scores(0.72), "transformer": scores(0.83), "student": scores(0.76)}
    assert dict(leaves(headline_of_evaluation(results, validation, "accuracy"))) == {
        "bag-of-words.accuracy": 0.7,
        "bag-of-words.validation": 0.72,
        "bag-of-words.accuracy_viterbi": 0.9,
        "transformer.accuracy": 0.8,
        "transformer.grade_spearman": 0.6,
        "transformer.validation": 0.83,
        "student.accuracy": 0.75,
        "student.validation": 0.76,
        "combined.accuracy_viterbi": 0.95,
    }


def test_a_single_approach_is_summarised_by_the_measure_it_is_tuned_for() -> None:
    nothing: dict[str, Any] = {"versus": {}, "retained": {}, "graded": {}, "transfer": {}, "decoded": {"none": {}}}
    assert headline_of_evaluation({"mine": scores(0.7, 0.4), **nothing}, {"mine": scores(0.6, 0.3)}, "f1") == {
        "mine": {"f1": 0.4, "validation": 0.3}
    }


def test_what_was_fitted_on_validation_shows_no_score_there() -> None:
    nothing: dict[str, Any] = {"versus": {}, "retained": {}, "graded": {}, "transfer": {}, "decoded": {"none": {}}}
    results = {name: scores(0.7) for name in ("student", "stacked", "off-the-shelf")}
    numbers = headline_of_evaluation({**results, **nothing}, results, "accuracy")
    assert numbers == {
        "student": {"accuracy": 0.7, "validation": 0.7},
        "stacked": {"accuracy": 0.7},
        "off-the-shelf": {"accuracy": 0.7},
    }


def test_validity_shows_what_a_random_split_would_have_claimed_and_what_leaks() -> None:
    controls = {
        split: {"as_it_is": {"accuracy": of(plain)}, "masked": {"accuracy": of(masked)}}
        for split, plain, masked in (("own_split", 0.8, 0.7), ("random_split", 0.9, 0.85))
    }
    audit = {"near_duplicates": {"leaks": {"texts": 3}, "overlap": {"test": {"texts": 60}}}}
    assert headline_of_validity(controls, audit) == {
        "accuracy": {"masked": 0.7, "random_split": 0.9},
        "leaked_share": 0.05,
    }


def test_robustness_shows_typos_and_changes_of_meaning() -> None:
    rewrites = {
        name: {"should": should, "approaches": {"bag-of-words": {"flips": of(flips)}, "static": {"flips": of(0.9)}}}
        for name, should, flips in (("typos", "stay", 0.1), ("lower_case", "stay", 0.2), ("negation", "flip", 0.3))
    }
    assert headline_of_robustness({"rewrites": rewrites}) == {
        "bag-of-words": {"flips_typos": 0.1, "flips_negation": 0.3}
    }


def test_words_show_contextuality_antecedents_and_agreement_with_people() -> None:
    contextuality = {
        "depth": {"self_similarity": {"all": of(-0.8), "pronouns": of(-0.9), "content words": of(-0.6)}},
        "antecedents": {
            "layers": {"9": {"pairs": of(0.6)}, "10": {"pairs": of(0.7)}},
            "association": {"word2vec": {"pairs": 3}, "glove": {"pairs": 44, "right": of(0.5)}},
        },
    }
    vectors = {"word2vec": {"coverage": 0.1}, "glove": {"spearman": of(0.5)}}
    layers = {f"layer {layer}": {"spearman": of(layer / 10)} for layer in range(4)}
    similarity = {"sets": {"simlex999": {"vectors": {**vectors, **layers}}}}
    assert headline_of_pronouns(contextuality, similarity) == {
        "self_similarity_by_depth": {"pronouns": -0.9, "content_words": -0.6},
        "antecedents": {"encoder": 0.7, "glove": 0.5},
        "simlex999": {"glove": 0.5, "encoder": 0.3},
    }


def test_a_language_without_probe_sets_has_a_headline() -> None:
    contextuality = {
        "depth": {"self_similarity": {"all": of(-0.8)}},
        "antecedents": {"pairs": 0, "layers": {}, "association": {}},
    }
    assert headline_of_pronouns(contextuality, {"words": 0, "sets": {}}) == {}
    assert headline_of_polysemy({"pairs": {}, "senses": {}}) == {}


def test_polysemy_shows_the_layer_that_validation_chose() -> None:
    ways = {"layer 2": {"test": of(0.9)}, "layer 3": {"test": of(0.6)}, "word2vec, mean of the text": {"test": of(0.5)}}
    assert headline_of_polysemy({"pairs": {"chosen": "layer 3", "ways": ways}}) == {
        "encoder": {"accuracy": 0.6},
        "word2vec": {"accuracy": 0.5},
    }


def test_clustering_shows_the_first_representation_beside_the_baseline() -> None:
    ways = {
        name: {"kmeans": {"v_measure": of(score)}, "hdbscan": {"v_measure": of(0.9)}}
        for name, score in (("random", 0.1), ("encoder", 0.6), ("glove", 0.5), ("tfidf", 0.4))
    }
    versus = {"baseline": "tfidf", "v_measure": {"encoder": {}, "glove": {}}}
    assert headline_of_clustering({"ways": ways, "versus": versus}) == {
        "encoder": {"v_measure": 0.6},
        "tfidf": {"v_measure": 0.4},
    }
    alone = {"ways": {"tfidf": ways["tfidf"]}, "versus": {"baseline": "tfidf"}}
    assert headline_of_clustering(alone) == {"tfidf": {"v_measure": 0.4}}


@pytest.mark.parametrize("measure", ["coverage", "rouge_1_f1"])
def test_summaries_are_scored_against_human_ones_where_they_exist(measure: str) -> None:
    rated = {"coverage": of(0.4), measure: of(0.3)}
    results = {"approaches": {"clusters": rated, "lexrank": rated, "first": rated}}
    assert headline_of_summaries(results) == {"clusters": {measure: 0.3}, "first": {measure: 0.3}}
