"""What a file's bytes must be: a digest, in the form in which the place that publishes the file states it."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stages.errors import StageError

if TYPE_CHECKING:
    from hashlib import _Hash

Algorithm = Literal["sha256", "integrity", "git-blob"]


@dataclass(frozen=True)
class Pin:
    """The digest that a file's bytes must have.

    Attributes:
        algorithm: `sha256`; `integrity`, npm's SHA-512; or `git-blob`, the SHA-1 by which Git names a file.
        digest: in hexadecimal, whatever the algorithm: it also names the file in the cache.
    """

    algorithm: Algorithm
    digest: str

    @classmethod
    def integrity(cls, text: str) -> "Pin":
        """Reads npm's `sha512-<base64>`."""
        try:
            digest = base64.b64decode(text.removeprefix("sha512-"), validate=True)
        except binascii.Error:
            digest = b""
        if len(digest) != hashlib.sha512().digest_size:
            raise StageError(f"integrity {text} is no SHA-512 in base64: copy `dist.integrity` from the npm registry")
        return cls("integrity", digest.hex())

    def of(self, file: Path) -> "Pin":
        """Gives the pin, of this one's algorithm, that the bytes of `file` would satisfy."""
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, _hasher(self.algorithm, file))
        return Pin(self.algorithm, digest.hexdigest())

    def check(self, file: Path, shown: str) -> None:
        """Refuses `file`, called `shown` in the message, unless it has the pinned bytes."""
        found = self.of(file)
        if found != self:
            raise StageError(
                f"{shown} has the wrong checksum: expected {self}, found {found}: run it again; if that does not help, "
                "find out why the file changed before you change its pin"
            )

    def __str__(self) -> str:
        if self.algorithm == "integrity":
            return f"sha512-{base64.b64encode(bytes.fromhex(self.digest)).decode()}"
        return f"{self.algorithm} {self.digest}"


def _hasher(algorithm: Algorithm, file: Path) -> Callable[[], "_Hash"]:
    match algorithm:
        case "sha256":
            return hashlib.sha256
        case "integrity":
            return hashlib.sha512
        case "git-blob":
            # Git hashes a header that holds the length, then the bytes. Its SHA-1 names the file; it does not sign it.
            header = b"blob %d\0" % file.stat().st_size
            return lambda: hashlib.sha1(header, usedforsecurity=False)
