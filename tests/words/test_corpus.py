from pathlib import Path

import pytest

from decortique.words.corpus import Sentences, count_spellings
from decortique.words.word2vec import Words
from tests.words.made import sentence, write_corpus


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus("film", "en", {"train": [("a fine day", "good"), ("one two three four", None)], "pool": [("b", None)]})
    write_corpus("discours", "fr", {"train": [("un beau jour", "good")]})


def test_the_texts_of_a_language_come_from_its_tasks(corpora: None) -> None:
    sentences = list(Sentences("en", ["discours", "film"]))
    assert [(one.task, one.text, one.label) for one in sentences] == [
        ("film", "b", None),
        ("film", "a fine day", "good"),
        ("film", "one two three four", None),
    ]
    assert len({one.group for one in sentences}) == 3  # rows 0 of two splits are not one group
    assert [one.text for one in Sentences("fr", ["discours", "film"])] == ["un beau jour"]


def test_long_texts_are_skipped_on_request(corpora: None) -> None:
    assert [one.text for one in Sentences("en", ["film"], max_words=3)] == ["b", "a fine day"]
    assert [one.text for one in Sentences("en", ["film"], max_words=3, min_words=2)] == ["a fine day"]


def test_the_source_tells_kinds_of_texts_from_each_other(corpora: None) -> None:
    write_corpus("film", "en", {"test": [("c", None)], "transfer-tweets": [("d", None)]})
    sources = {one.text: one.source for one in Sentences("en", ["film"])}
    assert (sources["a fine day"], sources["c"]) == ("film", "film")
    assert (sources["b"], sources["d"]) == ("film/pool", "film/transfer-tweets")


def test_words_can_be_iterated_over_twice_and_are_counted() -> None:
    words = Words([sentence("A fine day"), sentence("a day")])
    for _ in range(2):
        assert list(words) == [["a", "fine", "day"], ["a", "day"]]
        assert (words.texts, words.words) == (2, 5)
    assert count_spellings(words.sentences) == {"a": {"A": 1, "a": 1}, "day": {"day": 2}, "fine": {"fine": 1}}
