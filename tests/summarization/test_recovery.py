from functools import partial
from typing import Any

import numpy as np
import pytest

from decortique.evaluation.settings import Evaluate
from decortique.summarization.clustering import NONE
from decortique.summarization.recovery import (
    CHOSEN,
    Clusters,
    MixedSet,
    cluster_rows,
    cluster_sets,
    describe_clusters,
    mix_groups,
    recovery,
)
from decortique.summarization.settings import RANDOM, Cluster
from decortique.summarization.vectors import Texts, represent
from tests.summarization.test_methods import clouds

EVALUATE = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)
GROUPS = [f"film {number % 23:02}" for number in range(23 * 4)]  # four texts of each film, scattered


def settings(**changes: Any) -> Cluster:
    return Cluster.model_validate(
        {
            "representations": ["encoder", "tfidf"],
            "methods": ["kmeans"],
            "candidates": [2, 3, 4, 5],
            "min_cluster_size": 3,
            "groups_per_set": 3,
            "terms": 2,
            "seed": 0,
            **changes,
        }
    )


def report(truth: list[int], *clustered: list[int], sets: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a report of clusters by each representation in turn, the same in each set."""
    mixed = [MixedSet(np.arange(len(truth)), np.array(truth))] * sets
    names = ["encoder", "tfidf"][: len(clustered)]
    clusters = {(name, "kmeans"): [np.array(one)] * sets for name, one in zip(names, clustered, strict=True)}
    return recovery(mixed, clusters, settings(representations=names, **changes), EVALUATE)


def measured(truth: list[int], clustered: list[int]) -> dict[str, float]:
    measures = report(truth, clustered)["ways"]["encoder"]["kmeans"]
    return {name: one["value"] for name, one in measures.items()}


def test_sets_share_no_group_and_hold_whole_groups() -> None:
    sets = mix_groups(GROUPS, 5, seed=0)
    inside = [{GROUPS[index] for index in one.indices} for one in sets]
    assert [len(groups) for groups in inside] == [5] * 4  # 23 make four sets; three are left over
    assert len(set.union(*inside)) == 20
    for one, groups in zip(sets, inside, strict=True):
        assert one.groups == 5
        assert one.indices.tolist() == [index for index, group in enumerate(GROUPS) if group in groups]


def test_the_truth_of_a_set_is_the_group_of_each_text() -> None:
    for one in mix_groups(GROUPS, 4, seed=1):
        numbers = {(GROUPS[index], number) for index, number in zip(one.indices, one.truth.tolist(), strict=True)}
        assert sorted(number for _, number in numbers) == [0, 1, 2, 3]


def test_too_few_groups_for_one_set_still_make_one() -> None:
    (one,) = mix_groups(["a", "b", "a", "b", "c"], 10, seed=0)
    assert one.indices.tolist() == [0, 1, 2, 3, 4]
    assert one.groups == 3


def test_sets_depend_on_the_seed() -> None:
    mixes = [[one.indices.tolist() for one in mix_groups(GROUPS, 5, seed)] for seed in (0, 0, 1)]
    assert mixes[0] == mixes[1]
    assert mixes[0] != mixes[2]


def test_perfect_clusters_score_one_and_a_single_cluster_zero() -> None:
    truth = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    expected = {"v_measure": 1, "adjusted_rand": 1, "adjusted_mutual_information": 1, "clusters": 3, "clustered": 1}
    assert measured(truth, [5, 5, 5, 0, 0, 0, 7, 7, 7]) == pytest.approx(expected)  # for any numbering
    all_in_one = measured(truth, [0] * 9)
    assert (all_in_one["v_measure"], all_in_one["adjusted_rand"], all_in_one["clusters"]) == (0, 0, 1)


def test_v_measure_matches_a_calculation_by_hand() -> None:
    # No cluster mixes groups: homogeneity 1. H(clusters) = 1.5 ln 2, of which 0.5 ln 2 is left in a group:
    # completeness 2/3, and their harmonic mean 0.8 (Rosenberg & Hirschberg, 2007).
    assert measured([0, 0, 1, 1], [0, 0, 1, 2])["v_measure"] == pytest.approx(0.8)


def test_outliers_count_as_a_cluster_of_their_own() -> None:
    result = measured([0, 0, 1, 1], [3, 3, NONE, NONE])
    assert result["v_measure"] == pytest.approx(1)
    assert (result["clusters"], result["clustered"]) == (1, 0.5)
    assert measured([0, 0, 1, 1], [NONE] * 4)["v_measure"] == 0


def test_random_clusters_hardly_recover_groups() -> None:
    truth = np.repeat(np.arange(4), 50)
    result = report(truth.tolist(), truth.tolist())["ways"][RANDOM][RANDOM]
    assert result["clusters"]["value"] == 4
    assert abs(result["adjusted_rand"]["value"]) < 0.05
    assert result["v_measure"]["value"] < 0.1


def test_a_score_on_a_single_set_has_no_interval() -> None:
    assert report([0, 0, 1, 1], [0, 0, 1, 2])["ways"]["encoder"]["kmeans"]["v_measure"] == {"value": pytest.approx(0.8)}
    assert "low" in report([0, 0, 1, 1], [0, 0, 1, 2], sets=2)["ways"]["encoder"]["kmeans"]["v_measure"]


def test_each_representation_is_tested_against_the_last() -> None:
    result = report([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 2], sets=6)["versus"]
    assert result["baseline"] == "tfidf"
    assert list(result["v_measure"]) == ["encoder"]
    test = result["v_measure"]["encoder"]["kmeans"]
    assert test["difference"]["value"] == pytest.approx(0.2)
    assert test["p"] == test["holm_p"] == pytest.approx(2 / 2**6)  # six equal signs: two of 64 ways


def test_p_values_are_corrected_for_the_number_of_ways() -> None:
    truth = np.array([0, 0, 1, 1])
    sets = [MixedSet(np.arange(4), truth)] * 6
    ways = {("encoder", "kmeans"): truth, ("encoder", "agglomerative"): truth, ("glove", "kmeans"): np.zeros(4, int)}
    ways |= {("glove", "agglomerative"): np.array([0, 0, 1, 2])}
    ways |= {("tfidf", method): np.array([0, 0, 1, 2]) for method in ("kmeans", "agglomerative")}
    asked = settings(representations=["encoder", "glove", "tfidf"], methods=["kmeans", "agglomerative"])
    result = recovery(sets, {way: [numbers] * 6 for way, numbers in ways.items()}, asked, EVALUATE)
    tests = result["versus"]["v_measure"]
    assert [one["p"] for one in (*tests["encoder"].values(), *tests["glove"].values())] == [2**-5, 2**-5, 2**-5, 1]
    assert tests["encoder"]["kmeans"]["holm_p"] == pytest.approx(4 * 2**-5)
    assert tests["glove"]["kmeans"]["difference"]["value"] == pytest.approx(-0.8)
    assert tests["glove"]["agglomerative"]["holm_p"] == 1


@pytest.fixture(scope="module")
def texts() -> Texts:
    """Return texts on nine films; those of a film are near each other and name it."""
    words = ["robot", "wedding", "shark", "opera", "spy", "horse", "island", "heist", "ghost"]
    sentences = [f"{word} film number{index}" for word in words for index in range(6)]
    groups = [word for word in words for _ in range(6)]
    return Texts("en", [f"t{index}" for index in range(54)], sentences, groups, [None] * 54, clouds([6] * 9)[0])


@pytest.fixture(scope="module")
def sets(texts: Texts) -> list[MixedSet]:
    return mix_groups(texts.groups, 3, seed=0)


@pytest.fixture(scope="module")
def clusters(texts: Texts, sets: list[MixedSet]) -> Clusters:
    asked = settings(methods=["kmeans", "agglomerative", "hdbscan"])
    return cluster_sets(sets, {name: partial(represent, name, texts, {}) for name in asked.representations}, asked)


def test_every_method_runs_with_the_true_and_with_a_chosen_number(clusters: Clusters) -> None:
    methods = ["kmeans", f"kmeans, {CHOSEN}", "agglomerative", f"agglomerative, {CHOSEN}", "hdbscan"]
    assert list(clusters) == [(name, method) for name in ("encoder", "tfidf") for method in methods]
    for method in ("kmeans", "agglomerative"):
        assert [len(np.unique(numbers)) for numbers in clusters["tfidf", method]] == [3, 3, 3]


def test_separate_groups_are_recovered_by_each_method(sets: list[MixedSet], clusters: Clusters) -> None:
    report_of_all = recovery(sets, clusters, settings(), EVALUATE)
    assert (report_of_all["texts"], report_of_all["sets"], report_of_all["groups_per_set"]) == (54, 3, 3)
    for method, measures in report_of_all["ways"]["encoder"].items():
        assert measures["v_measure"]["value"] == pytest.approx(1), method
        assert measures["clusters"]["value"] == 3


def test_the_table_has_one_row_per_text_and_way_and_unique_numbers(
    texts: Texts, sets: list[MixedSet], clusters: Clusters
) -> None:
    tables = list(cluster_rows(sets, clusters, texts.ids))
    assert len(tables) == 3 * len(clusters)
    ways: dict[tuple[str, str], dict[str, Any]] = {}
    for rows in tables:
        one = ways.setdefault((rows["representation"][0], rows["method"][0]), {})
        one |= dict(zip(rows["id"], rows["cluster"], strict=True))
    for way, rows in ways.items():
        assert sorted(rows) == sorted(texts.ids)
        numbers_of = [{rows[texts.ids[index]] for index in one.indices} - {None} for one in sets]
        assert len(set.union(*numbers_of)) == sum(map(len, numbers_of)), way


def test_a_text_in_no_cluster_has_no_number_in_the_table() -> None:
    sets = [MixedSet(np.array([2, 0]), np.array([0, 1])), MixedSet(np.array([1, 3]), np.array([0, 1]))]
    clusters = {("tfidf", "hdbscan"): [np.array([NONE, NONE]), np.array([0, NONE])]}
    assert [(rows["id"], rows["cluster"]) for rows in cluster_rows(sets, clusters, ["a", "b", "c", "d"])] == [
        (["c", "a"], [None, None]),
        (["b", "d"], [0, None]),
    ]


def test_clusters_are_listed_with_the_group_of_most_of_their_texts() -> None:
    groups = ["a", "a", "b", "a", "b", "b"]
    texts = Texts("en", list("123456"), ["text"] * 6, groups, [None] * 6, np.zeros((6, 1), np.float32))
    one = MixedSet(np.arange(6), np.array([0, 0, 1, 0, 1, 1]))
    assert describe_clusters({0: ["x"], 1: []}, np.array([0, 1, 1, NONE, 1, 0]), one, texts) == [
        {"terms": [], "texts": 3, "mostly": "b", "share_of_it": 2 / 3},
        {"terms": ["x"], "texts": 2, "mostly": "a", "share_of_it": 0.5},
    ]
