import pytest

from decortique.diagnosis.near_duplicates import TaskTexts, effect_of_leaks
from tests.diagnosis.made_auditing import NAMES, SETTINGS, predicted, row

CORPUS = {
    "train": [row("t", "learnt")],
    "validation": [row("v", "chosen")],
    "test": [row(f"e{number}", f"text {number}") for number in range(10)],
}
ALL = TaskTexts.of(CORPUS, NAMES, keep_groups=False)
# Right on the first six of ten.
OUTPUTS = {"bag-of-words": {"test": predicted([0.0] * 6 + [1.0] * 4)}}


def test_leaked_texts_are_excluded_from_the_score() -> None:
    result = effect_of_leaks(ALL, {"e0", "e1"}, OUTPUTS, SETTINGS)
    assert result["texts"] == 2
    score = result["accuracy"]["bag-of-words"]
    assert score["all"]["value"] == pytest.approx(0.6)
    assert score["without"]["value"] == pytest.approx(0.5)
    assert score["difference"]["value"] == pytest.approx(0.1)
    assert score["difference"]["low"] <= 0.1 <= score["difference"]["high"]


@pytest.mark.parametrize("leaked", [set(), {row.id for row in CORPUS["test"]}, {"t"}])
def test_without_two_scores_there_is_no_difference(leaked: set[str]) -> None:
    result = effect_of_leaks(ALL, leaked, OUTPUTS, SETTINGS)
    assert result == {"texts": len(leaked - {"t"}), "accuracy": {}}
