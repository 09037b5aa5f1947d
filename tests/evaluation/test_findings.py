from pathlib import Path
from typing import Any

import pytest

from decortique.core import paths
from decortique.core.files import write_json
from decortique.core.findings import Examples, Part, Table
from decortique.diagnosis.findings import explained_texts
from decortique.evaluation.findings import predictions_part
from tests.report.made_reporting import ALIKE, APPROACHES, BASELINE, BETTER, described, evaluated

EXPLAINED: dict[str, Any] = {
    "kind": "only_model",
    "label": "positive",
    "text": "not <b>bad</b> at all",
    "by": {
        "words": {"prediction": "negative", "probability": 0.8, "words": [[0, 3, -1.0], [7, 10, 2.0], [18, 21, 0.5]]}
    },
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def part(*, p: float = 0.2, explained: list[dict[str, Any]] | None = None) -> Part:
    write_json(paths.results("evaluate", "opinion", "scores"), evaluated(p=p))
    write_json(paths.explanations("opinion"), {"texts": explained or []})
    strongest = paths.plots("bag_of_words", "opinion") / "strongest.csv"
    strongest.parent.mkdir(parents=True, exist_ok=True)
    strongest.write_text("label,feature,weight\nnegative,dull,2\npositive,fine,1\n", encoding="utf-8")
    return predictions_part("opinion", described(), APPROACHES, 0.05, Path("pictures"), explained_texts("opinion"))


def tables(result: Part) -> list[Table]:
    return [block for block in result.blocks if isinstance(block, Table)]


def strong(table: Table) -> set[str]:
    """Return the rows that have a cell in bold."""
    return {cells[0].text for cells in table.cells if any(cell.strong for cell in cells)}


def test_only_significantly_better_scores_are_bold() -> None:
    home, away = tables(part())[:2]
    assert strong(home) == {BETTER}
    assert not any(row[-1].strong for row in away.cells)  # there it is worse


def test_only_a_p_value_below_alpha_makes_a_winner() -> None:
    assert strong(tables(part(p=0.049))[0]) == {BETTER, ALIKE}
    assert strong(tables(part(p=0.05))[0]) == {BETTER}


def test_findings_distinguish_significant_differences_from_others() -> None:
    findings = {finding.claim: finding for finding in part().findings}
    better, alike = (findings[f"{one} against {BASELINE}"] for one in (BETTER, ALIKE))
    assert (better.verdict, better.is_significant) == ("better", True)
    assert (alike.verdict, alike.is_significant) == ("no significant difference", False)
    assert "+0.100 [+0.080, +0.120], p < 0.001" in better.evidence
    assert "in 30 of 40 (Cohen's g +0.25, large)" in better.evidence
    assert findings["Does it carry over to tweets?"].verdict == f"worse: {BETTER}"


def test_the_best_approach_comes_first() -> None:
    assert part().findings[0].claim.startswith(BETTER)


def test_words_keep_their_order_and_are_scaled_by_the_largest_weight() -> None:
    (examples,) = (block for block in part(explained=[EXPLAINED]).blocks if isinstance(block, Examples))
    (example,) = examples.texts
    assert example.title == "Only model is right: positive"
    (shown,) = example.explanations
    assert "".join(word.text for word in shown.words) == EXPLAINED["text"]
    assert {word.text: word.weight for word in shown.words if word.weight} == {"not": -0.5, "bad": 1.0, "all": 0.25}


def test_a_task_of_single_texts_has_no_pictures_of_streams() -> None:
    shown = [str(block.path) for block in part().blocks if hasattr(block, "path")]
    assert any("accuracy" in one for one in shown)
    assert Path("pictures/opinion-strongest.png").exists()
    assert not any("streams" in one for one in shown)
