from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from decortique.summarization.groups import Summaries, rows, summarize_group
from decortique.summarization.rating import compare, mean_scores
from decortique.summarization.settings import APPROACHES, OURS, RANDOM
from tests.summarization.made_summaries import (
    BATTERY,
    EVALUATE,
    FRENCH,
    PRICE,
    REVIEWS,
    SCREEN,
    gathered,
    groups,
    settings,
)

CANDIDATES = [2, 3]


@dataclass(frozen=True)
class Rated:
    """Hold the scores of a group, and those of its random summaries."""

    scores: dict[str, dict[str, float]]
    random_scores: list[dict[str, float]]


def rated(ours: float, first: float, draws: tuple[float, ...] = (0.1, 0.3), **more: dict[str, float]) -> Rated:
    """Return a group with coverage by three approaches, and `more` measures of them."""
    mine = {name: dict(measures) for name, measures in more.items()}
    by_approach = {OURS: ours, "first": first, RANDOM: float(np.mean(draws))}
    return Rated(
        {
            approach: {"coverage": value, **{name: measures[approach] for name, measures in mine.items()}}
            for approach, value in by_approach.items()
        },
        [{"coverage": value, **{name: measures[RANDOM] for name, measures in mine.items()}} for value in draws],
    )


def compared(groups: Sequence[Rated | Summaries], *, unseen: bool) -> dict[str, Any]:
    return compare([one.scores for one in groups], [one.random_scores for one in groups], EVALUATE, unseen=unseen)


@pytest.fixture(scope="module")
def summaries() -> list[Summaries]:
    """Return four groups, one with references, summarised by each approach."""
    texts = gathered({"all": REVIEWS, "battery": BATTERY, "screen": [*SCREEN, *SCREEN], "two": PRICE})
    given = groups(texts, references={"screen": ["The screen is dark."]})
    return [summarize_group(group, 3, settings(), CANDIDATES) for group in given]


def test_every_approach_uses_the_same_number_of_sentences_per_group(summaries: list[Summaries]) -> None:
    for one in summaries:
        assert list(one.indices) == list(one.scores) == list(APPROACHES)
        for approach, indices in one.indices.items():
            assert all(first < second for first, second in pairwise(indices)), approach
            assert len(indices) <= 3
    assert [len(one.indices["first"]) for one in summaries] == [3, 3, 3, 2]
    assert [len(one.indices[OURS]) for one in summaries] == [3, 3, 3, 2]


def test_the_random_baseline_is_the_mean_of_many_summaries(summaries: list[Summaries]) -> None:
    for one in summaries:
        assert len(one.random_scores) == settings().n_random
        assert one.scores[RANDOM] == pytest.approx(mean_scores(one.random_scores))
    assert len({draw["coverage"] for draw in summaries[0].random_scores}) > 1


def test_only_groups_with_references_have_rouge(summaries: list[Summaries]) -> None:
    assert ["rouge_1_f1" in one.scores[OURS] for one in summaries] == [False, False, True, False]


def test_a_row_holds_each_summary_and_how_many_texts_it_represents(summaries: list[Summaries]) -> None:
    made = list(rows(summaries[0]))
    assert [row["approach"] for row in made] == list(APPROACHES)
    assert [("clusters" in row) for row in made] == [True, *[False] * 7]
    assert made[0]["of"] == sum(made[0]["clusters"]) == len(REVIEWS)  # type: ignore[call-overload]
    for row in made:
        ids: Any = row["ids"]
        assert row["sentences"] == [REVIEWS[int(one.removeprefix("all-"))] for one in ids]


def test_summaries_are_reproducible(summaries: list[Summaries]) -> None:
    again = summarize_group(summaries[0].group, 3, settings(), CANDIDATES)
    assert list(rows(again)) == list(rows(summaries[0]))
    assert again.scores == summaries[0].scores


