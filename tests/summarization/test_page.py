from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from decortique.summarization.groups import Summaries, summarize_group, write_page
from decortique.summarization.settings import APPROACHES
from tests.summarization.made_summaries import REVIEWS, collection, gathered, groups, settings

HOSTILE = [
    "<script>alert('battery')</script> lasts & lasts",
    'A "dark" screen <b onmouseover="x()">dark</b>',
    "&lt;already&gt; & {{ collection.title }} {% raw %}",
    "L'été</p></dd></dl>",
]
VOID = {"meta", "link", "img"}  # elements without an end


class Read(HTMLParser):
    """Parse a page like a browser into its elements, and the text of each."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements are closed in their order"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], " ".join(data.split())))

    def of(self, tag: str) -> list[str]:
        return [text for inside, text in self.texts if inside == tag]


def summarized(texts: dict[str, list[str]], references: dict[str, list[str]] | None = None) -> list[Summaries]:
    return [summarize_group(group, 2, settings(), [2]) for group in groups(gathered(texts), references=references)]


def page(folder: Path, summaries: list[Summaries], **described: Any) -> Read:
    write_page(folder / "index.html", collection(**described), summaries)
    read = Read()
    read.feed((folder / "index.html").read_text(encoding="utf-8"))
    assert read.open == []
    return read


def test_html_in_texts_is_escaped(tmp_path: Path) -> None:
    summaries = summarized(
        {"<i>group</i>": HOSTILE}, references={"<i>group</i>": ["<img src=x onerror=alert(1)> & so"]}
    )
    read = page(tmp_path, summaries, title="<u>Title</u> & {{ 7 * 7 }}")
    assert set(read.tags) == {
        *("html", "head", "meta", "title", "style", "body", "h1", "p", "section", "h2", "dl", "dt", "dd", "div", "span")
    }
    paragraphs = set(read.of("p"))
    for one in summaries:
        for indices in one.indices.values():
            assert {HOSTILE[index] for index in indices} <= paragraphs
    assert "<img src=x onerror=alert(1)> & so" in paragraphs
    assert read.of("h2") == ["<i>group</i>"]
    assert read.of("title") == ["<u>Title</u> & {{ 7 * 7 }}: summaries"]


def test_the_page_is_self_contained(tmp_path: Path) -> None:
    read = page(tmp_path, summarized({"a": REVIEWS}))
    assert {name for name, _ in read.attributes} == {"lang", "charset", "name", "content", "class"}
    assert "url(" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_every_approach_and_the_sizes_of_our_clusters(tmp_path: Path) -> None:
    (summaries,) = summarized({"battery-life_of_a_phone": REVIEWS})
    read = page(tmp_path, [summaries])
    assert read.of("dt") == list(APPROACHES.values())
    assert read.of("h2") == ["battery-life of a phone"]
    sizes = [one.size for one in summaries.clusters.chosen]
    assert read.of("span") == [f"({size} of {len(REVIEWS)})" for size in sizes]
    assert read.of("div")[0] == f"coverage {summaries.scores['clusters']['coverage']:.2f}"
    assert f"{len(REVIEWS)} texts" in read.of("p")


def test_the_page_shows_the_reference_summaries(tmp_path: Path) -> None:
    summaries = summarized({"a": REVIEWS}, references={"a": ["The battery lasts.", "The screen is dark."]})
    read = page(tmp_path, summaries)
    assert read.of("dt")[-2:] == ["a person", "a person"]
    assert read.of("p")[-2:] == ["The battery lasts.", "The screen is dark."]
    assert f"{len(REVIEWS)} texts, and what people wrote of them" in read.of("p")
    assert read.of("div")[0].endswith(f"ROUGE-1 {summaries[0].scores['clusters']['rouge_1_f1']:.2f}")


def test_a_summary_that_shares_no_word_with_its_reference_has_a_rouge_of_zero(tmp_path: Path) -> None:
    read = page(tmp_path, summarized({"a": REVIEWS}, references={"a": ["Zebra."]}))
    assert all(text.endswith("ROUGE-1 0.00") for text in read.of("div")), read.of("div")[0]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_declares_its_language_and_is_reproducible(tmp_path: Path, language: str) -> None:
    summaries = summarized({"a": REVIEWS, "b": HOSTILE})
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        assert ("lang", language) in page(tmp_path / folder, summaries, language=language).attributes
    assert (tmp_path / "one/index.html").read_bytes() == (tmp_path / "other/index.html").read_bytes()


def test_a_page_without_groups_is_still_valid(tmp_path: Path) -> None:
    assert page(tmp_path, []).of("h1") == ["Reviews: summaries beside their baselines"]
