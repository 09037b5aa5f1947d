"""Where the files of a catalogue entry come from, pinned to the same bytes, and how those with texts are read."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import Field, field_validator, model_validator

from decortique.core.settings import Name, Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="64 hexadecimal digits")]
Sha1 = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="40 hexadecimal digits")]
FileName = Annotated[str, Field(pattern=r"^[^/\\.][^/\\]*$", description="a file name without folders")]

# Name in the destination folder → name at the source. Within an archive, `!` steps into an archive it holds:
# "outer/inner.tar.gz!folder/file.txt".
Files = dict[FileName, str]

# The pin of an address is its fragment, as in pip's requirements, so that one override replaces both.
PINNED = re.compile(r"[^#]*#(sha256=[0-9a-f]{64}|git-blob=[0-9a-f]{40})")


class ListedSource(Strict):
    """A source whose files are named one by one."""

    files: Files

    def file_names(self) -> set[str]:
        """Return the names of the files in the destination folder."""
        return set(self.files)


class PypiSource(ListedSource):
    """One file of a PyPI release, found through the user's own pip configuration and never built or installed."""

    kind: Literal["pypi"]
    package: str
    file: Annotated[str, Field(pattern=r"^[^/\\]+\.(whl|tar\.gz|zip)$", description="a wheel or sdist file name")]
    sha256: Sha256


class NpmSource(ListedSource):
    """The tarball of an npm release, found through the user's own npm configuration; no script of it is run."""

    kind: Literal["npm"]
    package: str
    version: str
    integrity: Annotated[str, Field(pattern=r"^sha512-[A-Za-z0-9+/=]+$", description="npm's `sha512-…` integrity")]


class UrlSource(Strict):
    """One file behind an https, http or file address; unpacked when `files` names members of it."""

    kind: Literal["url"]
    # The address, then the pin of the file: `#sha256=…` or, as Git names it, `#git-blob=…`.
    url: Annotated[str, Field(pattern=r"^(https?|file)://", description="an https://, http:// or file:// address")]
    files: Files | None = None  # null for the file itself
    name: FileName | None = None  # of the file itself in the destination; null for the last part of the address

    @field_validator("url")
    @classmethod
    def _is_pinned(cls, url: str) -> str:
        if not PINNED.fullmatch(url):
            raise ValueError(
                "append the file's pin, so that it cannot change unseen: #sha256= and the 64 digits that "
                "`sha256sum FILE` prints, or #git-blob= and the 40 of `git hash-object FILE`"
            )
        return url

    @model_validator(mode="after")
    def _names_its_file(self) -> "UrlSource":
        if self.files is not None and self.name is not None:
            raise ValueError("name is for the file itself, files for members of it: give one of them")
        if self.files is None and self.name is None and not re.fullmatch(r"[^/\\.][^/\\]*", self.filename):
            raise ValueError("the address ends in no file name: give one as name")
        return self

    @property
    def address(self) -> str:
        """Return the address without its pin."""
        return self.url.rpartition("#")[0]

    @property
    def pin(self) -> tuple[Literal["sha256", "git-blob"], str]:
        """Return the algorithm, and the digest in hexadecimal."""
        algorithm, _, digest = self.url.rpartition("#")[2].partition("=")
        return "sha256" if algorithm == "sha256" else "git-blob", digest

    @property
    def filename(self) -> str:
        """Return the last part of the address, as a person would write it: `été.txt`, not `%C3%A9t%C3%A9.txt`."""
        return PurePosixPath(unquote(self.address.partition("?")[0].rpartition("/")[2])).name

    @property
    def wanted(self) -> Files:
        """Return the files wanted, by the name they get; without `files`, the file itself."""
        return {self.name or self.filename: self.filename} if self.files is None else self.files

    def file_names(self) -> set[str]:
        """Return the names of the files in the destination folder."""
        return set(self.wanted)


class CheckedSource(ListedSource):
    """A source whose files are pinned one by one, by the name they get."""

    sha256: dict[str, Sha256] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _pins_what_it_fetches(self) -> "CheckedSource":
        if stray := self.sha256.keys() - self.files.keys():
            raise ValueError(f"sha256 pins {', '.join(sorted(stray))}, which files does not name")
        return self


class HubSource(CheckedSource):
    """Files of a Hugging Face repository at one commit."""

    kind: Literal["hub"]
    repository: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$", description="owner/name")]
    revision: Annotated[Sha1, Field(description="a full commit hash, not a branch: branches move")]
    type: Literal["model", "dataset"] = "model"


