"""Names of files: which are refused, and which were perhaps meant."""

import difflib
from collections.abc import Iterable
from pathlib import PurePosixPath

from stages.errors import StageError

# Formats that run code when they are loaded (pickle, or a format that may hold it), and code itself.
PICKLES = {".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
RUNS_CODE = PICKLES | {".h5", ".keras", ".msgpack", ".py", ".pyc", ".so"}


def refuse_code(names: Iterable[str]) -> None:
    """Refuses, before a byte of it is fetched, a file whose loading could run code."""
    for name in names:
        # `outer.zip!inner.txt` names two files.
        for part in name.split("!"):
            if PurePosixPath(part).suffix.lower() in RUNS_CODE:
                raise StageError(
                    f"{name} is refused: loading such a file can run code; choose safetensors, JSON or text"
                )


def nearest(name: str, names: Iterable[str]) -> str:
    """Gives, for an error message, the names that `name` was perhaps meant to be, if there are any."""
    # A wrong folder must not hide the right file: the last part of a path is compared too.
    last = PurePosixPath(name).name
    names = list(names)
    same = [other for other in names if PurePosixPath(other).name == last]
    close = list(dict.fromkeys([*same, *difflib.get_close_matches(name, names)]))[:3]
    return f" (nearest: {', '.join(close)})" if close else ""
