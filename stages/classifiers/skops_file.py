"""scikit-learn models on disk without pickle, and with the same bytes each time."""

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import skops.io

from stages.errors import StageError

# Classes of scikit-learn itself that skops has not listed; a linear SVM that was calibrated holds them.
TRUSTED = {"sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"}

# What zipfile and skops raise on bytes that are not what `save_skops` wrote.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
)


def save_skops(model: Any, path: Path) -> None:
    """Writes a model with skops.

    skops names objects by their addresses in memory and dates the files of its archive; both are replaced by what is
    the same in every run: the order of appearance, and no date.
    """
    with ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = contents.pop("schema.json").decode()
    addresses = re.findall(r'"__id__": (\d+)|"file": "(\d+)\.', schema)
    numbers: dict[str, str] = {}
    for pair in addresses:
        numbers.setdefault(pair[0] or pair[1], str(len(numbers) + 1))
    schema = re.sub(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.)', lambda found: numbers[found[0]], schema)
    renamed = {_renamed(name, numbers): content for name, content in contents.items()}
    with ZipFile(path, "w") as archive:
        for name, content in sorted({**renamed, "schema.json": schema.encode()}.items()):
            archive.writestr(ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)


def _renamed(name: str, numbers: dict[str, str]) -> str:
    stem, dot, ending = name.partition(".")
    return numbers.get(stem, stem) + dot + ending


def load_skops(path: Path) -> Any:
    """Reads a model that holds nothing but what scikit-learn, NumPy and SciPy define.

    Raises:
        StageError: the file is missing or damaged, or holds a type that skops does not trust.
    """
    if not path.exists():
        raise StageError(f"{path} is missing: run `dvc repro` to make it")
    try:
        strange = set(skops.io.get_untrusted_types(file=path)) - TRUSTED
        if not strange:
            return skops.io.load(path, trusted=sorted(TRUSTED))
    except DAMAGE as error:
        raise StageError(f"{path} is damaged ({error}): run `dvc repro` to make it anew") from None
    raise StageError(f"{path} holds types that are not trusted ({', '.join(sorted(strange))}): do not load it")
