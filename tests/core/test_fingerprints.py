"""A stage runs again if its code changed, and only then: which code that is."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib import metadata
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from decortique.core.fingerprints import FOLDER, PACKAGES, PINS, Code
from decortique.core.source import FingerprintError

ROOT = Path(__file__).parents[2]
PROJECT = {
    "stages/__init__.py": '"""Nothing but a docstring."""',
    "stages/food/__init__.py": "SALT = 1",
    "stages/food/bread.py": "x = 1",
    "stages/knife.py": "from .steel import x",
    "stages/steel.py": "x = 1",
    "stages/other.py": "x = 1",
    "stages/more.py": "x = 1",
}
DECLARED = re.compile(r"(?<!`)# imports: ([\w., ]+)")
MAIN = 'if __name__ == "__main__":\n    pass\n'


def code(files: Mapping[str, str], **pins: str) -> Code:
    return Code({path: content.encode() for path, content in files.items()}, pins)


def names(fingerprint: str) -> list[str]:
    """Return what a fingerprint names, without hashes and versions."""
    return [re.split(" |==", line)[0] for line in fingerprint.splitlines()]


def of_one(source: str) -> list[str]:
    """Return what the fingerprint of a stage with the code `source` names, in a small project."""
    return names(code({**PROJECT, "stages/one.py": source}, numpy="1", **{"scikit-learn": "2"}).fingerprint("one"))


@pytest.fixture(scope="module")
def real() -> Code:
    return Code.read(ROOT)


@pytest.fixture(scope="module")
def fingerprints(real: Code) -> dict[str, str]:
    return real.fingerprints()


@pytest.fixture(scope="module")
def reach(real: Code, fingerprints: dict[str, str]) -> dict[str, set[str]]:
    """Return the files that each stage can import: by bytecode, as the standard library reads it, and by comments."""
    reached = {}
    for stage in fingerprints:
        finder = ModuleFinder(path=[str(ROOT)])
        waiting = {f"stages.{stage}"}
        while waiting:
            for name in waiting:
                finder.import_hook(name)
            files = {str(vars(module)["__file__"]) for module in finder.modules.values()}
            own = {str(Path(file).relative_to(ROOT)) for file in files if file.startswith(str(ROOT))}
            declared = {
                name
                for file in own
                for line in DECLARED.findall(real.files[file].decode())
                for name in line.split(", ")
            }
            waiting = declared & real.modules.keys() - finder.modules.keys()
        reached[stage] = own
    return reached


def test_only_stages_that_can_reach_a_changed_module_run_again(
    real: Code, fingerprints: dict[str, str], reach: dict[str, set[str]]
) -> None:
    wrong = []
    for path in real.modules.values():
        changed = Code({**real.files, path: real.files[path] + b"\nCHANGED = 1\n"}, real.pins).fingerprints()
        again = {stage for stage, fingerprint in changed.items() if fingerprint != fingerprints[stage]}
        if again != {stage for stage, files in reach.items() if path in files}:
            wrong.append(path)
    assert wrong == []


def test_an_upgrade_reruns_only_the_stages_that_use_the_package(
    real: Code, fingerprints: dict[str, str], reach: dict[str, set[str]]
) -> None:
    modules = {
        "scikit-learn": "sklearn",
        "torch": "torch",
        "jinja2": "jinja2",
        "pyarrow": "pyarrow",
        "gensim": "gensim",
    }
    for distribution, module in modules.items():
        changed = Code(real.files, {**real.pins, distribution: "99"}).fingerprints()
        again = {stage for stage, fingerprint in changed.items() if fingerprint != fingerprints[stage]}
        line = re.compile(rf"^ *(from|import) {module}\b".encode(), re.MULTILINE)
        users = {stage for stage, files in reach.items() if any(line.search(real.files[path]) for path in files)}
        assert again == users
        assert again


def test_every_package_that_the_code_imports_is_declared(real: Code) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=]", one)[0].lower().replace("_", "-") for one in declared}
    provided = metadata.packages_distributions()
    for module in real.modules:
        for top in real.imports(module)[1]:
            assert {one.lower().replace("_", "-") for one in provided[top]} & names, f"{module} imports {top}"


def test_a_changed_template_reruns_stages_that_import_a_module_beside_it(
    real: Code, fingerprints: dict[str, str], reach: dict[str, set[str]]
) -> None:
    (template,) = (path for path in real.files if path.endswith("page.html.j2"))
    changed = Code({**real.files, template: real.files[template] + b" "}, real.pins).fingerprints()
    again = {stage for stage in changed if changed[stage] != fingerprints[stage]}
    assert again == {
        stage for stage, files in reach.items() if Path(template).parent in {Path(f).parent for f in files}
    }
    assert "report" in again


def test_reformatting_the_whole_code_reruns_nothing(tmp_path: Path, fingerprints: dict[str, str]) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / PINS, tmp_path)
    style = "line-length = 40\ntarget-version = 'py311'\n[format]\nquote-style = 'single'\nindent-style = 'tab'\n"
    (tmp_path / "ruff.toml").write_text(style)
    before = Code.read(tmp_path).files
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", "."], cwd=tmp_path, check=True)
    after = Code.read(tmp_path)
    assert sum(before[path] != after.files[path] for path in before) > len(before) / 2
    assert after.fingerprints() == fingerprints


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import stages.food.bread", ["stages/food/__init__.py", "stages/food/bread.py"]),
        ("import stages.food.bread as b", ["stages/food/__init__.py", "stages/food/bread.py"]),
        ("from stages.food import bread", ["stages/food/__init__.py", "stages/food/bread.py"]),
        ("from stages.food.bread import crust", ["stages/food/__init__.py", "stages/food/bread.py"]),
        ("from stages.food import SALT", ["stages/food/__init__.py"]),
        ("from .food import bread", ["stages/food/__init__.py", "stages/food/bread.py"]),
        ("from . import knife", ["stages/knife.py", "stages/steel.py"]),
        ("def cut():\n    from stages import knife", ["stages/knife.py", "stages/steel.py"]),
        ("try:\n    import stages.knife\nexcept ImportError: ...", ["stages/knife.py", "stages/steel.py"]),
        ("run([python, '-m', 'stages.knife'])", ["stages/knife.py", "stages/steel.py"]),
        ("read(files('stages.food'), 'salt.txt')", ["stages/food/__init__.py"]),
        ("import json, os.path", []),
        ("import numpy.linalg", ["numpy"]),
        ("from sklearn.svm import SVC", ["scikit-learn"]),
    ],
)
def test_every_way_to_import_counts(source: str, expected: list[str]) -> None:
    assert of_one(source) == sorted([*expected, "stages/one.py"])


def test_files_beside_modules_count_by_their_bytes_for_their_importers() -> None:
    files = {
        "stages/__init__.py": "",
        "stages/one.py": "import decortique.words.lists",
        "stages/two.py": "x = 1",
        "decortique/words/lists.py": "x = 1",
        "decortique/words/stop/french.txt": "le",
    }
    before, after = code(files), code({**files, "decortique/words/stop/french.txt": "le "})
    assert before.fingerprint("one") != after.fingerprint("one")
    assert before.fingerprint("two") == after.fingerprint("two")


def test_a_stage_is_a_script_directly_in_its_folder() -> None:
    scripts = {
        "stages/one.py": MAIN,
        "decortique/core/files.py": "x = 1",
        "stages/food/bread.py": MAIN,
        "decortique/x.py": MAIN,
    }
    assert code(scripts).stages() == ["one"]


COMPUTED = [
    ("import importlib\nimportlib.import_module(name)", 2, "importlib.import_module"),
    ("from importlib import import_module as load\nload('stages.other')", 2, "importlib.import_module"),
    ("from importlib import import_module\nlist(map(import_module, found))", 2, "importlib.import_module"),
    ("import importlib as i\nx = [i.util.spec_from_file_location(a, b)]", 2, "importlib.util.spec_from_file_location"),
    ("import pkgutil\nfor x in pkgutil.walk_packages(p):\n    pass", 2, "pkgutil.walk_packages"),
    ("import runpy\nrunpy.run_module(name)", 2, "runpy.run_module"),
    ("def f():\n    __import__(name)", 2, "__import__"),
    ("eval(text)", 1, "eval"),
    ("exec(text)", 1, "exec"),
    ("from stages import other\ngetattr(other, name)", 2, "getattr(other, …)"),
    ("import stages.other as o\ngetattr(o, name)(1)", 2, "getattr(o, …)"),
    ("import torch\ngetattr(torch.optim, name)", 2, "getattr(torch.optim, …)"),
    ("from torch import optim\n@getattr(optim, name)\ndef f(): g()", 2, "getattr(optim, …)"),
    ("from stages.other import *", 1, "import *"),
]


@pytest.mark.parametrize(("source", "line", "what"), COMPUTED)
def test_an_import_that_cannot_be_read_from_the_code_is_refused(source: str, line: int, what: str) -> None:
    with pytest.raises(FingerprintError) as caught:
        of_one(source)
    message = str(caught.value)
    assert message.startswith(f"stages/one.py:{line}: what `{what}` imports cannot be read from the code:")
    assert "# imports: " in message
    assert "\n" not in message


@pytest.mark.parametrize(("source", "line", "what"), COMPUTED)
def test_an_import_that_a_comment_declares_is_accepted(source: str, line: int, what: str) -> None:
    own = ["torch"] if "torch" in source else ["stages/other.py"] if "other" in source else []
    lines = source.splitlines()
    indent = re.match(" *", lines[line - 1])
    assert indent
    beside, above = [*lines], [*lines]
    beside[line - 1] += "  # imports: stages.more, numpy (both are used)"
    above.insert(line - 1, f"{indent[0]}# imports: nothing (for a reason)")

    def fingerprinted(written: list[str]) -> list[str]:
        files = {**PROJECT, "stages/one.py": "\n".join(written)}
        return names(code(files, numpy="1", torch="2").fingerprint("one"))

    assert fingerprinted(beside) == sorted([*own, "numpy", "stages/more.py", "stages/one.py"])
    assert fingerprinted(above) == sorted([*own, "stages/one.py"])


@pytest.mark.parametrize(
    "source",
    [
        "exec(a)  # imports: nothing",
        "exec(a)  # imports:",
        "exec(a)  # imports: stages.other and numpy",
        "exec(a)  # imports: stages.gone",
        "x = '# imports: nothing (no comment)'; exec(a)",
        "x = 1  # imports: nothing (of another statement)\nexec(a)",
        "if x:  # imports: nothing (of another statement)\n    exec(a)",
        "exec(a)\n# imports: nothing (too late)",
    ],
)
def test_an_empty_or_misplaced_declaration_is_refused(source: str) -> None:
    with pytest.raises(FingerprintError, match=r"^stages/one\.py:[12]: "):
        of_one(source)


def test_a_declaration_covers_a_statement_of_several_lines() -> None:
    assert of_one("x = [\n    eval(a),\n]  # imports: nothing (a sum)") == ["stages/one.py"]
    assert of_one("with f(\n    eval(a)\n):  # imports: nothing (a sum)\n    pass") == ["stages/one.py"]


@pytest.mark.parametrize(
    "source",
    [
        "getattr(thing, name)",
        "from stages import other\ngetattr(other, 'x')",
        "from stages.other import Thing\ngetattr(Thing, name)",
        "from stages.other import things\ngetattr(things, name)",
        "import os\ngetattr(os, name)",
        "model.eval()",
        "import importlib.metadata\nimportlib.metadata.version('x')",
    ],
)
def test_code_that_imports_nothing_needs_no_declaration(source: str) -> None:
    assert "stages/one.py" in of_one(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch", "stages/one.py: imports torch of torch, which requirements.lock does not pin: name it in"),
        ("import no_such_module", "stages/one.py: imports no_such_module, which no installed distribution provides"),
        ("import stages.gone", "stages/one.py:1: imports stages.gone, which does not exist"),
        ("x = 1\nfrom .gone import y", "stages/one.py:2: imports stages.gone, which does not exist"),
        ("from ... import y", "stages/one.py:1: imports from above its top-level package"),
        ("import", "stages/one.py:1: is not Python: "),
    ],
)
def test_an_import_whose_change_would_go_unseen_is_refused(source: str, message: str) -> None:
    with pytest.raises(FingerprintError) as caught:
        of_one(source)
    assert str(caught.value).startswith(message)


def test_a_package_of_several_distributions_or_of_another_spelling_is_pinned(tmp_path: Path) -> None:
    for name in PACKAGES:
        (tmp_path / name).mkdir()
    (tmp_path / "stages" / "one.py").write_text("import ruamel.yaml, jinja2")
    (tmp_path / PINS).write_text("# pins\nJinja2==3 # a reason\nruamel.yaml==1\nruamel_yaml_clib==2\n")
    assert Code.read(tmp_path).fingerprint("one").splitlines()[:3] == [
        "jinja2==3",
        "ruamel-yaml-clib==2",
        "ruamel-yaml==1",
    ]


def test_the_stage_writes_a_fingerprint_per_stage_or_changes_nothing(tmp_path: Path) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / PINS, tmp_path)
    command = [sys.executable, "-B", "-m", "stages.code"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    written = {path.stem: path.read_text() for path in (tmp_path / FOLDER).iterdir()}
    assert written.items() >= Code.read(tmp_path).fingerprints().items()
    assert "code" in written

    (tmp_path / "stages" / "one.py").write_text(f"exec(text)\n{MAIN}")
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("ERROR stages/one.py:1: what `exec` imports")
    assert failed.stderr.count("\n") == 1
    assert {path.stem: path.read_text() for path in (tmp_path / FOLDER).iterdir()} == written
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["code"]
