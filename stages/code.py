"""Stage `code`: the code → a fingerprint per stage, on which the stage depends instead of on Python files."""

from pathlib import Path

from decortique.core.command import run
from decortique.core.files import StageError, new_folder
from decortique.core.fingerprints import FOLDER, read_fingerprints
from decortique.core.source import FingerprintError


def code() -> None:
    """Write what the result of each stage depends on in the code, and refuse imports that cannot be read from it."""
    try:
        fingerprints = read_fingerprints(Path())
    except FingerprintError as error:
        raise StageError(str(error)) from None
    with new_folder(FOLDER) as folder:
        for name, fingerprint in fingerprints.items():
            (folder / f"{name}.txt").write_text(fingerprint, encoding="utf-8")


if __name__ == "__main__":
    run(code)
