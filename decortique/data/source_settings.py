"""Where bytes come from: five kinds of source, each pinned so that it can only ever give the same bytes, or several."""

import re
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

    def brings(self) -> set[str]:
        """Gives the names of the files in the destination folder."""
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
    """One file behind an https, http or file address; unpacked when `files` names members of it.

    Attributes:
        url: the address, then the pin of the file: `#sha256=…` or, as Git names it, `#git-blob=…`.
        files: the members wanted; null for the file itself.
        name: what the file itself is called in the destination; null for the last part of the address.
    """

    kind: Literal["url"]
    url: Annotated[str, Field(pattern=r"^(https?|file)://", description="an https://, http:// or file:// address")]
    files: Files | None = None
    name: FileName | None = None

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
        """The address without its pin: what a server is asked for."""
        return self.url.rpartition("#")[0]

    @property
    def pin(self) -> tuple[Literal["sha256", "git-blob"], str]:
        """The algorithm, and the digest in hexadecimal."""
        algorithm, _, digest = self.url.rpartition("#")[2].partition("=")
        return "sha256" if algorithm == "sha256" else "git-blob", digest

    @property
    def filename(self) -> str:
        """The last part of the address, as a person would write it: `été.txt`, not `%C3%A9t%C3%A9.txt`."""
        return PurePosixPath(unquote(self.address.partition("?")[0].rpartition("/")[2])).name

    @property
    def wanted(self) -> Files:
        """The files wanted, by the name they get; without `files`, the file itself."""
        return {self.name or self.filename: self.filename} if self.files is None else self.files

    def brings(self) -> set[str]:
        """Gives the names of the files in the destination folder."""
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
    """Files of a local folder, copied as they are.

    A file without `sha256` is taken as found, and DVC does not see it change: pin what matters.
    """

    kind: Literal["folder"]
    path: str


OneSource = Annotated[PypiSource | NpmSource | UrlSource | HubSource | FolderSource, Field(discriminator="kind")]


class SeveralSource(Strict):
    """The files of all `parts`, in one folder."""

    kind: Literal["several"]
    parts: Annotated[dict[Name, OneSource], Field(min_length=1)]

    @model_validator(mode="after")
    def _brings_no_file_twice(self) -> "SeveralSource":
        owner: dict[str, str] = {}
        for name, part in self.parts.items():
            for file in sorted(part.brings()):
                if file in owner:
                    raise ValueError(f"parts {owner[file]} and {name} both bring {file!r}: give one another name")
                owner[file] = name
        return self

    def brings(self) -> set[str]:
        """Gives the names of the files in the destination folder."""
        return {file for part in self.parts.values() for file in part.brings()}


Source = Annotated[
    PypiSource | NpmSource | UrlSource | HubSource | FolderSource | SeveralSource, Field(discriminator="kind")
]
