"""Settings of the stage `export`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from stages.settings.section import Name, Section, Strict


class Export(Section, Strict):
    """Which approaches become a file that runs without PyTorch, and how that is measured."""

    key: ClassVar[str] = "export"

    approaches: list[Name]
    batch_size: Annotated[int, Field(ge=1)]

    def contradictions(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is exported is held against the decisions of the original."""
        for name in self.approaches:
            if name not in params["approaches"]:
                yield "export.approaches", f"{name!r} is not among approaches ({', '.join(params['approaches'])})"
