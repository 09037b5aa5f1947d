"""What the README promises: its commands run, its numbers are those that were measured."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from decortique.core import paths
from decortique.core.findings import markdown
from decortique.core.settings import read_yaml
from decortique.data.settings import LanguageSection
from decortique.distillation.settings import Rounds
from experiments.clone import choose
from tests.pipeline.conftest import ROOT, Clone
from tests.pipeline.test_own_corpus import described_in
from tools.chain import drawing
from tools.pages import MARKERS
from tools.readme_results import PICTURES, START, pages, pictures_of, plotted, updated

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in pages(ROOT)}
ALL = "".join(PAGES.values())
COMMANDS = [
    line.removeprefix("$ ").split("  #")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


measured = pytest.mark.skipif(
    not (ROOT / paths.DATA / "results").exists(), reason="data/results is not in this checkout: run `dvc checkout`"
)


@pytest.mark.parametrize("task", ["opinion", "author"])
def test_the_tables_of_the_readme_show_the_committed_headline_numbers(task: str) -> None:
    headlines = json.loads((ROOT / paths.metrics("evaluate", task)).read_text(encoding="utf-8"))
    section = ALL.split(f"<!-- {task}: written")[1].split(f"<!-- end of {task}")[0]
    shown = cells(section)
    compared = 0
    for approach, numbers in headlines.items():
        for name, number in numbers.items():
            if name == "validation":
                continue  # the tables are of the test set
            if name.endswith("_spearman"):
                assert f" {number:.3f} [" in section, name
                continue
            # Three decimals of the value beside four: half of the last one, and the rounding of the other.
            column = name.removeprefix("accuracy_")
            assert shown[approach, column] == pytest.approx(number, abs=0.00056), (
                f"{approach}.{name}: run `make readme`"
            )
            compared += 1
    assert compared >= 6


def cells(markdown: str) -> dict[tuple[str, str], float]:
    """Return the numbers with which cells of tables begin, by row and column."""
    found, heading = dict[tuple[str, str], float](), list[str]()
    for line in markdown.splitlines():
        row = [cell.strip() for cell in line.removeprefix("|").split("|")]
        heading = (heading or row) if line.startswith("|") else []
        for column, cell in zip(heading, row, strict=False):
            if number := re.match(r"(?:\*\*)?(-?\d+\.\d+)", cell):
                found[row[0], column] = float(number.group(1))
    return found


@measured
@pytest.mark.parametrize("page", PAGES)
def test_the_results_in_a_page_are_those_that_were_measured(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert updated(PAGES[page]) == PAGES[page], "run `make readme`"


@measured
@pytest.mark.parametrize("page", PAGES)
def test_the_pictures_in_a_page_are_those_that_were_drawn(page: str) -> None:
    for picture in pictures_of(PAGES[page]):
        assert (ROOT / PICTURES / picture).read_bytes() == (ROOT / plotted(picture)).read_bytes(), "run `make readme`"


def test_every_result_that_can_be_written_has_its_place_on_a_page() -> None:
    assert set(START.findall(ALL)) == set(MARKERS)


def test_every_stage_is_in_the_drawing_of_the_chain_or_named_below_it() -> None:
    text = ALL.split("<!-- chain: written")[1].split("<!-- end of chain")[0]
    drawing, below = text.split("```mermaid\n")[1].split("```")
    drawn = set(re.findall(r"\w+", drawing)) - {"flowchart", "LR"}
    named = set(re.findall(r"`(\w+)`", below))
    assert drawn | named == set(read_yaml(ROOT / "dvc.yaml")["stages"])
    assert "code" in named - drawn


def test_the_drawing_is_that_of_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "\n".join(markdown(drawing())) in ALL, "run `make readme`"


def test_no_picture_lies_unused_in_the_repository() -> None:
    shown = set(pictures_of(ALL))
    assert shown == {path.name for path in (ROOT / PICTURES).iterdir()}


def test_every_parameter_that_the_pages_vary_exists() -> None:
    varied = re.findall(r"-S ['\"]?([a-z_0-9./:-]+)=", ALL)
    assert len(varied) > 8
    assert sum(":" in name for name in varied) > 3
    for name in varied:
        file, _, key = name.rpartition(":")
        content = read_yaml(ROOT / (file or "params.yaml"))
        for part in key.split("."):
            assert part in content, name
            content = content[part]


def test_students_and_rounds_of_the_page_on_distillation_are_understood(tmp_path: Path) -> None:
    files = [f"catalogue/students/{name}.yaml" for name in ("mine", "from-afar")]
    entries = {f"{file}:": described_in("docs/distillation.md", file) for file in files}
    choose(tmp_path, {**entries, **described_in("docs/distillation.md", "params.yaml"), "distill.students": ["mine"]})
    assert Rounds.load(tmp_path / "params.yaml").root["from-vader"].student == "from-afar"


def test_the_language_of_the_page_on_representations_is_understood(tmp_path: Path) -> None:
    file = "catalogue/languages/de.yaml"
    entry = described_in("docs/representations.md", file)
    spoken = {"languages": ["de"], "catalogue/tasks/opinion.yaml:language": "de"}
    choose(tmp_path, {f"{file}:": entry, **spoken})
    assert LanguageSection.named("de", tmp_path / "params.yaml").vectors["german"].format == "word2vec"


def test_every_picture_and_file_that_the_readme_shows_exists() -> None:
    for page, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
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
