"""Test that `why` names what changed when a stage runs again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.core.fingerprints import FOLDER
from decortique.core.source import FingerprintError
from decortique.core.why import why

ROOT = Path(__file__).parents[2]
FILES = {
    "dvc.yaml": """\
stages:
  code:
    cmd: python -m stages.code
    deps: [decortique, requirements.lock, stages]
    outs: [data/code]
  cook:
    matrix: {meal: [lunch, supper]}
    cmd: python -m stages.cook ${item.meal}
    params: [salt, 'menus/french.yaml': [courses]]
    deps: [data/code/cook.txt, market.txt]
    outs: ['data/meals/${item.meal}']
  eat:
    cmd: python -m stages.eat
    deps: [data/code/eat.txt, data/meals]
    outs: [data/rest]
""",
    "params.yaml": "salt: 1\n",
    "menus/french.yaml": "courses: {first: {name: soup, grams: 200}, last: cheese}\n",
    "market.txt": "leeks\n",
    "requirements.lock": "numpy==1.0\nPyYAML==6.0\nruamel.yaml==0.19.1\n",
    ".dvcignore": "__pycache__/\n",
    "decortique/core/knife.py": "import yaml\nSHARP = 1\n",
    "stages/code.py": """\
from pathlib import Path

from decortique.core.fingerprints import FOLDER, Code

if __name__ == "__main__":
    FOLDER.mkdir(parents=True)
    for stage, text in Code.read(Path()).fingerprints().items():
        (FOLDER / f"{stage}.txt").write_text(text)
""",
    "stages/cook.py": """\
import sys
from pathlib import Path

from decortique.core import knife

if __name__ == "__main__":
    Path("data/meals").mkdir(parents=True, exist_ok=True)
    Path("data/meals", sys.argv[1]).write_text("meal")
""",
    "stages/eat.py": """\
from pathlib import Path

if __name__ == "__main__":
    Path("data/rest").write_text("crumbs")
