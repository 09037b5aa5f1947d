"""Stage `code`: the code → a fingerprint per stage, on which the stage depends instead of on files of Python."""

from pathlib import Path

from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder
from decortique.core.fingerprints import CATALOGUE, FOLDER, Code, catalogue_fingerprint
from decortique.core.source import FingerprintError


def code() -> None:
    """Writes what each stage's result depends on in the code, and refuses imports that cannot be read from it."""
    try:
        fingerprints = {**Code.read(Path()).fingerprints(), CATALOGUE.name: catalogue_fingerprint(Path())}
    except FingerprintError as error:
        raise StageError(str(error)) from None
    with new_folder(FOLDER) as folder:
        for name, fingerprint in fingerprints.items():
            (folder / f"{name}.txt").write_text(fingerprint, encoding="utf-8")


if __name__ == "__main__":
    run(code)
