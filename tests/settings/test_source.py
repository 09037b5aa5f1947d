from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from decortique.core.settings import EncoderName
from decortique.data.source_settings import Source
from decortique.models.settings import Encoder
from tests.settings.conftest import Written

SHA256, GIT_BLOB = f"#sha256={'0' * 64}", f"#git-blob={'0' * 40}"
ADDRESS = "https://example.org/a/films.txt"
FILES = {"config.json": "config.json"}


def source(**content: Any) -> Any:
    return TypeAdapter(Source).validate_python(content)


def folder(*names: str) -> dict[str, Any]:
    return {"kind": "folder", "path": ".", "files": {name: name for name in names}}


@pytest.mark.parametrize("scheme", ["https://host", "http://host", "file://"])
@pytest.mark.parametrize("pin", [SHA256, GIT_BLOB])
def test_every_kind_of_address_can_be_pinned(scheme: str, pin: str) -> None:
    result = source(kind="url", url=f"{scheme}/films.txt{pin}")
    assert result.address == f"{scheme}/films.txt"
    assert f"#{'='.join(result.pin)}" == pin


@pytest.mark.parametrize(
    "fragment",
    [
        "",
        "#",
        "#top",
        "#sha256=",
        f"#sha256={'0' * 63}",
        f"#sha256={'0' * 65}",
        f"#sha256={'G' * 64}",
        f"#sha256={'0' * 40}",
        f"#git-blob={'0' * 64}",
        f"#git_blob={'0' * 40}",
        f"#md5={'0' * 32}",
        f"{SHA256}&egg=films",
        f"{SHA256}\n",
        f"#top{SHA256}",
        f"sha256={'0' * 64}",
    ],
)
def test_an_unpinned_address_is_refused_with_how_to_pin_it(fragment: str) -> None:
    with pytest.raises(ValidationError) as caught:
        source(kind="url", url=f"{ADDRESS}{fragment}")
    (problem,) = caught.value.errors()
    assert problem["loc"][-1] == "url"
    for part in ("append", "#sha256=", "sha256sum FILE", "#git-blob=", "git hash-object FILE"):
        assert part in problem["msg"]


@pytest.mark.parametrize("key", ["sha256", "git_blob"])
def test_an_address_cannot_be_pinned_twice(key: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        source(kind="url", url=f"{ADDRESS}{SHA256}", **{key: "0" * 64})


def test_a_name_together_with_files_is_refused() -> None:
    with pytest.raises(ValidationError, match="give one of them"):
        source(kind="url", url=f"{ADDRESS}{SHA256}", name="films.txt", files={"a.txt": "a.txt"})


@pytest.mark.parametrize(
    "address", ["https://host/", "https://host/films/?id=3", "https://host/.hidden", "file:///%2F"]
)
def test_an_address_that_names_no_file_must_be_given_a_name(address: str) -> None:
    with pytest.raises(ValidationError, match="ends in no file name: give one as name"):
        source(kind="url", url=f"{address}{SHA256}")
    assert source(kind="url", url=f"{address}{SHA256}", name="films.txt").file_names() == {"films.txt"}


@pytest.mark.parametrize(
    ("content", "brought"),
    [
        ({"kind": "pypi", "package": "p", "file": "p.whl", "sha256": "0" * 64, "files": FILES}, {"config.json"}),
        ({"kind": "npm", "package": "p", "version": "1", "integrity": "sha512-A", "files": FILES}, {"config.json"}),
        ({"kind": "hub", "repository": "a/b", "revision": "0" * 40, "files": FILES}, {"config.json"}),
        (folder("a", "b"), {"a", "b"}),
        ({"kind": "url", "url": f"{ADDRESS}{SHA256}"}, {"films.txt"}),
        ({"kind": "url", "url": f"https://host/d%C3%A9bat%20un.csv?raw=1{SHA256}"}, {"débat un.csv"}),
        ({"kind": "url", "url": f"{ADDRESS}{SHA256}", "name": "raw.txt"}, {"raw.txt"}),
        ({"kind": "url", "url": f"{ADDRESS}{SHA256}", "files": {"a": "b/c"}}, {"a"}),
        ({"kind": "several", "parts": {"x": folder("a"), "y": folder("b", "c")}}, {"a", "b", "c"}),
    ],
)
def test_a_source_lists_its_files_before_any_download(content: dict[str, Any], brought: set[str]) -> None:
    assert source(**content).file_names() == brought


@pytest.mark.parametrize("other", [folder("films.txt"), {"kind": "url", "url": f"{ADDRESS}{SHA256}"}])
def test_two_parts_cannot_write_the_same_file(other: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"parts one and two both bring 'films\.txt'"):
        source(kind="several", parts={"one": folder("films.txt"), "two": other})


@pytest.mark.parametrize("parts", [{}, {"a": {"kind": "several", "parts": {"b": folder("c")}}}])
def test_a_list_of_sources_is_neither_empty_nor_nested(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="parts"):
        source(kind="several", parts=parts)


def encoder(*files: str, **choices: str) -> Encoder:
    return Encoder.model_validate({"licence": "MIT", "source": folder(*files), **choices})


@pytest.mark.parametrize(
    ("files", "choices", "reason"),
    [
        (["tokenizer.json"], {"weights": "packed"}, "brings no weights.q4, which `weights: packed`"),
        (["weights.q4"], {"weights": "packed"}, "brings no tokenizer.json"),
        (["config.json", "model.safetensors"], {"prefix": "query: "}, "brings no tokenizer.json, which `prefix`"),
        (["weights.q4", "tokenizer.json"], {}, "weights.q4, which does not go with weights: safetensors"),
        (["weights.q4", "tokenizer.json", "config.json"], {"weights": "packed"}, "config.json, which does not go with"),
        (["config.json"], {"weights": "pickled"}, "'safetensors' or 'packed'"),
    ],
)
def test_an_invalid_encoder_is_refused_before_its_download(
    files: list[str], choices: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        encoder(*files, **choices)


@pytest.mark.parametrize(("side", "name"), [("right", "multilingual-e5-small"), ("left", "all-minilm-l6-v2")])
def test_a_tokenizer_that_leaves_the_encoders_prefix_alone_is_allowed(written: Written, side: str, name: str) -> None:
    """The other combination is among those of test_contradictions.py."""
    assert EncoderName.load(written({"encoder": name, "tokenize/truncation_side": side})).root == name
