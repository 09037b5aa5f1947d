import pytest

from decortique.core.files import StageError
from decortique.evaluation.generations import families, lineages

ASSISTANTS = {"transformer": None, "student-1": "transformer", "student-2": "student-1"}


def test_each_student_is_followed_back_to_an_approach_without_teacher() -> None:
    result = families({"student-2": "student-1", "bag-of-words": None, **ASSISTANTS})
    assert list(result) == ["transformer", "student-1", "student-2"]
    assert result["transformer"] == ("transformer",)
    assert result["student-2"] == ("transformer", "student-1", "student-2")


def test_two_families_stay_separate() -> None:
    result = families({**ASSISTANTS, "off-the-shelf": None, "pupil": "off-the-shelf"})
    assert lineages(result) == [("off-the-shelf", "pupil"), ("transformer", "student-1", "student-2")]


def test_two_designs_with_one_ancestor_are_two_lines() -> None:
    born_again = {"born-1": "student-1", "born-2": "born-1", "alone": "transformer"}
    assert lineages(families({**ASSISTANTS, **born_again})) == [
        ("transformer", "alone"),
        ("transformer", "student-1", "born-1", "born-2"),
        ("transformer", "student-1", "student-2"),
    ]


def test_the_order_of_the_folders_does_not_matter() -> None:
    backwards = dict(reversed(ASSISTANTS.items()))
    assert list(families(backwards)) == list(families(ASSISTANTS))
    assert families(backwards) == families(ASSISTANTS)


def test_without_students_there_is_no_family() -> None:
    assert families({"bag-of-words": None, "transformer": None}) == {}
    assert families({}) == {}
    assert lineages({}) == []


def test_a_teacher_whose_predictions_are_missing_is_named_with_its_student() -> None:
    with pytest.raises(
        StageError, match=r"the teacher of student-1 is transformer, whose predictions are missing.*dvc repro"
    ):
        families({"student-1": "transformer", "student-2": "student-1", "off-the-shelf": None})


@pytest.mark.parametrize(
    ("teachers", "circle"),
    [
        ({"a": "a"}, "a taught by a"),
        ({"a": "b", "b": "c", "c": "a"}, "a taught by b taught by c taught by a"),
        ({"pupil": "a", "a": "b", "b": "a"}, "a taught by b taught by a"),
    ],
)
def test_a_cycle_of_teachers_is_an_error(teachers: dict[str, str], circle: str) -> None:
    with pytest.raises(StageError, match=f"^{circle}: a circle"):
        families(teachers)
