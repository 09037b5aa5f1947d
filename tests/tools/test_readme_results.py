from collections.abc import Iterator
from pathlib import Path

import pytest

from decortique.core.errors import StageError
from tools import readme_results
from tools.pages import showing
from tools.readme_results import PICTURES, copy_pictures, pictures_of, updated

PLOT = Path("data/plots/evaluate/opinion/streams/decoding.png")
PAGE = "![One](docs/pictures/evaluate-opinion-streams-decoding.png) ![Two](docs/training/loader.png)"


def test_a_page_shows_the_pictures_that_the_run_drew_and_no_others(tmp_path: Path) -> None:
    (tmp_path / PLOT).parent.mkdir(parents=True)
    (tmp_path / PLOT).write_bytes(b"drawn")
    (tmp_path / PICTURES).mkdir(parents=True)
    (tmp_path / PICTURES / "cluster-films-finding.png").write_bytes(b"of a page that shows it no more")
    copy_pictures(tmp_path, pictures_of(PAGE))
    assert {path.name: path.read_bytes() for path in (tmp_path / PICTURES).iterdir()} == {
        "evaluate-opinion-streams-decoding.png": b"drawn"
    }


def test_a_picture_that_was_not_drawn_is_named_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / PICTURES).mkdir(parents=True)
    (tmp_path / PICTURES / "old.png").write_bytes(b"old")
    with pytest.raises(StageError, match=f"{PLOT} is missing: run `dvc checkout`"):
        copy_pictures(tmp_path, pictures_of(PAGE))
    assert (tmp_path / PICTURES / "old.png").exists()


def test_pictures_are_found_in_pages_of_both_folders() -> None:
    assert pictures_of("![](docs/pictures/a-b-c.png)") == pictures_of("![](pictures/a-b-c.png)") == ["a-b-c.png"]


def test_without_results_no_page_is_touched_and_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<!-- t: written by `make readme` -->\nas it was\n<!-- end of t -->"
    (tmp_path / "README.md").write_text(page, encoding="utf-8")

    def text() -> Iterator[str]:
        yield str(showing.evaluation("opinion"))

    monkeypatch.setattr(showing, "ROOT", tmp_path)
    monkeypatch.setattr(readme_results, "ROOT", tmp_path)
    monkeypatch.setattr(readme_results, "PAGES", {"README.md": {"t": text}})
    with pytest.raises(SystemExit, match=r"data/results/evaluate/opinion/scores\.json is missing: run `dvc checkout`"):
        readme_results.main()
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == page


def test_a_page_without_a_place_for_its_table_is_refused() -> None:
    with pytest.raises(SystemExit, match="no place for the results of words"):
        updated("a page", {"words": lambda: iter(())})