def test_french_is_summarised_by_each_approach() -> None:
    (group,) = groups(gathered({"avis": FRENCH}, language="fr"), references={"avis": ["La batterie tient."]})
    one = summarize_group(group, 2, settings(), CANDIDATES)
    assert all(len(indices) == 2 for indices in one.indices.values())
    assert 0 < one.scores[OURS]["rouge_1_f1"] < 1


@pytest.mark.parametrize("texts", [["one"], ["..."], ["same", "same", "Same!"], ["", "..."]])
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")  # sumy's, of no words at all
def test_a_group_with_very_few_sentences_is_summarised(texts: list[str]) -> None:
    (group,) = groups(gathered({"small": texts}))
    one = summarize_group(group, 3, settings(), CANDIDATES)
    assert all(indices for indices in one.indices.values())
    assert all(np.isfinite(value) for measures in one.scores.values() for value in measures.values())


def test_the_comparison_of_real_groups_uses_their_scores(summaries: list[Summaries]) -> None:
    report = compared(summaries, unseen=True)
    assert (report["groups"], list(report["approaches"])) == (4, list(APPROACHES))
    for approach, measures in report["approaches"].items():
        mean = np.mean([one.scores[approach]["coverage"] for one in summaries])
        assert measures["coverage"]["value"] == pytest.approx(mean)
    assert report["approaches"][OURS]["rouge_1_f1"] == {"value": summaries[2].scores[OURS]["rouge_1_f1"]}
    assert list(report["versus"]) == list(APPROACHES)[1:]
    assert set(report["versus"]["first"]) == {
        *("coverage", "shared_words", "shared_pairs", "redundancy", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")
    }


def test_differences_are_paired_by_group_with_corrected_p_values() -> None:
    pairs = [(0.5 + index / 10, 0.4 + index / 10 if index else 0.45) for index in range(5)]
    report = compared([rated(ours, first) for ours, first in pairs], unseen=True)
    test = report["versus"]["first"]["coverage"]
    assert test["difference"]["value"] == pytest.approx((4 * 0.1 + 0.05) / 5)
    assert test["difference"]["low"] < test["difference"]["value"] < test["difference"]["high"]
    assert test["p"] == pytest.approx(2 / 2**5)
    assert test["holm_p"] == pytest.approx(2 * 2 / 2**5)  # the second of the two tests has the same p
    assert OURS not in report["versus"]


def test_a_measure_is_averaged_over_the_groups_that_have_it() -> None:
    scored = {OURS: 0.6, "first": 0.2, RANDOM: 0.1}
    some = [rated(0.5, 0.4), rated(0.7, 0.4, rouge_1_f1=scored), rated(0.6, 0.4, words=scored)]
    report = compared(some, unseen=True)
    assert report["approaches"]["first"]["rouge_1_f1"] == {"value": 0.2}
    assert report["random_interval"]["rouge_1_f1"] == pytest.approx({"low": 0.1, "high": 0.1})
    assert report["versus"]["first"]["rouge_1_f1"]["p"] == 1
    assert "words" in report["approaches"][OURS]
    assert "words" not in report["versus"]["first"]  # being longer is neither better nor worse


def test_the_random_interval_covers_single_summaries() -> None:
    draws = tuple(number / 100 for number in range(101))
    report = compared([rated(0.5, 0.4, draws), rated(0.5, 0.4, tuple(value + 1 for value in draws))], unseen=True)
    # Means of both groups run from 0.5 to 1.5 in steps of 0.01; t of 100 degrees of freedom.
    reach = 1.983972 * np.std(np.linspace(0.5, 1.5, 101), ddof=1) * np.sqrt(1 + 1 / 101)
    assert report["random_interval"]["coverage"] == pytest.approx({"low": 1 - reach, "high": 1 + reach}, abs=1e-5)


def test_a_single_group_has_values_and_proves_nothing() -> None:
    report = compared([rated(0.5, 0.1)], unseen=True)
    assert report["approaches"][OURS]["coverage"] == {"value": 0.5}
    assert report["versus"]["first"]["coverage"] == {"difference": {"value": 0.4}, "p": 1.0, "holm_p": 1.0}
