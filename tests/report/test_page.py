from pathlib import Path

import pytest
from PIL import Image

from decortique.core.files import StageError
from decortique.core.findings import (
    Cell,
    Example,
    Examples,
    Explanation,
    Finding,
    Part,
    Picture,
    Section,
    Table,
    Word,
    rehearsal,
)
from decortique.report.page import inlined, sections_of, write_page
from tests.report.made_reporting import described
from tests.summarization.test_page import HOSTILE, Read


def section(*, findings: list[Finding] | None = None, blocks: list[object] | None = None) -> Section:
    return Section("one", "A title", "A question?", [Part("A part", findings or [], blocks or [])])  # type: ignore[arg-type]


def written(folder: Path, *sections: Section, megabytes: float = 5, warning: str = "") -> str:
    path = folder / "report" / "index.html"
    write_page(path, sections, confidence=0.95, max_megabytes=megabytes, warning=warning)
    return path.read_text(encoding="utf-8")


def picture(folder: Path, size: int = 200) -> Path:
    path = folder / "picture.png"
    Image.effect_mandelbrot((size, size), (-2, -2, 2, 2), 50).convert("RGB").save(path)
    return path


@pytest.mark.parametrize("text", HOSTILE)
def test_html_in_a_text_is_escaped(tmp_path: Path, text: str) -> None:
    words = [Word(text, 0.5), Word(text)]
    blocks = [
        Table([text], [[text, Cell(text, strong=True)]], text),
        Examples(text, [Example(text, text, [Explanation(text, text, words)])]),
    ]
    page = written(tmp_path, section(findings=[Finding(text, text, text)], blocks=blocks))
    reader = Read()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.tags
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert sum(text in shown for _, shown in reader.texts) >= 10


def test_a_finding_that_is_not_significant_looks_different(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        section(
            findings=[Finding("a", "yes", "", is_significant=True), Finding("b", "who knows", "", is_significant=False)]
        ),
    )
    assert page.count('<li class="open">') == 1
    assert page.index('<li class="open">') > page.index("yes")


def test_pictures_are_embedded_in_the_page_with_alternative_text(tmp_path: Path) -> None:
    page = written(tmp_path, section(blocks=[Picture(picture(tmp_path), "What to see")]))
    assert 'src="data:image/png;base64,' in page
    assert 'alt="What to see"' in page
    assert str(tmp_path) not in page


def test_folded_content_is_behind_a_click(tmp_path: Path) -> None:
    page = written(tmp_path, section(blocks=[Table(["x"], [["1"]], "For who wants to know more", folded=True)]))
    assert "<details><summary>For who wants to know more</summary>" in page


def test_a_smaller_picture_is_still_the_picture(tmp_path: Path) -> None:
    path = picture(tmp_path)
    assert len(inlined(path)) < path.stat().st_size * 4 / 3
    assert inlined(path) == inlined(path)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"nowhere\.png is missing, or no picture"):
        written(tmp_path, section(blocks=[Picture(tmp_path / "nowhere.png", "x")]))
    assert not (tmp_path / "report" / "index.html").exists()


def test_a_page_too_large_to_be_sent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"index\.html would have .* MB, report\.max_megabytes allows 0\.001"):
        written(tmp_path, section(), megabytes=0.001)


def test_the_page_of_a_rehearsal_says_so_before_anything_else(tmp_path: Path) -> None:
    said = "A rehearsal on about 1\N{NO-BREAK SPACE}200 texts of each split (prepare.limit): its numbers mean little."
    page = written(tmp_path, section(), warning=rehearsal(1200))
    assert page.index(said) < page.index("<h1>")
    assert "ehearsal" not in written(tmp_path, section(), warning=rehearsal(None))


def test_every_section_has_a_link(tmp_path: Path) -> None:
    page = written(tmp_path, section())
    assert '<a href="#one">A title</a>' in page
    assert '<section id="one">' in page


def test_missing_results_have_no_section() -> None:
    part = Part("x", [Finding("a", "b", "c"), Finding("d", "e", "f")])
    sections = sections_of({"words": [], "opinion": [part], "validity": [part, part]}, {"opinion": described()})
    assert [section.key for section in sections] == ["short", "opinion", "validity"]
    short = sections[0]
    assert [(one.title, len(one.findings)) for one in short.parts] == [("D3 · Opinion", 1), (sections[2].title, 2)]
    assert short.parts[0].findings[0].claim == "a"


def test_a_users_own_task_has_a_section_too() -> None:
    (_, section) = sections_of({"reviews": [Part("x")]}, {"reviews": described()})
    assert section.title == "Reviews"
    assert "negative or positive?" in section.question
