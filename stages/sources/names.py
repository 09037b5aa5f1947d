"""Names of files: which are refused, and which were perhaps meant."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from stages.errors import StageError

# Formats that run code when they are loaded (pickle, or a format that may hold it), and code itself.
PICKLES = {".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
RUNS_CODE = PICKLES | {".h5", ".keras", ".msgpack", ".py", ".pyc", ".so"}


# Whatever loads a file later goes by the name it has here, and a file of this ending is read by
# stages/encoders/packed.py only, which reads numbers and nothing else. So what is published as `.bin`, the usual ending
# of pickled weights, may be fetched if it gets this one.
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
