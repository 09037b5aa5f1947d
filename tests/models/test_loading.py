import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from decortique.core.files import StageError, write_json
from decortique.core.fingerprints import Code
from decortique.core.settings import Compute
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.batches import TokenRows
from decortique.models.folder import APPROACHES, Manifest
from decortique.models.heads import new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import TEXTS
from tests.models.test_bag_of_words import fitted

LABELS = ["negative", "positive"]


def nothing(_: int) -> None:
    pass


def test_a_bag_of_words_predicts_without_waiting_for_transformers(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    Manifest(kind="bag-of-words", labels=LABELS).write(tmp_path)
    program = (
        "import sys; from pathlib import Path\n"
        "from decortique.models.loading import load_classifier\n"
        "from decortique.core.settings import Compute\n"
        "_, found = load_classifier(Path(sys.argv[1]), Compute(threads=1, device='cpu', batch_size=8))\n"
        "print(found.predict(['superb'], lambda _: None).probability.argmax(), 'transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "1 False\n"


def test_vader_distinguishes_praise_from_blame(tmp_path: Path, one_thread: Compute) -> None:
    Manifest(kind="vader", labels=LABELS).write(tmp_path)
    progress: list[int] = []
    manifest, vader = load_classifier(tmp_path, one_thread)
    texts = ["I love it, a wonderful film!", "I hate it, a terrible film.", "The film lasts two hours."]
    probability = vader.predict(texts, progress.append).probability
    assert manifest.labels == LABELS
    assert probability[0, 1] > 0.8
    assert probability[1, 1] < 0.2
    assert probability[2].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert sum(progress) == 3


def test_a_zero_shot_classifier_gives_each_description_its_own_label(
    tmp_path: Path, encoder: Path, one_thread: Compute
) -> None:
    _copy(encoder, tmp_path / "model")
    descriptions = {"praise": "a very good film", "blame": "the plot is dull", "question": "actor , actor"}
    labels = ["blame", "question", "praise"]
    write_json(tmp_path / "model" / "zero_shot.json", {"descriptions": descriptions, "temperature": 0.05})
    Manifest(kind="zero-shot", labels=labels).write(tmp_path / "model")
    progress: list[int] = []
    _, loaded = load_classifier(tmp_path / "model", one_thread)
    probability = loaded.predict([descriptions[label] for label in labels] + TEXTS, progress.append).probability
    assert probability[:3].argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert sum(progress) == 3 + len(TEXTS)


def test_a_zero_shot_classifier_is_surer_when_it_is_colder(tmp_path: Path, encoder: Path, one_thread: Compute) -> None:
    sure = []
    for temperature in (1.0, 0.01):
        folder = _copy(encoder, tmp_path / str(temperature))
        descriptions = {"negative": "bad film", "positive": "good film"}
        write_json(folder / "zero_shot.json", {"descriptions": descriptions, "temperature": temperature})
        Manifest(kind="zero-shot", labels=LABELS).write(folder)
        _, loaded = load_classifier(folder, one_thread)
        sure.append(loaded.predict(["good film"], nothing).probability[0, 1])
    assert 0.5 < sure[0] < sure[1]


def test_a_transformer_returns_the_predictions_of_its_other_heads(
    tmp_path: Path, encoder: Path, rows: TokenRows, one_thread: Compute
) -> None:
    heads: dict[str, Head] = {
        "polarity": ClassificationHead(kind="classification", column="label", loss="cross_entropy"),
        "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
    }
    model = new_headed(encoder, LABELS, heads, dropout=0.0, seed=0)
    save_headed(model, load_tokenizer(encoder), tmp_path)
    Manifest(kind="transformer", labels=LABELS).write(tmp_path)
    progress: list[int] = []
    _, loaded = load_classifier(tmp_path, one_thread)
    predictions, expected = (
        loaded.predict(TEXTS, progress.append),
        model.predict(rows, batch_size=one_thread.batch_size),
    )
    np.testing.assert_array_equal(predictions.probability, expected.probability)
    np.testing.assert_array_equal(predictions.others["intensity"], expected.others["intensity"])
    assert sum(progress) == len(TEXTS)


@pytest.mark.parametrize("kind", ["bag-of-words", "vader", "zero-shot"])
def test_approaches_without_extra_heads_return_no_others(
    tmp_path: Path, encoder: Path, one_thread: Compute, kind: str
) -> None:
    folder = _copy(encoder, tmp_path / "model")
    fitted().save(folder)
    write_json(folder / "zero_shot.json", {"descriptions": {label: label for label in LABELS}, "temperature": 0.05})
    Manifest.model_validate({"kind": kind, "labels": LABELS}).write(folder)
    _, loaded = load_classifier(folder, one_thread)
    assert loaded.predict(["a good film"], nothing).others == {}


def _copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def test_a_stage_that_opens_model_folders_reruns_when_the_code_of_any_kind_changes() -> None:
    own, _ = Code.read(Path(__file__).parents[2]).imports("decortique.models.loading")
    assert {kind.classifier.partition(":")[0] for kind in APPROACHES.values()} <= own


def test_a_manifest_is_read_as_written(tmp_path: Path) -> None:
    Manifest(kind="transformer", labels=LABELS, teacher="transformer").write(tmp_path)
    assert Manifest.read(tmp_path) == Manifest(kind="transformer", labels=LABELS, teacher="transformer")


def test_a_missing_model_folder_is_reported_with_the_command_that_makes_it(tmp_path: Path, one_thread: Compute) -> None:
    with pytest.raises(StageError, match=r"approach\.json is missing: run `dvc repro`"):
        load_classifier(tmp_path / "student", one_thread)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"kind": "oracle", "labels": ["a"]}', '{"kind": "vader", "labels": "a"}']
)
def test_a_damaged_manifest_is_named(tmp_path: Path, one_thread: Compute, content: str) -> None:
    (tmp_path / "approach.json").write_text(content, encoding="utf-8")
    with pytest.raises(StageError, match=r"approach\.json is damaged .*run `dvc repro`"):
        load_classifier(tmp_path, one_thread)


@pytest.mark.parametrize("kind", ["bag-of-words", "zero-shot", "transformer"])
def test_a_model_folder_without_its_model_is_explained(tmp_path: Path, one_thread: Compute, kind: str) -> None:
    Manifest.model_validate({"kind": kind, "labels": LABELS}).write(tmp_path)
    with pytest.raises(StageError, match="run `dvc repro`"):
        load_classifier(tmp_path, one_thread)


def test_an_unavailable_device_is_refused(tmp_path: Path, encoder: Path) -> None:
    folder = _copy(encoder, tmp_path / "model")
    Manifest(kind="transformer", labels=LABELS).write(folder)
    with pytest.raises(StageError, match=r"compute\.device is 'cuda:99', which this machine does not have"):
        load_classifier(folder, Compute(threads=1, device="cuda:99", batch_size=8))
