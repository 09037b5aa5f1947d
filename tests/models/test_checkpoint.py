import os
import signal
from pathlib import Path
from typing import Any

import pytest

from decortique.models import training as loop
from decortique.models.batches import Batch, Examples
from decortique.models.heads import Headed
from decortique.models.losses import Terms, heads_objective
from tests.models.made_transformer import (
    HEADS,
    PowerCutError,
    headed,
    stopping,
    trained,
    weights,
)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "adafactor", "nadam", "rmsprop", "adagrad"])
@pytest.mark.parametrize("at", [1, 3, 4, 7])
def test_a_stopped_training_resumes_to_the_same_bytes(
    encoder: Path, examples: Examples, tmp_path: Path, optimizer: str, at: int
) -> None:
    changes: dict[str, Any] = {"optim": optimizer, "dropout": 0.2, "num_train_epochs": 2, "lr_scheduler_type": "cosine"}
    whole = headed(encoder, dropout=0.2)
    expected = trained(whole, examples, tmp_path / "whole", **changes)
    with pytest.raises(KeyboardInterrupt):
        trained(headed(encoder, dropout=0.2), examples, tmp_path / "cut",
                objective=stopping(at, "interrupted"), **changes)  # fmt: skip
    assert not (tmp_path / "cut" / "curves").exists()
    again = headed(encoder, dropout=0.2)
    assert trained(again, examples, tmp_path / "cut", **changes) == expected
    assert weights(again) == weights(whole)
    for path in (tmp_path / "whole" / "curves").rglob("*.tsv"):
        assert (tmp_path / "cut" / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()
    assert not any((tmp_path / "cut" / "states").iterdir())


def test_a_training_resumes_where_it_stopped_not_from_the_start(
    encoder: Path, examples: Examples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(headed(encoder), examples, tmp_path, objective=stopping(5, "terminated"))
    batches: list[Batch] = []
    plain = heads_objective(HEADS)

    def counted(model: Headed, batch: Batch) -> Terms:
        batches.append(batch)
        return plain(model, batch)

    with caplog.at_level("INFO"):
        trained(headed(encoder), examples, tmp_path, objective=counted)
    assert len(batches) == 8 - 5
    assert "resuming at step 5 of 8" in caplog.text


def test_a_power_cut_costs_only_the_steps_since_the_last_checkpoint(
    encoder: Path, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    whole = headed(encoder)
    trained(whole, examples, tmp_path / "whole", gradient_accumulation_steps=2)
    with pytest.raises(PowerCutError):
        trained(headed(encoder), examples, tmp_path / "cut", gradient_accumulation_steps=2,
                objective=stopping(6, "power cut"))  # fmt: skip
    again = headed(encoder)
    trained(again, examples, tmp_path / "cut", gradient_accumulation_steps=2)
    assert weights(again) == weights(whole)


def test_another_training_does_not_resume_from_these_weights(
    encoder: Path, examples: Examples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(headed(encoder), examples, tmp_path, objective=stopping(5, "interrupted"))
    with caplog.at_level("INFO"):
        trained(headed(encoder), examples, tmp_path, learning_rate=1e-3)  # other settings
        trained(headed(encoder, seed=1), examples, tmp_path)  # other weights
        other = Examples(examples.rows, 1 - examples.labels, examples.scores)
        trained(headed(encoder), other, tmp_path)  # other labels
        assert "resuming" not in caplog.text
        trained(headed(encoder), examples, tmp_path)
        assert "resuming" in caplog.text


def test_a_damaged_checkpoint_is_reported_and_the_training_starts_over(
    encoder: Path, examples: Examples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = headed(encoder)
    trained(whole, examples, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(headed(encoder), examples, tmp_path / "cut", objective=stopping(5, "interrupted"))
    (path,) = (tmp_path / "cut").rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    again = headed(encoder)
    trained(again, examples, tmp_path / "cut")
    assert "is damaged" in caplog.text
    assert weights(again) == weights(whole)


def test_only_the_checkpoints_of_a_few_trainings_are_kept(encoder: Path, examples: Examples, tmp_path: Path) -> None:
    for run in range(5):
        with pytest.raises(KeyboardInterrupt):
            trained(headed(encoder), examples, tmp_path, seed=run, objective=stopping(2, "interrupted"))
        os.utime(next(iter((tmp_path / "states").iterdir())), (run, run)) if run == 0 else None
    assert len(list((tmp_path / "states").iterdir())) == 3


def test_a_second_request_to_stop_is_obeyed_at_once(encoder: Path, examples: Examples, tmp_path: Path) -> None:
    plain = heads_objective(HEADS)
    after: list[bool] = []

    def impatient(model: Headed, batch: Batch) -> Terms:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        after.append(True)
        return plain(model, batch)

    with pytest.raises(KeyboardInterrupt):
        trained(headed(encoder), examples, tmp_path, objective=impatient)
    assert not after
