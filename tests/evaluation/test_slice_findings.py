from typing import Any

from decortique.core.findings import Cell
from decortique.evaluation.findings import gap_findings, published_finding, slice_findings, slices_table
from tests.report.made_reporting import APPROACHES, BASELINE, BETTER, compared_to, score

PEOPLE = {"texts": 9, "raters": 20.0, "person": score(0.93), "halves": score(0.95), "ceiling": score(0.99)}


def part(low: float, p: float = 0.01) -> dict[str, Any]:
    accuracy = {name: score(0.8) for name in APPROACHES}
    versus = {name: compared_to(0.1, p) for name in APPROACHES[1:]}
    return {"from": low, "to": low + 1, "texts": 30, "accuracy": accuracy, "versus": versus, "people": PEOPLE}


def report(parts: int = 2, difference: float = -0.1) -> dict[str, Any]:
    sliced = {
        "parts": [part(2.0 * index, p) for index, p in zip(range(parts), (0.01, 0.9), strict=False)],
        "last_minus_first": {name: score(difference) for name in APPROACHES} if parts > 1 else {},
    }
    one = {"published": {"f1": 0.61}, "reproduced": {"f1": score(0.59)}}
    return {"slices": {"length": sliced}, "people": {"test": PEOPLE}, "published": {"films.txt": one}}


def test_a_trend_is_reported_only_if_its_interval_excludes_zero() -> None:
    (falls,), (flat,) = (list(slice_findings(report(difference=one), [BETTER])) for one in (-0.1, 0.01))
    assert (falls.verdict, falls.is_significant) == ("model worse on the longest", True)
    assert (flat.verdict, flat.is_significant) == ("no significant difference", False)


def test_a_single_part_gives_no_trend() -> None:
    (one,) = slice_findings(report(parts=1), APPROACHES)
    assert (one.verdict, one.is_significant) == ("unknown", False)


def test_significantly_better_scores_of_a_part_are_bold() -> None:
    strong = [
        [cell.strong for cell in row if isinstance(cell, Cell)] for row in slices_table(report(), APPROACHES, 0.05).rows
    ]
    assert strong == [[False, True, True], [False, False, False]]


def test_an_approach_is_as_good_as_a_person_only_without_a_significant_difference() -> None:
    for accuracy, verdict in ((0.8, "no, worse"), (0.92, "no significant difference"), (0.99, "better")):
        scores = {BASELINE: {"accuracy": score(0.5)}, BETTER: {"accuracy": score(accuracy)}}
        (gap,) = gap_findings(report(), [BASELINE, BETTER], scores)
        assert (gap.claim, gap.verdict) == (f"Is the best approach ({BETTER}) as good as a person?", verdict)
    assert list(gap_findings({"people": {"test": {}}}, [BASELINE], {})) == []


def test_the_distance_to_published_scores_is_given() -> None:
    assert published_finding(report()).verdict == "to within 0.02 of F1"
