"""What the README promises: its commands run, its numbers are those of metrics/."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.settings.distill import Students
from stages.settings.languages import LanguageSection
from stages.settings.section import read_yaml
from tests.pipeline.conftest import ROOT, Clone
from tools.readme_results import PAGES, updated

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ").split("  #")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.mark.parametrize("page", PAGES)
def test_the_results_in_a_page_are_those_of_the_committed_metrics(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert updated(text, PAGES[page]) == text, "run `make readme`"


def test_every_parameter_that_the_readme_varies_exists() -> None:
    varied = re.findall(r"-S ['\"]?([a-z_0-9.-]+)=", README)
    assert len(varied) > 8
    for name in varied:
        content = read_yaml(ROOT / "params.yaml")
        for part in name.split("."):
            assert part in content, name
            content = content[part]


def test_students_and_rounds_of_the_page_on_distillation_are_understood(tmp_path: Path) -> None:
    page = (ROOT / "docs/distillation.md").read_text(encoding="utf-8")
    blocks = [YAML(typ="safe", pure=True).load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert {section for block in blocks for section in block} == {"students", "rounds"}
    params = read_yaml(ROOT / "params.yaml")
    for block in blocks:
        for section, described in block.items():
            params[section] = {**params[section], **described}
    YAML().dump(params, tmp_path / "params.yaml")
    assert {"mine", "from-afar"} < Students.load(tmp_path / "params.yaml").root.keys()


def test_the_language_of_the_page_on_representations_is_understood(tmp_path: Path) -> None:
    page = (ROOT / "docs/representations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    described = YAML(typ="safe", pure=True).load(block)
    params = read_yaml(ROOT / "params.yaml")
    params["language"] |= described["language"]
    params["languages"] = described["languages"]
    params["task"]["opinion"]["language"] = "de"
    YAML().dump(params, tmp_path / "params.yaml")
    assert LanguageSection.load(tmp_path / "params.yaml").one("de").vectors["german"].format == "word2vec"


def test_every_picture_and_file_that_the_readme_shows_exists() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize(
    "command",
    [c for c in COMMANDS if c.startswith(("python -m stages.", "dvc metrics diff", "dvc exp show"))],
)
def test_a_command_of_the_readme_runs(chain: Clone, command: str) -> None:
    (chain.folder / "my.txt").write_text("The film is slow. The film is too long. I liked the music a lot.\n")
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    assert chain.run(*shlex.split(command)).stderr.count("ERROR") == 0


def test_the_python_of_the_readme_runs(rehearsed: Clone) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "Warning" not in rehearsed.run(sys.executable, "-W", "error", "-c", block).stderr


def test_the_readme_names_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE))  # in code: prose may "make a" thing
    assert {"repro", "test", "check"} <= targets
    for target in targets:
        assert f"\n{target}:" in makefile, target
