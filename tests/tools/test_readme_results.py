from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.core.findings import Table, measured
from tools import readme_results
from tools.readme_results import PICTURES, copy_pictures, pictures_of, updated
from tools.studies import ratio, speed

PLOT = Path("data/plots/evaluate/opinion/streams/decoding.png")
PAGE = "![One](docs/pictures/evaluate-opinion-streams-decoding.png) ![Two](docs/training/loader.png)"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_shows_exactly_the_pictures_of_the_run() -> None:
    PLOT.parent.mkdir(parents=True)
    PLOT.write_bytes(b"drawn")
    PICTURES.mkdir(parents=True)
    (PICTURES / "cluster-films-old.png").write_bytes(b"of a page that shows it no more")
    copy_pictures(pictures_of(PAGE))
    assert {path.name: path.read_bytes() for path in PICTURES.iterdir()} == {
        "evaluate-opinion-streams-decoding.png": b"drawn"
    }


def test_a_missing_picture_is_named_and_the_others_stay() -> None:
    PICTURES.mkdir(parents=True)
    (PICTURES / "old.png").write_bytes(b"old")
    with pytest.raises(StageError, match=f"{PLOT} is missing: run `dvc checkout`"):
        copy_pictures(pictures_of(PAGE))
    assert (PICTURES / "old.png").exists()


def test_pictures_are_found_in_pages_of_both_folders() -> None:
    assert pictures_of("![](docs/pictures/a-b-c.png)") == pictures_of("![](pictures/a-b-c.png)") == ["a-b-c.png"]


MARKED = "<!-- t: written by `make readme` -->\nas it was\n<!-- end of t -->"


def test_results_replace_the_text_between_the_markers_on_any_page() -> None:
    table = Table(["a"], [["1"]], "What to see.")
    page = updated(f"Before\n{MARKED}\nafter", {"t": lambda: [table]})
    text = "What to see.\n\n| a |\n| --- |\n| 1 |"
    assert page == f"Before\n<!-- t: written by `make readme` -->\n{text}\n<!-- end of t -->\nafter"
    assert updated(page, {"t": lambda: [table]}) == page


def test_without_results_no_page_changes_and_one_line_gives_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "README.md").write_text("no results here", encoding="utf-8")
    (folder / "docs").mkdir()
    (folder / "docs" / "page.md").write_text(MARKED, encoding="utf-8")
    markers = {"t": lambda: [str(measured("evaluate", "opinion", "scores"))]}
    monkeypatch.setattr(readme_results, "updated", lambda page: updated(page, markers))
    with pytest.raises(SystemExit, match=r"data/results/evaluate/opinion/scores\.json is missing: .* `dvc checkout`"):
        readme_results.main()
    assert (folder / "docs" / "page.md").read_text(encoding="utf-8") == MARKED


def test_an_unknown_marker_is_refused() -> None:
    with pytest.raises(
        SystemExit, match=r"nothing is written at the marker of t: MARKERS in tools/pages\.py has words"
    ):
        updated(MARKED, {"words": list})


def test_a_marker_without_an_end_is_refused() -> None:
    with pytest.raises(SystemExit, match="the marker of t has no end: put <!-- end of t --> below its results"):
        updated("<!-- t: written by `make readme` -->\n", {"t": list})


def test_speeds_and_ratios_have_only_significant_digits() -> None:
    assert (ratio(1.26), ratio(12.6), speed(1234)) == ("1.3", "13", "1\N{NO-BREAK SPACE}230")
