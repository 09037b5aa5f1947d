import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from decortique.models.batches import Examples, Processes
from tests.models.made_transformer import headed, trained

ROOT = Path(__file__).parents[2]
# Trainings of the small corpus, as a program of its own: `accelerate launch` starts it once for each process.
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

encoder = Path(sys.argv[1])
torch.set_num_threads(1)
processes = Processes.join(torch.device("cpu"))
rows = TokenRows.of(tokenize_texts(load_tokenizer(encoder), TEXTS).input_ids)
examples = Examples(rows, np.array(CLASSES), np.full(len(CLASSES), np.nan, np.float32))
for name, stop, changes in json.loads(sys.argv[2]):
    model = headed(encoder, dropout=changes.get("dropout", 0.0))
    # Only one of them is asked to stop.
    objective = stopping(stop, "interrupted") if stop and processes.rank == processes.count - 1 else None
    try:
        trained(model, examples, Path(name), objective=objective, processes=processes, **changes)
        save_file(model.state_dict(), Path(name) / f"{processes.rank}.safetensors")
    except KeyboardInterrupt:
        torch.distributed.barrier()  # the first has written the state
        states = [path.name for path in Path(name, "states").iterdir()]
        Path(name, f"{processes.rank}.interrupted").write_text("\\n".join(states))
"""
Training = tuple[str, int, dict[str, Any]]  # its folder, the batch in which it is interrupted, its settings
PLAIN: dict[str, Any] = {"num_train_epochs": 3, "optim": "sgd", "learning_rate": 0.05}
DROPPING: dict[str, Any] = {"num_train_epochs": 2, "dropout": 0.2}


def weights(folder: Path) -> list[dict[str, torch.Tensor]]:
    """Return the final weights of each process."""
    return [load_file(folder / f"{rank}.safetensors") for rank in range(2)]


@pytest.fixture(scope="module")
def folder(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train three models with two processes, the last of them in two goes."""
    folder = tmp_path_factory.mktemp("processes")
    trainings: list[Training] = [
        ("plain", 0, PLAIN),
        ("whole", 0, DROPPING),
        ("cut", 5, DROPPING),
        ("cut", 0, DROPPING),
    ]
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    several = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
    done = subprocess.run(
        [sys.executable, "-m", *several, "program.py", encoder, json.dumps(trainings)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_two_processes_train_the_same_weights_as_one(
    folder: Path, encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    """The same texts to a step, so the same weights but for the order of sums."""
    alone = headed(encoder)
    trained(alone, examples, tmp_path, **PLAIN)
    first, second = weights(folder / "plain")
    for name, values in alone.state_dict().items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], values, atol=1e-4, rtol=1e-3, msg=name)


def test_only_the_first_process_writes(folder: Path) -> None:
    assert len(list((folder / "plain").rglob("loss.tsv"))) == 1


def test_processes_stop_together_and_resume_to_the_same_bytes(folder: Path) -> None:
    assert (folder / "cut" / "1.interrupted").exists()
    assert len((folder / "cut" / "0.interrupted").read_text(encoding="utf-8").split()) == 1
    for whole, cut in zip(weights(folder / "whole"), weights(folder / "cut"), strict=True):
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
