"""`compute.portable`: a chain gives the same bytes, whatever code the numeric libraries would choose by themselves."""

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from decortique.core import paths, portable
from decortique.core.files import StageError
from decortique.core.fingerprints import Code
from decortique.core.tables import CORPUS, write_table
from experiments.clone import choose
from tests.conftest import CLASSES, TEXTS, write_encoder
from tests.settings.conftest import Written, complaint, files, written  # noqa: F401  (fixtures)

ROOT = Path(__file__).parents[2]
needs_avx2 = pytest.mark.skipif(not portable._has_avx2(), reason="this machine has no AVX2: here the mode only says so")

# They are imported late, so that a process that starts again has not loaded them yet.
CHAIN = """
from decortique.core.command import run
from decortique.core.settings import Compute

def chain() -> None:
    import numpy as np
    import scipy.linalg

    from stages.bag_of_words import bag_of_words
    from stages.embed import embed
    from stages.finetune import finetune
    from stages.tokenize import tokenize

    for stage in (tokenize, embed, finetune, bag_of_words):
        stage("opinion")
    values = np.random.default_rng(0).standard_normal((130, 130))
    np.save("data/numpy.npy", [np.exp(values), np.exp(values.astype(np.float32)), values @ values.T])
    np.save("data/scipy.npy", scipy.linalg.qr(values))

run(chain, compute=Compute.load)
"""
SETTINGS = {
    "compute.device": "cpu",
    "compute.threads": 1,  # other tests run beside it
    "tokenize.max_length": 16,
    "embed.splits": ["train"],
    "finetune.num_train_epochs": 1,
    "bag_of_words.candidates.content.regularization": [1],
    "bag_of_words.candidates.style.regularization": [1],
}
# What the libraries choose on a processor without AVX2 that has more cores.
LESSER = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",  # the mode does not set it
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENBLAS_NUM_THREADS": "3",
}
Digests = dict[str, str]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a process in which nothing is pinned."""
    kept = {name: value for name, value in os.environ.items() if name not in {*portable.PINS, portable.RESTARTED}}
    return kept | {"PYTHONPATH": str(ROOT)} | changes


@pytest.fixture(scope="module")
def run_chain(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Digests]]:
    """Return a function that runs a chain on this processor and on a lesser one, and returns digests of its files."""

    def start(folder: Path, processor: Mapping[str, str], *, on: bool) -> "subprocess.Popen[bytes]":
        choose(folder, {**SETTINGS, "compute.portable": on})
        # Wide enough for the code that libraries have for more than a few numbers.
        sizes: dict[str, Any] = {"hidden_size": 96, "num_attention_heads": 4, "intermediate_size": 192}
        write_encoder(folder / paths.encoder("all-minilm-l6-v2"), **sizes)
        rows: dict[str, list[Any]] = {
            "id": [str(number) for number in range(len(TEXTS))],
            "text": TEXTS,
            "label": [("negative", "positive")[one] for one in CLASSES],
            "score": [2.0 * one - 1 for one in CLASSES],
            "group": [""] * len(TEXTS),
            "position": [0] * len(TEXTS),
        }
        for split in ("train", "validation", "test"):
            with write_table(folder / paths.corpus("opinion") / f"{split}.parquet", CORPUS) as append:
                append(rows)
        command = [sys.executable, "-c", CHAIN]
        return subprocess.Popen(command, cwd=folder, env=environment(**processor), stderr=subprocess.PIPE)

    def run(*, on: bool) -> list[Digests]:
        folders = [tmp_path_factory.mktemp("chain") for _ in range(2)]
        both = [start(folder, one, on=on) for folder, one in zip(folders, ({}, LESSER), strict=True)]
        for one in both:
            errors = one.communicate()[1].decode()
            assert one.returncode == 0, errors
            assert ("compute.portable: starting again with" in errors) == on
        return [digests(folder / paths.DATA) for folder in folders]

    return run


def digests(folder: Path) -> Digests:
    found = {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}
    assert len(found) > 20
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


@needs_avx2
def test_a_portable_chain_gives_the_same_bytes_where_libraries_would_choose_other_code(
    run_chain: Callable[..., list[Digests]],
) -> None:
    here, there = run_chain(on=True)
    assert here == there


@needs_avx2
def test_without_the_mode_other_code_gives_other_bytes(run_chain: Callable[..., list[Digests]]) -> None:
    """If it did not, the test above would show nothing."""
    here, there = run_chain(on=False)
    different = {name for name in here if here[name] != there[name]}
    expected = {
        "embeddings/opinion/train.parquet",
        "models/opinion/transformer/model.safetensors",
        "numpy.npy",
        "scipy.npy",
    }
    assert expected <= different


PROGRAM = """
import os, sys
{before}
from decortique.core.command import run
from decortique.core.settings import Compute

def stage(task: str, times: int = 1) -> None:
    '''Says where it is.'''
    print(os.getpid(), sys.executable, task, times, *(os.environ.get(name) for name in {names}))