class FolderSource(CheckedSource):
    """Files of a local folder; DVC does not see one without `sha256` change: pin what matters."""

    kind: Literal["folder"]
    path: str


_OneSource = PypiSource | NpmSource | UrlSource | HubSource | FolderSource
OneSource = Annotated[_OneSource, Field(discriminator="kind")]


class SeveralSource(Strict):
    """Sources of several kinds whose files come together in one folder."""

    kind: Literal["several"]
    parts: Annotated[dict[Name, OneSource], Field(min_length=1)]

    @model_validator(mode="after")
    def _brings_no_file_twice(self) -> "SeveralSource":
        _refuse_shared({name: part.file_names() for name, part in self.parts.items()}, "bring", "give one another name")
        return self

    def file_names(self) -> set[str]:
        """Return the names of the files in the destination folder."""
        return {file for part in self.parts.values() for file in part.file_names()}


Source = Annotated[_OneSource | SeveralSource, Field(discriminator="kind")]


def _refuse_shared(files: Mapping[str, Collection[str]], verb: str, remedy: str) -> None:
    owner: dict[str, str] = {}
    for name, own in files.items():
        for file in sorted(own):
            if file in owner:
                raise ValueError(f"parts {owner[file]} and {name} both {verb} {file!r}: {remedy}")
            owner[file] = name


# What a raw file is for: `all` is split by the task's rule, the others already are a split. Of these, `unlabelled` is
# predicted, and `pool` is trained on with another model's labels; nobody is scored on either.
Use = Annotated[str, Field(pattern=r"^(all|train|validation|test|unlabelled|pool|transfer-[a-z0-9-]+)$")]

LabelMarks = Annotated[dict[str, str], Field(min_length=1, description="mark of the file → label")]


class GradedReader(Strict):
    """Lines `id TAB mean grade TAB text`; the label is the sign of the grade, a grade of zero has none.

    With `ratings`, what each rater gave is known too: lines `id TAB mean TAB spread TAB [grade, grade, …]`.
    """

    format: Literal["graded"]
    files: dict[str, Use]
    encoding: str
    ratings: dict[str, str] = Field(default_factory=dict, description="a file → that of its raters' grades")


class TableReader(Strict):
    """CSV, TSV, JSONL or Parquet files with a header; the other keys say which column holds what."""

    format: Literal["table"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    text: str
    label: str | None = None  # null: no row has one
    labels: LabelMarks | None = None  # marks in that column; rows with others are left out
    id: str | None = None
    group: str | None = None
    position: str | None = None
    score: str | None = None


class SpeechesReader(Strict):
    """Lines `<speech:sentence:LABEL> text`, or `<speech:sentence> text` in files used as `unlabelled`."""

    format: Literal["speeches"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    labels: LabelMarks


class TurnsReader(Strict):
    """A table of turns in order, cut into sentences labelled by who speaks; no two debates have one name."""

    format: Literal["turns"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    text: str
    label: str
    group: str
    speakers: Annotated[dict[str, str], Field(min_length=1, description="speaker → label; others give no rows")]
    min_sentences: Annotated[int, Field(ge=1, description="of a group")]


_OneReader = GradedReader | TableReader | SpeechesReader | TurnsReader
OneReader = Annotated[_OneReader, Field(discriminator="format")]


class SeveralReader(Strict):
    """Files of several formats: each of the `parts` reads its own."""

    format: Literal["several"]
    parts: Annotated[dict[Name, OneReader], Field(min_length=1)]

    @model_validator(mode="after")
    def _reads_no_file_twice(self) -> "SeveralReader":
        _refuse_shared({name: part.files for name, part in self.parts.items()}, "read", "leave it to one of them")
        return self


class ArchiveReader(Strict):
    """A zip archive of text files, each a group with one text a line, and of summaries that people wrote of them."""

    format: Literal["archive"]
    file: FileName
    texts: str  # the ends of the paths of files with texts, such as `topics/{group}.txt`; `*` stands for any name
    references: str | None = None  # likewise of files with a summary each; null where there are none
    encoding: str = "utf-8"

    @field_validator("texts", "references")
    @classmethod
    def _names_its_group(cls, pattern: str | None) -> str | None:
        if pattern is not None and pattern.count("{group}") != 1:
            raise ValueError("say once, by {group}, which part of the path names the group")
        return pattern


Reader = Annotated[_OneReader | SeveralReader, Field(discriminator="format")]
CollectionReader = Annotated[_OneReader | ArchiveReader, Field(discriminator="format")]
