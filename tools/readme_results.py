"""Write the results between the markers of README and docs, and copy the pictures that these pages show."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from decortique.core import paths
from decortique.core.files import StageError, new_folder
from decortique.core.findings import markdown
from tools.pages import MARKERS, Blocks

PICTURES = Path("docs/pictures")  # evaluate-opinion-accuracy.png is a copy of data/plots/evaluate/opinion/accuracy.png
START = re.compile(r"<!-- (?P<name>[\w ]+): written by `make readme` -->")
MARKED = re.compile(rf"(?P<start>{START.pattern}).*?(?P<end><!-- end of (?P=name) -->)", re.DOTALL)


def pages(root: Path) -> list[Path]:
    """Return the pages that may have markers."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def updated(page: str, markers: Mapping[str, Callable[[], Blocks]] = MARKERS) -> str:
    """Return a page with the current results between its markers.

    Raises:
        SystemExit: a marker has no end, or is not one of `markers`.
        StageError: a result is missing, or of older code.
    """
    ended = {match["name"] for match in MARKED.finditer(page)}
    for name in START.findall(page):
        if name not in ended:
            sys.exit(f"the marker of {name} has no end: put <!-- end of {name} --> below its results")
        if name not in markers:
            sys.exit(f"nothing is written at the marker of {name}: MARKERS in tools/pages.py has {', '.join(markers)}")

    def text(match: re.Match[str]) -> str:
        name = match["name"]
        try:
            return "\n".join([match["start"], *markdown(markers[name]()), match["end"]])
        except KeyError as error:
            raise StageError(
                f"the results of {name} have no {error}, as they are of older code: run `dvc repro`"
            ) from None

    return MARKED.sub(text, page)


def pictures_of(page: str) -> list[str]:
    """Return the names of the pictures of docs/pictures/ that a page shows."""
    return re.findall(rf"\]\((?:{PICTURES.parent}/)?{PICTURES.name}/([\w-]+\.png)\)", page)


def plotted(picture: str) -> Path:
    """Return the file of data/plots/ that a picture of docs/pictures/ is a copy of."""
    return paths.DATA / "plots" / picture.replace("-", "/")


def copy_pictures(names: Iterable[str]) -> None:
    """Copy the pictures that pages show from data/plots/ to docs/pictures/, and remove those that none shows.

    Raises:
        StageError: a picture was not drawn, or is not in this checkout.
    """
    with new_folder(PICTURES) as folder:
        for name in names:
            source = plotted(name)
            if not source.exists():
                raise StageError(f"{source} is missing: run `dvc checkout` to fetch it, or `dvc repro` to make it")
            shutil.copyfile(source, folder / name)


def main() -> None:
    """Rewrite the pages, and copy the pictures that they show; change nothing where a result is missing."""
    try:
        texts = {path: updated(path.read_text(encoding="utf-8")) for path in pages(Path())}
        copy_pictures({picture for text in texts.values() for picture in pictures_of(text)})
    except StageError as error:
        sys.exit(str(error))
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{path}: {', '.join(START.findall(text)) or 'no results'}\n")


if __name__ == "__main__":
    main()
