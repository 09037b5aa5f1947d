"""How all pictures look, and how they are saved with the same bytes each time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stages.artifacts.files import new_file

# Okabe & Ito's colours, told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442"]

STYLE = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "font.size": 9,
    "legend.frameon": False,
    "savefig.dpi": 130,
}


@contextmanager
def picture(path: Path, columns: int = 1, width: float = 4.2, height: float = 3.8) -> Iterator[Sequence[Axes]]:
    """Gives the axes of a row of `columns` panels (inches each) and saves them as PNG when the block ends well."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure.subplots(1, columns, squeeze=False)[0]
        with new_file(path) as temporary:
            figure.savefig(temporary, format="png", metadata={"Software": None})
