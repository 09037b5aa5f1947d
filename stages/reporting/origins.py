"""What a run was made from: data, licences, encoder; as tables."""

from collections.abc import Mapping

from stages.reporting.elements import Part, Table
from stages.reporting.measured import measured
from stages.reporting.numbers import many
from stages.settings.collections import Collection
from stages.settings.encoders import Encoder
from stages.settings.task import Task


def origins_part(
    tasks: Mapping[str, Task], collections: Mapping[str, Collection], encoder: str, described: Encoder
) -> Part:
    """Tells which texts there were, and under which licence they and the encoder come.

    Args:
        tasks: of the run, by name.
        collections: of the run, by name.
        encoder: its name.
        described: the encoder.
    """
    splits = Table(
        ["task", "split", "texts", "labels"],
        [
            [
                task,
                split,
                many(counts["all"]),
                ", ".join(f"{label} {many(count)}" for label, count in counts.items() if label != "all"),
            ]
            for task in tasks
            for split, counts in measured("prepare", task)["rows"].items()
        ],
        "How many texts there are to learn from, to choose by (validation), to be tested on, and of other kinds.",
        folded=True,
    )
    licences = Table(
        ["what", "name", "licence"],
        [
            *([f"task {name}", one.title, one.licence] for name, one in tasks.items()),
            *([f"collection {name}", one.title, one.licence] for name, one in collections.items()),
            ["encoder", encoder, described.licence],
        ],
        "Sources are pinned by checksum in catalogue/. Each model has a card in data/cards/.",
    )
    return Part("", [], [licences, splits])
