from pathlib import Path

import pytest

from decortique.core import paths
from decortique.core.files import write_json
from decortique.core.findings import Picture, Table
from decortique.distillation.findings import students_of, students_part


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def member(teacher: str | None, accuracy: float) -> dict[str, object]:
    """Return a member of a family, as `evaluate` writes it."""
    test = {"accuracy": score(accuracy), "agreement_with_ancestor": score(0.9), "agreement_with_teacher": score(0.9)}
    versus = {"accuracy_difference": score(accuracy - 0.86)}
    return {"teacher": teacher, "sets": {"test": {**test, "versus_teacher": versus}}}


@pytest.fixture(autouse=True)
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the results of a teacher, a student, and a stack that holds the student."""
    monkeypatch.chdir(tmp_path)
    members = {
        "transformer": member(None, 0.86),
        "student-1": member("transformer", 0.79),
        "stacked": member("transformer", 0.83),
    }
    write_json(paths.results("evaluate", "opinion", "generations"), {"members": members})
    write_json(paths.results("distill", "opinion", "student-1"), {"parameters": 13})
    (paths.plots("evaluate", "opinion") / "generations").mkdir(parents=True)


def test_a_stack_is_compared_with_the_teacher_but_was_not_trained_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decortique.distillation.findings.pictures", lambda *_: [])
    part = students_part("opinion", "Opinion", [], Picture(Path("trainings.png"), ""))
    assert students_of("opinion") == ["student-1"]
    assert [(one.claim, one.verdict) for one in part.findings] == [
        ("stacked, compared with its teacher transformer", "worse"),
        ("student-1, compared with its teacher transformer", "worse"),
    ]
    (table,) = (block for block in part.blocks if isinstance(block, Table))
    assert {row[0]: row[2] for row in table.rows} == {"transformer": "", "student-1": "13", "stacked": ""}
