"""Where bytes come from: the five kinds of source, each pinned so that it can only ever give the same bytes."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.settings.section import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="64 hexadecimal digits")]
Sha1 = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="40 hexadecimal digits")]

# Name in the destination folder → name at the source. Within an archive, `!` steps into an archive it holds:
# "outer/inner.tar.gz!folder/file.txt".
Files = dict[Annotated[str, Field(pattern=r"^[^/\\.][^/\\]*$", description="a file name without folders")], str]


class PypiSource(Strict):
    """One file of a PyPI release, found through the user's own pip configuration and never built or installed."""

    kind: Literal["pypi"]
    package: str
    file: Annotated[str, Field(pattern=r"^[^/\\]+\.(whl|tar\.gz|zip)$", description="a wheel or sdist file name")]
    sha256: Sha256
    files: Files


class NpmSource(Strict):
    """The tarball of an npm release, found through the user's own npm configuration; no script of it is run."""

    kind: Literal["npm"]
    package: str
    version: str
    integrity: Annotated[str, Field(pattern=r"^sha512-[A-Za-z0-9+/=]+$", description="npm's `sha512-…` integrity")]
    files: Files


class UrlSource(Strict):
    """One file behind an https, http or file address; unpacked when `files` names members of it."""

    kind: Literal["url"]
    url: Annotated[str, Field(pattern=r"^(https?|file)://", description="an https://, http:// or file:// address")]
    sha256: Sha256 | None = None
    git_blob: Sha1 | None = None
    files: Files | None = None

    @model_validator(mode="after")
    def _is_pinned(self) -> "UrlSource":
        if (self.sha256 is None) == (self.git_blob is None):
            raise ValueError("give exactly one of sha256 and git_blob, so that the file cannot change unseen")
        return self


class HubSource(Strict):
    """Files of a Hugging Face repository at one commit."""

    kind: Literal["hub"]
    repository: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$", description="owner/name")]
    revision: Annotated[Sha1, Field(description="a full commit hash, not a branch: branches move")]
    type: Literal["model", "dataset"] = "model"
    files: Files
    sha256: dict[str, Sha256] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _pins_what_it_fetches(self) -> "HubSource":
        if stray := self.sha256.keys() - self.files.keys():
            raise ValueError(f"sha256 pins {', '.join(sorted(stray))}, which files does not name")
        return self


class FolderSource(Strict):
    """Files of a local folder, copied as they are.

    A file without `sha256` is taken as found, and DVC does not see it change: pin what matters.
    """

    kind: Literal["folder"]
    path: str
    files: Files
    sha256: dict[str, Sha256] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _pins_what_it_fetches(self) -> "FolderSource":
        if stray := self.sha256.keys() - self.files.keys():
            raise ValueError(f"sha256 pins {', '.join(sorted(stray))}, which files does not name")
        return self


Source = Annotated[PypiSource | NpmSource | UrlSource | HubSource | FolderSource, Field(discriminator="kind")]
