"""Copies files of a local folder."""

import logging
import shutil
from pathlib import Path

from stages.errors import StageError
from stages.settings.source import FolderSource
from stages.sources.names import nearest
from stages.sources.pins import Pin

logger = logging.getLogger(__name__)


def copy_files(source: FolderSource, folder: Path, *, name: str) -> None:
    """Puts copies of the files of `source` in `folder`; warns, with the checksum to paste, of those without a pin."""
    origin = Path(source.path).expanduser()
    if not origin.is_dir():
        raise StageError(f"{origin} is no folder: check path")
    for target, filename in source.files.items():
        file = origin / filename
        if not file.is_file():
            near = nearest(filename, (path.name for path in origin.iterdir()))
            raise StageError(f"{origin} has no file {filename}{near}: check files")
        copy(file, folder / target, source.sha256.get(target))
        if target not in source.sha256:
            found = Pin("sha256", "").of(folder / target).digest
            logger.warning(
                "%s: %s is not pinned: DVC will not see it change; pin it by sha256: {%s: %s}",
                name,
                file,
                target,
                found,
            )


def copy(file: Path, target: Path, sha256: str | None) -> None:
    """Copies the bytes of `file`, and checks those that arrived."""
    shutil.copyfile(file, target)
    if sha256 is not None:
        Pin("sha256", sha256).check(target, str(file))
