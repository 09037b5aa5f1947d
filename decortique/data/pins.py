"""Checksums, and names that are safe to write."""

import base64
import binascii
import difflib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from decortique.core.errors import StageError

# Formats that run code when they are loaded (pickle, or a format that may hold it), and code itself.
PICKLES = {".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
RUNS_CODE = PICKLES | {".h5", ".keras", ".msgpack", ".py", ".pyc", ".so"}


# Whatever loads a file later goes by the name it has here, and a file of this ending is read by
# decortique/models/encoder_files.py only, which reads numbers and nothing else. So what is published as `.bin`, the
# usual ending of pickled weights, may be fetched if it gets this one.
HARMLESS = ".q4"


def refuse_code(files: Mapping[str, str]) -> None:
    """Refuses, before a byte of it is fetched, a file whose loading could run code.

    Args:
        files: by the name that a file gets, its name at the source.

    Raises:
        StageError: one of the names, also within a path like `outer.zip!inner.txt`, ends as such files do.
    """
    for target, member in files.items():
        for name in [target] if _ending(target) == HARMLESS else [target, member]:
            if any(_ending(part) in RUNS_CODE for part in name.split("!")):
                raise StageError(
                    f"{name} is refused: loading such a file can run code; choose safetensors, JSON or text"
                )


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def nearest(name: str, names: Iterable[str]) -> str:
    """Gives, for an error message, the names that `name` was perhaps meant to be, if there are any."""
    # A wrong folder must not hide the right file: the last part of a path is compared too.
    last = PurePosixPath(name).name
    names = list(names)
    same = [other for other in names if PurePosixPath(other).name == last]
    close = list(dict.fromkeys([*same, *difflib.get_close_matches(name, names)]))[:3]
    return f" (nearest: {', '.join(close)})" if close else ""


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
