from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from decortique.summarization.groups import RANKERS, Summarized, rows, summarize_group
from decortique.summarization.rating import ALONE, LOT, OURS, SHORT, compared, mean_of
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

APPROACHES = [OURS, ALONE, "centroid", SHORT, "lexrank", "textrank", "first", LOT]
CANDIDATES = [2, 3]


@dataclass(frozen=True)
class Rated:
    """A group's measures, and those of its lots."""

    rated: dict[str, dict[str, float]]
    lots: list[dict[str, float]]


def rated(ours: float, first: float, lots: tuple[float, ...] = (0.1, 0.3), **more: dict[str, float]) -> Rated:
    """A group with coverage by three approaches, and `more` measures of them."""
    mine = {name: dict(found) for name, found in more.items()}
    by_approach = {OURS: ours, "first": first, LOT: float(np.mean(lots))}
    return Rated(
        {
            approach: {"coverage": value, **{name: found[approach] for name, found in mine.items()}}
            for approach, value in by_approach.items()
        },
        [{"coverage": value, **{name: found[LOT] for name, found in mine.items()}} for value in lots],
    )


@pytest.fixture(scope="module")
def found() -> list[Summarized]:
    """Four groups, one with references, summarised by each approach."""
    texts = gathered({"all": REVIEWS, "battery": BATTERY, "screen": [*SCREEN, *SCREEN], "two": PRICE})
    given = groups(texts, references={"screen": ["The screen is dark."]})
    return [summarize_group(group, 3, settings(), CANDIDATES, list(RANKERS)) for group in given]


def test_every_approach_summarises_every_group_in_as_many_sentences(found: list[Summarized]) -> None:
    for one in found:
        assert list(one.places) == list(one.rated) == APPROACHES
        for approach, places in one.places.items():
            assert all(first < second for first, second in pairwise(places)), approach
            assert len(places) <= 3
    assert [len(one.places["first"]) for one in found] == [3, 3, 3, 2]
    assert [len(one.places[OURS]) for one in found] == [3, 3, 3, 2]


def test_what_is_by_lot_is_the_mean_of_many_lots(found: list[Summarized]) -> None:
    for one in found:
        assert len(one.lots) == settings().lots
        assert one.rated[LOT] == pytest.approx(mean_of(one.lots))
    assert len({lot["coverage"] for lot in found[0].lots}) > 1


def test_only_groups_that_people_summarised_have_rouge(found: list[Summarized]) -> None:
    assert ["rouge_1_f1" in one.rated[OURS] for one in found] == [False, False, True, False]


def test_a_row_tells_of_each_summary_what_it_is_and_for_how_many_its_sentences_speak(found: list[Summarized]) -> None:
    made = list(rows(found[0]))
    assert [row["approach"] for row in made] == APPROACHES
    assert [("clusters" in row) for row in made] == [True, *[False] * 7]
    assert made[0]["of"] == sum(made[0]["clusters"]) == len(REVIEWS)  # type: ignore[call-overload]
    for row in made:
        ids: Any = row["ids"]
        assert row["sentences"] == [REVIEWS[int(one.removeprefix("all-"))] for one in ids]


def test_summaries_do_not_change_between_two_runs(found: list[Summarized]) -> None:
    again = summarize_group(found[0].group, 3, settings(), CANDIDATES, list(RANKERS))
    assert list(rows(again)) == list(rows(found[0]))
    assert again.rated == found[0].rated


def test_french_is_summarised_by_each_approach() -> None:
    (group,) = groups(gathered({"avis": FRENCH}, language="fr"), references={"avis": ["La batterie tient."]})
    one = summarize_group(group, 2, settings(), CANDIDATES, list(RANKERS))
    assert all(len(places) == 2 for places in one.places.values())
    assert 0 < one.rated[OURS]["rouge_1_f1"] < 1


@pytest.mark.parametrize("texts", [["one"], ["..."], ["same", "same", "Same!"], ["", "..."]])
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")  # sumy's, of no words at all
def test_a_group_with_hardly_anything_in_it_is_summarised(texts: list[str]) -> None:
    (group,) = groups(gathered({"small": texts}))
    one = summarize_group(group, 3, settings(), CANDIDATES, list(RANKERS))
    assert all(places for places in one.places.values())
    assert all(np.isfinite(value) for measures in one.rated.values() for value in measures.values())


def test_what_is_said_of_real_groups_is_made_of_their_measures(found: list[Summarized]) -> None:
    report = compared(found, EVALUATE, unseen=True)
    assert (report["groups"], list(report["approaches"])) == (4, APPROACHES)
    for approach, measures in report["approaches"].items():
        mean = np.mean([one.rated[approach]["coverage"] for one in found])
        assert measures["coverage"]["value"] == pytest.approx(mean)
    assert report["approaches"][OURS]["rouge_1_f1"] == {"value": found[2].rated[OURS]["rouge_1_f1"]}
    assert list(report["versus"]) == APPROACHES[1:]
    assert set(report["versus"]["first"]) == {
        *("coverage", "shared_words", "shared_pairs", "redundancy", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")
    }


def test_differences_are_ours_less_theirs_on_the_same_groups_with_corrected_p() -> None:
    pairs = [(0.5 + place / 10, 0.4 + place / 10 if place else 0.45) for place in range(5)]
    report = compared([rated(ours, first) for ours, first in pairs], EVALUATE, unseen=True)
    test = report["versus"]["first"]["coverage"]
    assert test["difference"]["value"] == pytest.approx((4 * 0.1 + 0.05) / 5)
    assert test["difference"]["low"] < test["difference"]["value"] < test["difference"]["high"]
    assert test["p"] == pytest.approx(2 / 2**5)
    assert test["holm_p"] == pytest.approx(2 * 2 / 2**5)  # the second of the two tests has the same p
    assert OURS not in report["versus"]


def test_measures_that_only_some_groups_have_are_means_of_those() -> None:
    scored = {OURS: 0.6, "first": 0.2, LOT: 0.1}
    some = [rated(0.5, 0.4), rated(0.7, 0.4, rouge_1_f1=scored), rated(0.6, 0.4, words=scored)]
    report = compared(some, EVALUATE, unseen=True)
    assert report["approaches"]["first"]["rouge_1_f1"] == {"value": 0.2}
    assert report["lots"]["rouge_1_f1"] == pytest.approx({"low": 0.1, "high": 0.1})
    assert report["versus"]["first"]["rouge_1_f1"]["p"] == 1
    assert "words" in report["approaches"][OURS]
    assert "words" not in report["versus"]["first"]  # to be longer is neither better nor worse


def test_lots_tell_between_which_values_a_summary_by_lot_lies() -> None:
    lots = tuple(number / 100 for number in range(101))
    report = compared(
        [rated(0.5, 0.4, lots), rated(0.5, 0.4, tuple(value + 1 for value in lots))], EVALUATE, unseen=True
    )
    # The lots of both groups are 0.5 apart on average, from 0.5 to 1.5 in steps of 0.01; t of 100 degrees of freedom.
    reach = 1.983972 * np.std(np.linspace(0.5, 1.5, 101), ddof=1) * np.sqrt(1 + 1 / 101)
    assert report["lots"]["coverage"] == pytest.approx({"low": 1 - reach, "high": 1 + reach}, abs=1e-5)


def test_a_single_group_has_values_and_proves_nothing() -> None:
    report = compared([rated(0.5, 0.1)], EVALUATE, unseen=True)
    assert report["approaches"][OURS]["coverage"] == {"value": 0.5}
    assert report["versus"]["first"]["coverage"] == {"difference": {"value": 0.4}, "p": 1.0, "holm_p": 1.0}
