"""What counts as a stage's code: too little, and a change goes unnoticed; too much, and everything runs again."""

from pathlib import Path

import pytest

from tools.code_dependencies import code_dependencies, module_of, updated


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project: one stage, two packages."""
    files = {
        "stages/__init__.py": '"""Stages."""\n',
        "stages/cook.py": "import os\nfrom stages.tools.knife import cut\nfrom stages.food import bread\n",
        "stages/tools/__init__.py": '"""Tools."""\n',
        "stages/tools/knife.py": "def cut():\n    from stages.tools.steel import sharpen\n",
        "stages/tools/steel.py": "",
        "stages/tools/spoon.py": "",
        "stages/food/__init__.py": "SALT = 1\n",
        "stages/food/bread.py": "",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_imports_are_followed_into_functions_and_whole_packages_are_one_path(tree: Path) -> None:
    assert code_dependencies("cook", tree) == [
        "stages/cook.py",
        "stages/food",
        "stages/tools/knife.py",
        "stages/tools/steel.py",
    ]


def test_data_dependencies_are_left_alone(tree: Path) -> None:
    chain = {"stages": {"cook": {"cmd": "python -m stages.cook", "deps": ["data/flour", "stages/gone.py"]}}}
    assert updated(chain, tree)
    assert chain["stages"]["cook"]["deps"][0] == "data/flour"
    assert "stages/gone.py" not in chain["stages"]["cook"]["deps"]
    assert not updated(chain, tree)


def test_a_stage_of_many_has_the_code_of_the_module_that_it_runs(tree: Path) -> None:
    """Two stages may run one module, and one may be made for each of a list."""
    one = {"cmd": "accelerate launch -m stages.cook ${item} --twice", "deps": ["data/flour"]}
    chain = {
        "stages": {"supper": {"matrix": {"item": ["a"]}, **one}, "rounds": {"foreach": "${rounds}", "do": {**one}}}
    }
    chain["stages"]["rounds"]["do"]["deps"] = ["data/flour"]  # type: ignore[index]
    assert updated(chain, tree)
    expected = ["data/flour", *code_dependencies("cook", tree)]
    assert chain["stages"]["supper"]["deps"] == expected
    assert chain["stages"]["rounds"]["do"]["deps"] == expected  # type: ignore[index]


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("python -m stages.decide --task opinion", "decide"),
        ("${launcher} -m stages.distill opinion again", "distill"),
        ("accelerate launch --num_processes 4 -m stages.finetune opinion", "finetune"),
    ],
)
def test_the_module_of_a_stage_is_the_one_its_command_runs(command: str, module: str) -> None:
    assert module_of(command) == module
