"""Settings of the stage `decode`."""

from collections.abc import Iterator
from typing import ClassVar

from stages.settings.section import Name, Run, Section, Share, Strict

COMBINED = "combined"  # the name of what is combined, beside those of the approaches


class Decode(Section, Strict):
    """What is made of the scores of the approaches; which methods apply is said by each task."""

    key: ClassVar[str] = "decode"

    combine: list[Name]
    own_level: Share

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What is combined must be decided, and needs its name for itself."""
        approaches = run["approaches"].root
        for name in self.combine:
            if name not in approaches:
                yield "decode.combine", f"{name!r} is not among approaches ({', '.join(approaches)})"
        if self.combine and COMBINED in approaches:
            yield "approaches", f"{COMBINED!r} is what decode.combine makes: give the approach another name"