""",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a small project and run it once."""
    folder = tmp_path_factory.mktemp("made")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for name in ("__init__.py", "core/__init__.py", "core/source.py", "core/fingerprints.py"):
        shutil.copy(ROOT / "decortique" / name, folder / "decortique" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("notes")))
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        run(folder, "git", "init", "--quiet")
        run(folder, "dvc", "init", "--quiet")
        run(folder, "dvc", "repro", "--quiet")
        yield folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the project, for a test to change."""
    folder = tmp_path / "project"
    shutil.copytree(made, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def edit(path: str, before: str, after: str) -> None:
    text = Path(path).read_text()
    assert before in text
    Path(path).write_text(text.replace(before, after))


def explanation(*names: str) -> list[str]:
    return list(why(names, Path()))


def reasons(stage: str) -> list[str]:
    """Return the explanation of one stage, without its heading."""
    first, *lines = explanation(stage)
    assert first == f"{stage} will run again:"
    return [line.strip() for line in lines if line.startswith(" ")]


def test_nothing_to_do_is_reported_in_one_line(project: Path) -> None:
    assert explanation() == ["nothing to do: code, parameters, inputs and outputs are those of the last run"]


def test_a_comment_concerns_the_fingerprints_only(project: Path) -> None:
    edit("decortique/core/knife.py", "SHARP = 1", "SHARP = 1  # very")
    assert explanation() == [
        "code will run again:",
        "  input: decortique changed since the last run",
        "  it changes the code of: no stage",
    ]
    assert explanation("cook") == ["nothing to do: code, parameters, inputs and outputs are those of the last run"]
    assert "Running stage 'cook" not in run(project, "dvc", "repro")
    assert explanation() == ["nothing to do: code, parameters, inputs and outputs are those of the last run"]


def test_changed_modules_are_named_and_the_single_item_trap_is_explained(project: Path) -> None:
    edit("decortique/core/knife.py", "SHARP = 1", "SHARP = 2")
    edit("stages/cook.py", "from decortique.core import knife", "from decortique.core import knife, fork")
    Path("decortique/core/fork.py").write_text("TINES = 4\n")
    lines = explanation()
    assert lines[:3] == [
        "code will run again:",
        "  input: decortique changed since the last run",
        "  input: stages changed since the last run",
    ]
    assert lines[3] == "  it changes the code of: cook@lunch, cook@supper"
    changes = [
        "code: decortique/core/fork.py is used now",
        "code: decortique/core/knife.py changed",
        "code: stages/cook.py changed",
    ]
    assert reasons("cook@lunch") == reasons("cook@supper") == changes
    assert "eat may run again:" in lines
    assert "  input: data/meals is made by cook@lunch, cook@supper" in lines
    trap = "data/code is older than the code: "
    assert lines[-1].startswith(trap)
    assert "Running stage" not in run(project, "dvc", "repro", "--single-item", "cook@lunch")
    run(project, "dvc", "repro", "code")
    assert reasons("cook@lunch") == changes
    assert not explanation()[-1].startswith(trap)
    assert "Running stage 'cook@lunch'" in run(project, "dvc", "repro", "--single-item", "cook@lunch")


def test_a_module_no_longer_used_and_an_upgrade_are_named(project: Path) -> None:
    edit("requirements.lock", "PyYAML==6.0", "PyYAML==6.1")
    edit("requirements.lock", "numpy==1.0", "numpy==2.0")
    assert reasons("cook@lunch") == ["version: pyyaml 6.0 → 6.1"]
    edit("stages/cook.py", "from decortique.core import knife", "import numpy")
    assert reasons("cook@lunch") == [
        "code: decortique/core/knife.py is used no more",
        "code: stages/cook.py changed",
        "version: numpy not used → 2.0",
        "version: pyyaml 6.0 → not used",
    ]


def test_changed_parameters_are_shown_with_their_values_and_their_file(project: Path) -> None:
    edit("params.yaml", "salt: 1", "salt: [2, three]")
    edit("menus/french.yaml", "grams: 200", "grams: 300")
    edit("menus/french.yaml", "last: cheese", "sweet: tart")
    assert reasons("cook@lunch") == [
        'parameter: salt 1 → [2, "three"] (params.yaml)',
        "parameter: courses.first.grams 200 → 300 (menus/french.yaml)",
        "parameter: courses.last cheese → (none) (menus/french.yaml)",
        "parameter: courses.sweet (none) → tart (menus/french.yaml)",
    ]


def test_changed_inputs_commands_or_outputs_and_new_stages_are_reported(project: Path) -> None:
    edit("market.txt", "leeks", "beans")
    edit("dvc.yaml", "stages.cook ${item.meal}", "stages.cook ${item.meal} slowly")
    edit("dvc.yaml", "[lunch, supper]", "[lunch, supper, breakfast]")
    Path("data/meals/lunch").unlink()
    Path("data/rest").write_text("nothing")
    assert reasons("cook@lunch") == [
        "command: python -m stages.cook lunch → python -m stages.cook lunch slowly",
        "input: market.txt changed since the last run",
        "output: data/meals/lunch is missing",
    ]
    assert reasons("cook@breakfast") == ["it never ran"]
    assert reasons("eat") == [
        "output: data/rest was changed since the last run",
        "input: data/meals is made by cook@lunch, cook@supper, cook@breakfast",
    ]


def test_a_name_means_all_of_its_kind(project: Path) -> None:
    edit("params.yaml", "salt: 1", "salt: 2")
    assert [line for line in explanation("cook") if not line.startswith(" ")] == [
        "cook@lunch will run again:",
        "cook@supper will run again:",
    ]


def test_a_clone_without_the_cache_shows_how_to_get_the_old_fingerprint(project: Path) -> None:
    edit("decortique/core/knife.py", "SHARP = 1", "SHARP = 2")
    shutil.rmtree(project / FOLDER)
    shutil.rmtree(project / ".dvc/cache")
    (code,) = (line for line in reasons("cook@lunch") if line.startswith("code:"))
    assert "dvc fetch" in code
    assert "data/code is older than the code" in explanation("cook@lunch")[-1]


def test_user_errors_are_reported_in_one_line(project: Path) -> None:
    with pytest.raises(StageError, match=r"^there is no stage 'cok' in dvc.yaml \(there are: code, cook, eat\)$"):
        explanation("cok")
    edit("stages/eat.py", "from pathlib", "exec(text)\nfrom pathlib")
    with pytest.raises(FingerprintError, match=r"^stages/eat\.py:1: "):
        explanation()


def test_the_command_explains_or_reports_what_is_wrong(project: Path, tmp_path: Path) -> None:
    def ask(*arguments: str, folder: Path = project) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-m", "decortique", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    edit("params.yaml", "salt: 1", "salt: 2")
    answer = ask("why", "cook")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "parameter: salt 1 → 2 (params.yaml)" in answer.stdout
    outside = ask("why", folder=tmp_path)
    assert outside.returncode == 1
    assert outside.stderr == "ERROR this folder is in no DVC project: run the command from the project's root folder\n"
    assert "why" in ask("--help").stdout
    assert "run again" in ask("why", "--help").stdout
