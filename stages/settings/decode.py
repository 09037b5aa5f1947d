"""Settings of the stage `decode`."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from stages.settings.section import Name, Section, Strict


class Decode(Section, Strict):
    """What is made of the scores of the approaches; which methods apply is said by each task."""

    key: ClassVar[str] = "decode"

    combine: list[Name]

    def contradictions(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is combined must be decided."""
        for name in self.combine:
            if name not in params["approaches"]:
                yield "decode.combine", f"{name!r} is not among approaches ({', '.join(params['approaches'])})"
