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
    """A group's scores, and those of its random summaries."""

    scores: dict[str, dict[str, float]]
    random_scores: list[dict[str, float]]


def rated(ours: float, first: float, draws: tuple[float, ...] = (0.1, 0.3), **more: dict[str, float]) -> Rated:
    """A group with coverage by three approaches, and `more` measures of them."""
    mine = {name: dict(found) for name, found in more.items()}
    by_approach = {OURS: ours, "first": first, RANDOM: float(np.mean(draws))}
    return Rated(
        {
            approach: {"coverage": value, **{name: found[approach] for name, found in mine.items()}}
            for approach, value in by_approach.items()
        },
        [{"coverage": value, **{name: found[RANDOM] for name, found in mine.items()}} for value in draws],
    )


def compared(groups: Sequence[Rated | Summaries], *, unseen: bool) -> dict[str, Any]:
    return compare([one.scores for one in groups], [one.random_scores for one in groups], EVALUATE, unseen=unseen)


@pytest.fixture(scope="module")
def found() -> list[Summaries]:
    """Four groups, one with references, summarised by each approach."""
    texts = gathered({"all": REVIEWS, "battery": BATTERY, "screen": [*SCREEN, *SCREEN], "two": PRICE})
    given = groups(texts, references={"screen": ["The screen is dark."]})
    return [summarize_group(group, 3, settings(), CANDIDATES) for group in given]


def test_every_approach_summarises_every_group_in_as_many_sentences(found: list[Summaries]) -> None:
    for one in found:
        assert list(one.indices) == list(one.scores) == list(APPROACHES)
        for approach, places in one.indices.items():
            assert all(first < second for first, second in pairwise(places)), approach
            assert len(places) <= 3
    assert [len(one.indices["first"]) for one in found] == [3, 3, 3, 2]
    assert [len(one.indices[OURS]) for one in found] == [3, 3, 3, 2]


def test_the_random_baseline_is_the_mean_of_many_summaries(found: list[Summaries]) -> None:
    for one in found:
        assert len(one.random_scores) == settings().n_random
        assert one.scores[RANDOM] == pytest.approx(mean_scores(one.random_scores))
    assert len({draw["coverage"] for draw in found[0].random_scores}) > 1


def test_only_groups_that_people_summarised_have_rouge(found: list[Summaries]) -> None:
    assert ["rouge_1_f1" in one.scores[OURS] for one in found] == [False, False, True, False]


def test_a_row_tells_of_each_summary_what_it_is_and_for_how_many_its_sentences_speak(found: list[Summaries]) -> None:
    made = list(rows(found[0]))
    assert [row["approach"] for row in made] == list(APPROACHES)
    assert [("clusters" in row) for row in made] == [True, *[False] * 7]
    assert made[0]["of"] == sum(made[0]["clusters"]) == len(REVIEWS)  # type: ignore[call-overload]
    for row in made:
        ids: Any = row["ids"]
        assert row["sentences"] == [REVIEWS[int(one.removeprefix("all-"))] for one in ids]


def test_summaries_do_not_change_between_two_runs(found: list[Summaries]) -> None:
    again = summarize_group(found[0].group, 3, settings(), CANDIDATES)
    assert list(rows(again)) == list(rows(found[0]))
    assert again.scores == found[0].scores


def test_french_is_summarised_by_each_approach() -> None:
    (group,) = groups(gathered({"avis": FRENCH}, language="fr"), references={"avis": ["La batterie tient."]})
    one = summarize_group(group, 2, settings(), CANDIDATES)
    assert all(len(places) == 2 for places in one.indices.values())
    assert 0 < one.scores[OURS]["rouge_1_f1"] < 1


@pytest.mark.parametrize("texts", [["one"], ["..."], ["same", "same", "Same!"], ["", "..."]])
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")  # sumy's, of no words at all
def test_a_group_with_hardly_anything_in_it_is_summarised(texts: list[str]) -> None:
    (group,) = groups(gathered({"small": texts}))
    one = summarize_group(group, 3, settings(), CANDIDATES)
    assert all(places for places in one.indices.values())
    assert all(np.isfinite(value) for measures in one.scores.values() for value in measures.values())


def test_the_comparison_of_real_groups_is_made_of_their_scores(found: list[Summaries]) -> None:
    report = compared(found, unseen=True)
    assert (report["groups"], list(report["approaches"])) == (4, list(APPROACHES))
    for approach, measures in report["approaches"].items():
        mean = np.mean([one.scores[approach]["coverage"] for one in found])
        assert measures["coverage"]["value"] == pytest.approx(mean)
    assert report["approaches"][OURS]["rouge_1_f1"] == {"value": found[2].scores[OURS]["rouge_1_f1"]}
    assert list(report["versus"]) == list(APPROACHES)[1:]
    assert set(report["versus"]["first"]) == {
        *("coverage", "shared_words", "shared_pairs", "redundancy", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")
    }


def test_differences_are_ours_less_theirs_on_the_same_groups_with_corrected_p() -> None:
    pairs = [(0.5 + place / 10, 0.4 + place / 10 if place else 0.45) for place in range(5)]
    report = compared([rated(ours, first) for ours, first in pairs], unseen=True)
    test = report["versus"]["first"]["coverage"]
    assert test["difference"]["value"] == pytest.approx((4 * 0.1 + 0.05) / 5)
    assert test["difference"]["low"] < test["difference"]["value"] < test["difference"]["high"]
    assert test["p"] == pytest.approx(2 / 2**5)
    assert test["holm_p"] == pytest.approx(2 * 2 / 2**5)  # the second of the two tests has the same p
    assert OURS not in report["versus"]


def test_measures_that_only_some_groups_have_are_means_of_those() -> None:
    scored = {OURS: 0.6, "first": 0.2, RANDOM: 0.1}
    some = [rated(0.5, 0.4), rated(0.7, 0.4, rouge_1_f1=scored), rated(0.6, 0.4, words=scored)]
    report = compared(some, unseen=True)
    assert report["approaches"]["first"]["rouge_1_f1"] == {"value": 0.2}
    assert report["random_interval"]["rouge_1_f1"] == pytest.approx({"low": 0.1, "high": 0.1})
    assert report["versus"]["first"]["rouge_1_f1"]["p"] == 1
    assert "words" in report["approaches"][OURS]
    assert "words" not in report["versus"]["first"]  # to be longer is neither better nor worse


def test_the_random_interval_is_that_of_single_summaries() -> None:
    draws = tuple(number / 100 for number in range(101))
    report = compared([rated(0.5, 0.4, draws), rated(0.5, 0.4, tuple(value + 1 for value in draws))], unseen=True)
    # The draws of both groups are 0.5 apart on average, from 0.5 to 1.5 in steps of 0.01; t of 100 degrees of freedom.
    reach = 1.983972 * np.std(np.linspace(0.5, 1.5, 101), ddof=1) * np.sqrt(1 + 1 / 101)
    assert report["random_interval"]["coverage"] == pytest.approx({"low": 1 - reach, "high": 1 + reach}, abs=1e-5)


def test_a_single_group_has_values_and_proves_nothing() -> None:
    report = compared([rated(0.5, 0.1)], unseen=True)
    assert report["approaches"][OURS]["coverage"] == {"value": 0.5}
    assert report["versus"]["first"]["coverage"] == {"difference": {"value": 0.4}, "p": 1.0, "holm_p": 1.0}
