from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from decortique.summarization.groups import summarize_group
from decortique.summarization.plots import draw_summaries
from decortique.summarization.rating import compare
from tests.drawing import assert_drawn_alike
from tests.summarization.made_summaries import BATTERY, EVALUATE, REVIEWS, SCREEN, gathered, groups, settings

REFERENCES = {"battery": ["The battery lasts."], "screen": ["The screen is dark."]}


def report(names: list[str], references: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return a report of `summarize` on some groups."""
    texts = {"all": REVIEWS, "battery": BATTERY, "screen": SCREEN}
    given = groups(gathered({name: texts[name] for name in names}), references=references)
    summaries = [summarize_group(group, 2, settings(), [2]) for group in given]
    return compare([one.scores for one in summaries], [one.random_scores for one in summaries], EVALUATE, unseen=True)


@pytest.mark.parametrize(
    ("names", "references"),
    [
        (["all", "battery", "screen"], None),
        (["all", "battery", "screen"], REFERENCES),
        (["battery"], REFERENCES),  # one group has no interval
        (["all", "battery"], REFERENCES),  # only one of two was summarised by a person
    ],
)
def test_the_picture_of_summary_scores_is_a_reproducible_png(
    tmp_path: Path, names: list[str], references: dict[str, list[str]] | None
) -> None:
    assert_drawn_alike(partial(draw_summaries, report=report(names, references)), tmp_path)


def test_different_results_give_different_pictures(tmp_path: Path) -> None:
    content = report(["all", "battery", "screen"])
    better, surer = deepcopy(content), deepcopy(content)
    better["approaches"]["clusters"]["coverage"]["value"] += 0.05
    surer["approaches"]["lexrank"]["coverage"]["low"] += 0.05
    for name, one in (("content", content), ("better", better), ("surer", surer)):
        draw_summaries(tmp_path / f"{name}.png", one)
    assert len({path.read_bytes() for path in tmp_path.glob("*.png")}) == 3


def test_missing_measures_have_no_panel(tmp_path: Path) -> None:
    for name, references in (("without", None), ("with", REFERENCES)):
        draw_summaries(tmp_path / f"{name}.png", report(["battery", "screen"], references))
    widths = [int.from_bytes((tmp_path / f"{name}.png").read_bytes()[16:20], "big") for name in ("without", "with")]
    assert widths[1] / widths[0] == pytest.approx(4 / 3, abs=0.01)  # ROUGE beside coverage, words and redundancy
