import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from decortique.models.batches import Processes

ROOT = Path(__file__).parents[2]
# A training of the small corpus, as a program of its own: `accelerate launch` starts it once for each process.
PROGRAM = """
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from decortique.models.batches import TokenRows
from decortique.models.batches import Examples
from decortique.models.batches import Processes
from decortique.models.tokenizer import load_tokenizer
from decortique.models.tokenizer import tokenize_texts
from tests.conftest import CLASSES
from tests.conftest import TEXTS
from tests.models.made_transformer import headed, stopping, trained

encoder, folder, stop, changes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
torch.set_num_threads(1)
processes = Processes.join(torch.device("cpu"))
rows = TokenRows.of(tokenize_texts(load_tokenizer(encoder), TEXTS).input_ids)
examples = Examples(rows, np.array(CLASSES), np.full(len(CLASSES), np.nan, np.float32))
model = headed(encoder, dropout=changes.get("dropout", 0.0))
# Only one of them is asked to stop.
objective = stopping(stop, "interrupted") if stop and processes.rank == processes.count - 1 else None
trained(model, examples, folder, objective=objective, processes=processes, **changes)
save_file(model.state_dict(), folder / f"{processes.rank}.safetensors")
"""


def launch(folder: Path, encoder: Path, count: int, *, stop: int = 0, **changes: Any) -> int:
    """Train with `count` processes and return the exit code."""
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    several = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", str(count)]
    done = subprocess.run(
        [
            sys.executable,
            *([*several, "--main_process_port", "0"] if count > 1 else []),
            *map(str, (folder / "program.py", encoder, folder, stop, json.dumps(changes))),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or stop, done.stdout + done.stderr
    return done.returncode


def weights(folder: Path, count: int) -> list[dict[str, torch.Tensor]]:
    """Return the final weights of each process."""
    return [load_file(folder / f"{rank}.safetensors") for rank in range(count)]


def test_two_processes_train_the_same_weights_as_one(encoder: Path, tmp_path: Path) -> None:
    """The same texts to a step, so the same weights but for the order of sums."""
    for count in (1, 2):
        launch(tmp_path / str(count), encoder, count, num_train_epochs=3, optim="sgd", learning_rate=0.05)
    (alone,), (first, second) = (weights(tmp_path / str(count), count) for count in (1, 2))
    for name, values in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], values, atol=1e-4, rtol=1e-3, msg=name)


def test_only_the_first_process_writes(encoder: Path, tmp_path: Path) -> None:
    launch(tmp_path, encoder, 2, num_train_epochs=1)
    assert len(list(tmp_path.rglob("loss.tsv"))) == 1


def test_processes_stop_together_and_resume_to_the_same_bytes(encoder: Path, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"num_train_epochs": 2, "dropout": 0.2}
    launch(tmp_path / "whole", encoder, 2, **changes)
    assert launch(tmp_path / "cut", encoder, 2, stop=5, **changes) != 0
    assert len(list((tmp_path / "cut" / "states").iterdir())) == 1
    launch(tmp_path / "cut", encoder, 2, **changes)
    for whole, cut in zip(weights(tmp_path / "whole", 2), weights(tmp_path / "cut", 2), strict=True):
        assert all(torch.equal(values, cut[name]) for name, values in whole.items())


@pytest.mark.parametrize(("texts", "count"), [(8, 2), (7, 2), (1, 2), (5, 4), (2, 3)])
def test_the_mean_over_processes_is_the_mean_of_the_batch(texts: int, count: int) -> None:
    values = torch.arange(1.0, texts + 1) ** 2
    means = []
    for rank in range(count):
        batch, factor = Processes(torch.device("cpu"), rank, count).share({"input_ids": values, "other": -values})
        assert torch.equal(batch["other"], -batch["input_ids"])
        means.append(factor * batch["input_ids"].mean())
    assert sum(means) / count == pytest.approx(values.mean())


def test_a_process_alone_has_the_whole_batch() -> None:
    batch = {"input_ids": torch.arange(3)}
    assert Processes(torch.device("cpu")).share(batch) == (batch, 1.0)
