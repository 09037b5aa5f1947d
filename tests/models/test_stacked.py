"""A stack of small models: alone, moved, damaged, and made by its stage."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError, new_folder, read_json
from decortique.core.settings import PARAMS, Compute
from decortique.core.tables import CORPUS, write_table
from decortique.data.settings import Task, TaskSection
from decortique.models.calibration import fit_calibration
from decortique.models.folder import Manifest
from decortique.models.heads import new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.settings import Stack
from decortique.models.stacked import Combination, write_stack
from decortique.models.tokenizer import load_tokenizer
from stages import stack as stage
from tests.conftest import CLASSES, TEXTS, edit_json
from tests.models.test_bag_of_words import STYLE, fitted
from tests.models.test_static import model_of, saved

ROOT = Path(__file__).parents[2]
LABELS = ["negative", "positive"]
WORDS, MARKS = "bag-of-words", "style"
HALF = (TEXTS[::2], np.array(CLASSES[::2]))


def nothing(_: int) -> None:
    pass


def probability(folder: Path, compute: Compute, texts: Sequence[str] = TEXTS) -> np.ndarray:
    return load_classifier(folder, compute)[1].predict(texts, nothing).probability


@pytest.fixture
def members(tmp_path: Path) -> dict[str, Path]:
    """Write two bags of words that differ."""
    folders = {WORDS: tmp_path / "members" / WORDS, MARKS: tmp_path / "members" / MARKS}
    for folder, classifier in zip(folders.values(), (fitted(HALF), fitted(HALF, **STYLE)), strict=True):
        folder.mkdir(parents=True)
        classifier.save(folder)
        Manifest(kind="bag-of-words", labels=LABELS).write(folder)
    return folders


def stacked(folder: Path, members: dict[str, Path], compute: Compute) -> Path:
    """Write a stack of members that is fitted on `TEXTS`."""
    outputs = [probability(member, compute) for member in members.values()]
    folder.mkdir()
    combination = Combination.of(fit_calibration(outputs, np.array(CLASSES), LABELS), list(members), LABELS)
    write_stack(folder, members, combination)
    Manifest(kind="stacked", labels=LABELS).write(folder)
    return folder


def test_a_stack_predicts_the_same_where_nothing_but_its_folder_is(
    tmp_path: Path, members: dict[str, Path], one_thread: Compute
) -> None:
    outputs = [probability(member, one_thread) for member in members.values()]
    expected = fit_calibration(outputs, np.array(CLASSES), LABELS)(outputs)
    folder = stacked(tmp_path / "stack", members, one_thread)
    (tmp_path / "members").rename(tmp_path / "gone")
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "mine")
    np.testing.assert_allclose(probability(moved, one_thread), expected, rtol=1e-5)
    assert all(np.abs(expected - one).max() > 0.01 for one in outputs)
    for name, output in zip(members, outputs, strict=True):
        np.testing.assert_array_equal(probability(moved / "members" / name, one_thread), output)


def test_the_order_of_members_does_not_matter(tmp_path: Path, members: dict[str, Path], one_thread: Compute) -> None:
    first = stacked(tmp_path / "first", members, one_thread)
    second = stacked(tmp_path / "second", dict(reversed(members.items())), one_thread)
    np.testing.assert_allclose(probability(first, one_thread), probability(second, one_thread), atol=1e-4)
    weights = [read_json(folder / "stack.json")["weights"]["positive"] for folder in (first, second)]
    assert list(weights[0]) == list(reversed(weights[1]))
    assert weights[0][WORDS] == pytest.approx(weights[1][WORDS], abs=1e-3)
    assert weights[0][WORDS] != pytest.approx(weights[0][MARKS], abs=1e-2)


def test_of_three_labels_each_keeps_its_own_weights(tmp_path: Path) -> None:
    random, labels = np.random.default_rng(0), ["no", "so", "yes"]
    outputs = [random.dirichlet([1, 1, 1], 300) for _ in range(2)]
    calibration = fit_calibration(outputs, random.integers(3, size=300), labels)
    write_stack(tmp_path, {}, Combination.of(calibration, ["one", "other"], labels))
    np.testing.assert_allclose(Combination.read(tmp_path).calibration()(outputs), calibration(outputs), atol=1e-5)
    weights = read_json(tmp_path / "stack.json")["weights"]
    assert weights["yes"]["other"] == pytest.approx(calibration.weights[2, 2:], abs=1e-5)


def test_progress_counts_each_text_once(tmp_path: Path, members: dict[str, Path], one_thread: Compute) -> None:
    progress: list[int] = []
    _, classifier = load_classifier(stacked(tmp_path / "stack", members, one_thread), one_thread)
    classifier.predict(TEXTS, progress.append)
    assert sum(progress) == len(TEXTS)


def test_a_stack_of_light_members_loads_neither_pytorch_nor_scikit_learn(
    tmp_path: Path, encoder: Path, one_thread: Compute
) -> None:
    members = {"vader": tmp_path / "vader", "static": tmp_path / "static"}
    saved(model_of("mean"), load_tokenizer(encoder), members["static"])
    members["vader"].mkdir()
    for kind, folder in members.items():
        Manifest(kind=kind, labels=LABELS).write(folder)
    program = (
        "import sys; from pathlib import Path\n"
        "from decortique.models.loading import load_classifier\n"
        "from decortique.core.settings import Compute\n"
        "_, found = load_classifier(Path(sys.argv[1]), Compute(threads=1, device='cpu', batch_size=8))\n"
        "print(found.predict(['good'], lambda _: None).probability.shape, {'torch', 'sklearn'} & {*sys.modules})"
    )
    folder = stacked(tmp_path / "stack", members, one_thread)
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "(1, 2) set()\n"


@pytest.mark.parametrize("labels", [["bad", "good"], ["positive", "negative"]])
def test_a_member_with_other_labels_is_refused(
    tmp_path: Path, members: dict[str, Path], one_thread: Compute, labels: list[str]
) -> None:
    folder = stacked(tmp_path / "stack", members, one_thread)
    edit_json(folder / "members" / MARKS / "approach.json", labels=labels)
    with pytest.raises(StageError, match=rf"members/style predicts between \['{labels[0]}'.*run `dvc repro`"):
        load_classifier(folder, one_thread)


@pytest.mark.parametrize(
    "content", [None, "{", "{}", '{"members": ["style"], "weights": {"positive": {}}, "biases": {"positive": 0}}']
)
def test_a_stack_that_is_damaged_is_named(
    tmp_path: Path, members: dict[str, Path], one_thread: Compute, content: str | None
) -> None:
    folder = stacked(tmp_path / "stack", members, one_thread)
    (folder / "stack.json").unlink()
    if content is not None:
        (folder / "stack.json").write_text(content, encoding="utf-8")
    with pytest.raises(StageError, match=r"stack(\.json)? (is missing|is damaged|cannot be loaded)") as caught:
        load_classifier(folder, one_thread)
    assert "\n" not in str(caught.value)


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Path, members: dict[str, Path], one_thread: Compute
) -> Task:
    """Write a project with validation rows, a bag of words and a student; return its task."""
    described = TaskSection.named("opinion", ROOT / PARAMS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Compute, "load", lambda: one_thread)
    monkeypatch.setattr(Stack, "load", lambda: Stack(students=["student"], partner=WORDS))
    monkeypatch.setattr(TaskSection, "named", {"opinion": described}.__getitem__)
    with write_table(paths.corpus("opinion") / "validation.parquet", CORPUS) as append:
        append(
            {
                "id": [str(index) for index in range(len(TEXTS))],
                "text": TEXTS,
                "label": [LABELS[label] for label in CLASSES],
                "score": [float(label) for label in CLASSES],
                "group": ["films"] * len(TEXTS),
                "position": list(range(len(TEXTS))),
            }
        )
    model = new_headed(encoder, LABELS, described.heads, dropout=0.0, seed=0)
    with new_folder(paths.model("opinion", "student")) as folder:
        save_headed(model, load_tokenizer(encoder), folder)
        Manifest(kind="transformer", labels=LABELS, teacher="transformer").write(folder)
    members[WORDS].rename(paths.model("opinion", WORDS))
    return described


def test_the_stage_fits_on_validation_and_keeps_the_teacher_of_the_student(project: Task, one_thread: Compute) -> None:
    stage.stack("opinion", "student")
    folder = paths.model("opinion", "stacked")
    outputs = [probability(paths.model("opinion", name), one_thread) for name in (WORDS, "student")]
    expected = fit_calibration(outputs, np.array(CLASSES), LABELS)(outputs)
    np.testing.assert_allclose(probability(folder, one_thread), expected, rtol=1e-4)
    assert Manifest.read(folder) == Manifest(kind="stacked", labels=project.labels, teacher="transformer")


def test_the_card_shows_weights_but_no_scores_of_what_it_was_fitted_on_and_its_python_runs(project: Task) -> None:
    stage.stack("opinion", "student")
    card = (paths.model("opinion", "stacked") / "README.md").read_text(encoding="utf-8")
    (weight,) = read_json(paths.model("opinion", "stacked") / "stack.json")["weights"]["positive"]["student"]
    assert f"| weights.positive.student | [{weight}" in card
    assert "fitted on validation" in card
    assert "Those on validation" not in card
    exec(card.split("```python\n")[1].split("```")[0], {})  # noqa: S102


def test_the_stage_refuses_a_member_with_other_labels(project: Task) -> None:
    edit_json(paths.model("opinion", "student") / "approach.json", labels=["trump", "clinton"])
    with pytest.raises(StageError, match=r"student predicts between \['trump', 'clinton'\], not \['negative'"):
        stage.stack("opinion", "student")
    assert not paths.model("opinion", "stacked").exists()
