"""The report as a file: one page that needs nothing but itself."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from stages.artifacts.files import new_file
from stages.errors import StageError
from stages.reporting.elements import Picture, Section
from stages.reporting.sections import LEAD, TITLE

COLOURS = 96  # of a picture: lines and letters on white need few, and a page of 5 MB should hold them all


def write_page(path: Path, sections: Sequence[Section], *, confidence: float, megabytes: float) -> None:
    """Writes a page whose style and pictures are inside it; what stands in the texts is shown, not obeyed.

    Args:
        path: the HTML file.
        sections: in their order.
        confidence: of the intervals.
        megabytes: of the page at most.

    Raises:
        StageError: a picture is missing, or the page would be larger.
    """
    pictures = {
        block.path: inlined(block.path)
        for section in sections
        for part in section.parts
        for block in part.blocks
        if isinstance(block, Picture)
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("page.html.j2").render(
        title=TITLE, lead=LEAD, sections=sections, pictures=pictures, confidence=f"{confidence:.0%}"
    )
    if len(page.encode()) > megabytes * 1e6:
        raise StageError(
            f"{path.name} would have {len(page.encode()) / 1e6:.1f} MB, report.megabytes allows {megabytes:g}: raise "
            "it, or run fewer tasks"
        )
    with new_file(path) as temporary:
        temporary.write_text(page + "\n", encoding="utf-8")


def inlined(path: Path) -> str:
    """Gives a picture as an address that holds it, in fewer colours: a third of the bytes.

    Raises:
        StageError: it is missing, or no picture.
    """
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    except OSError as error:
        raise StageError(f"{path} is missing, or no picture ({error}): run `dvc repro` to draw it") from None
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
