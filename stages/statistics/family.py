"""Who taught whom: approaches that learnt from another one, back to the first, which learnt from labels alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.errors import StageError


@dataclass(frozen=True, slots=True)
class Member:
    """An approach that was taught, or that teaches."""

    line: tuple[str, ...]  # from its ancestor, whom nobody taught, down to itself

    @property
    def ancestor(self) -> str:
        """The first of its line; an ancestor's own is itself."""
        return self.line[0]

    @property
    def teacher(self) -> str | None:
        """The one before it; None where nobody taught it."""
        return self.line[-2] if self.generation else None

    @property
    def generation(self) -> int:
        """How many were taught on the way: 0 for an ancestor."""
        return len(self.line) - 1


def families(teachers: Mapping[str, str | None]) -> dict[str, Member]:
    """Gives all who were taught and all who teach, each after its teacher.

    Args:
        teachers: of each approach; None where nobody taught it.

    Raises:
        StageError: a teacher is not among the approaches, or a line of teachers comes back to where it began.
    """
    lines = sorted(_line(name, teachers) for name in teachers)
    related = {name for line in lines if len(line) > 1 for name in line}
    return {line[-1]: Member(line) for line in lines if line[-1] in related}


def lineages(family: Mapping[str, Member]) -> list[tuple[str, ...]]:
    """Gives the line of each member who teaches nobody."""
    teaching = {member.teacher for member in family.values()}
    return [member.line for name, member in family.items() if name not in teaching]


def _line(name: str, teachers: Mapping[str, str | None]) -> tuple[str, ...]:
    line = [name]
    while teacher := teachers[line[0]]:
        if teacher not in teachers:
            raise StageError(
                f"{line[0]} was taught by {teacher}, whose decisions are missing: run `dvc repro` with {teacher} among "
                f"the `approaches` or `rounds`, or remove the decisions of {line[0]}"
            )
        if teacher in line:
            circle = [*reversed(line[: line.index(teacher) + 1]), teacher]
            raise StageError(
                f"{' taught by '.join(circle)}: in a circle nobody was first; give one of them another teacher and run "
                "`dvc repro`"
            )
        line.insert(0, teacher)
    return tuple(line)
