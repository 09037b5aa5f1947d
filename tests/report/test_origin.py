from pathlib import Path
from typing import Any

import pytest

from decortique.data.settings import TaskSection
from decortique.data.source_settings import HubSource, UrlSource
from decortique.models.settings import Encoders
from decortique.report.cards import Origin

PARAMS = Path(__file__).parents[2] / "params.yaml"
HASH = "0" * 40


def origin(task: str, encoder: str = "all-minilm-l6-v2", **changes: Any) -> Origin:
    described = TaskSection.named(task, PARAMS).model_copy(update=changes)
    return Origin(described, encoder, Encoders.named(encoder, PARAMS))


@pytest.mark.parametrize(
    ("task", "kind", "identifier", "made_from"),
    [
        ("author", "bag-of-words", "apache-2.0", ["the texts"]),
        ("author", "transformer", "apache-2.0", ["the texts", "the encoder all-minilm-l6-v2"]),
        ("author", "zero-shot", "apache-2.0", ["the encoder all-minilm-l6-v2"]),
        ("opinion", "vader", "mit", ["VADER, its lexicon and rules"]),
        ("opinion", "static", "other", ["the texts", "the encoder all-minilm-l6-v2"]),
        ("author-fr", "bag-of-words", "other", ["the texts"]),
    ],
)
def test_a_licence_is_named_only_where_all_sources_of_a_model_agree(
    task: str, kind: str, identifier: str, made_from: list[str]
) -> None:
    licence = origin(task).licence(kind)
    assert licence.identifier == identifier
    assert list(licence.of) == made_from


def test_an_encoder_is_called_by_its_name_on_the_hub() -> None:
    assert origin("author").base_model("onnx") == "sentence-transformers/all-MiniLM-L6-v2"
    assert origin("author", "multilingual-e5-small-hub").base_model("static") == "intfloat/multilingual-e5-small"
    assert origin("author").base_model("bag-of-words") is None


def test_a_source_is_listed_with_its_pin_and_without_local_folders() -> None:
    published = UrlSource(kind="url", url=f"https://host/films.csv#git-blob={HASH}")
    own = UrlSource(kind="url", url=f"file:///home/me/films.csv#git-blob={HASH}")
    assert origin("author", source=published).sources() == [f"<https://host/films.csv> (git-blob `{HASH}`)"]
    assert origin("author", source=own).sources() == [f"`films.csv` (git-blob `{HASH}`)"]
    assert origin("opinion").sources()[0].startswith("`vaderSentiment-3.3.2.tar.gz`, a release of `vaderSentiment`")


def test_a_data_set_of_the_hub_is_linked() -> None:
    films = HubSource(kind="hub", repository="me/films", revision=HASH, type="dataset", files={"a.csv": "a.csv"})
    assert origin("author", source=films).datasets() == ["me/films"]
    assert origin("author").datasets() == []


def test_works_named_by_the_licences_are_cited() -> None:
    assert [work.split(" ")[0] for work in origin("opinion").works("transformer")] == ["C.J.", "J.S.", "W."]
    (french,) = origin("author-fr").works("bag-of-words")
    assert "DEFT'05" in french
    (rules,) = origin("opinion").works("vader")
    assert "Hutto" in rules
