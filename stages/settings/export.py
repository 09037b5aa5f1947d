"""Settings of the stage `export`."""

from collections.abc import Iterator
from typing import ClassVar

from stages.settings.section import Name, Run, Section, Strict


class Export(Section, Strict):
    """Which approaches become a file that runs without PyTorch."""

    key: ClassVar[str] = "export"

    approaches: list[Name]

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What is exported is held against the decisions of the original."""
        for name in self.approaches:
            if name not in run["approaches"].root:
                yield "export.approaches", f"{name!r} is not among approaches ({', '.join(run['approaches'].root)})"