run(stage, compute=lambda: Compute(threads=1, device="cpu", batch_size=8, portable={on}))
"""


def run_stage(*arguments: str, before: str = "", on: bool = True, **changes: str) -> tuple[int, list[str], str]:
    """Return the exit code of a small stage, what it says without its process id, and its standard error."""
    program = PROGRAM.format(before=before, names=[*portable.PINS, "WORLD_SIZE"], on=on)
    command = [sys.executable, "-X", "utf8", "-c", program, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**changes), text=True
    ) as process:
        output, errors = process.communicate()
    said = output.split()
    assert not said or said[0] == str(process.pid)  # a launcher, or DVC, waits for this very process
    return process.returncode, said[1:], errors


@needs_avx2
def test_a_portable_stage_starts_again_as_it_was_started_with_its_libraries_pinned() -> None:
    code, said, errors = run_stage("opinion", "--times", "3", WORLD_SIZE="4")
    assert (code, said) == (0, [sys.executable, "opinion", "3", *" ".join(portable.PINS.values()).split(), "4"])
    assert errors.count("\n") == 1
    assert errors.startswith("INFO compute.portable: starting again with ATEN_CPU_CAPABILITY=avx2 ")


def test_a_stage_that_is_not_portable_runs_as_it_is() -> None:
    assert run_stage("opinion", on=False) == (
        0,
        [sys.executable, "opinion", "1", *["None"] * (len(portable.PINS) + 1)],
        "",
    )


@needs_avx2
def test_a_portable_stage_of_a_pinned_environment_runs_at_once() -> None:
    pins: dict[str, Any] = {**portable.PINS}
    code, _, errors = run_stage("opinion", **pins)
    assert (code, errors) == (0, "")


@needs_avx2
def test_a_variable_that_does_not_stay_set_ends_in_one_line_and_no_endless_restart() -> None:
    code, said, errors = run_stage("opinion", before="os.environ['MKL_CBWR'] = 'AUTO'")
    assert (code, said) == (1, [])
    assert errors.splitlines()[1] == (
        "ERROR compute.portable: Python's start-up files set MKL_CBWR: remove that, or set it to false"
    )


def test_wrong_arguments_are_refused_before_anything_starts_again() -> None:
    code, _, errors = run_stage()
    assert code == 2
    assert "Usage:" in errors
    assert "starting again" not in errors


@pytest.mark.parametrize("content", ["flags : fpu sse2 avx fma", "Features : fp asimd", None])
def test_a_machine_that_cannot_says_so(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processors = tmp_path / "cpuinfo"
    if content:
        processors.write_text(content)
    monkeypatch.setattr(portable, "PROCESSORS", processors)
    with pytest.raises(StageError, match="needs Linux on an x86-64 processor with AVX2 and FMA"):
        portable.pin_libraries()


def test_a_device_that_cannot_be_pinned_is_refused(written: Written) -> None:  # noqa: F811
    told = complaint(written({"compute/portable": True, "compute/device": "auto"}))
    assert told == "params.yaml: compute.device: must be cpu where compute.portable is true (got 'auto')"


@pytest.mark.parametrize(("changes", "works"), [({}, True), ({"optim": "nadam"}, False)])
def test_an_optimizer_that_cannot_be_pinned_is_refused(
    encoder: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], *, works: bool
) -> None:
    from decortique.models.training import new_optimizer
    from tests.models.made_transformer import headed, training

    for name, value in portable.PINS.items():
        monkeypatch.setenv(name, value)
    model, settings = headed(encoder), training(**changes)
    if works:
        assert new_optimizer(model, settings)
    else:
        with pytest.raises(StageError, match="nadam is not for"):
            new_optimizer(model, settings)


# Stages whose bytes do not depend on the order of sums, though a library that computes can be reached from them.
WITHOUT_SUMS = {"download", "off_the_shelf", "prepare", "report", "tokenize"}


def test_every_stage_that_computes_is_portable_and_runs_again_when_that_is_changed() -> None:
    code = Code.read(ROOT)
    libraries = ("gensim==", "numpy==", "onnxruntime==", "scikit-learn==", "scipy==", "torch==")
    computing = {
        name
        for name in code.stages()
        if any(line.startswith(libraries) for line in code.fingerprint(name).splitlines())
    } - WITHOUT_SUMS
    assert computing == {name for name in code.stages() if _passes_compute(ROOT / "stages" / f"{name}.py")}
    for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items():
        described = stage.get("do", stage)
        tracked = {"compute", "compute.portable"} & {one for one in described.get("params", []) if isinstance(one, str)}
        assert bool(tracked) == any(f"stages.{one}" in described["cmd"].split() for one in computing), name


def _passes_compute(path: Path) -> bool:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    (call,) = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "run"]
    return [ast.unparse(one) for one in call.keywords] == ["compute=Compute.load"]
