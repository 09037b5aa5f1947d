"""The choices that shape the chain as a whole: which tasks, which approaches, which encoder, on what machine."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from stages.settings.section import Name, Section, Single, Strict


class Tasks(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The tasks of a run, each described under `task.<name>`."""

    key: ClassVar[str] = "tasks"

    def contradictions(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A task that is run must be described."""
        for name in self.root:
            if name not in params["task"]:
                yield "tasks", f"{name!r} is not described under task (described: {', '.join(params['task'])})"


class Approaches(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The approaches that decide and are compared; the first one is the baseline of the paired tests."""

    key: ClassVar[str] = "approaches"

    @property
    def baseline(self) -> str:
        """The approach every other one is tested against."""
        return self.root[0]


class EncoderName(Single[str]):
    """The pretrained encoder of a run, described under `encoders.<name>`."""

    key: ClassVar[str] = "encoder"

    def contradictions(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The encoder that is used must be described."""
        if self.root not in params["encoders"]:
            yield "encoder", f"{self.root!r} is not described under encoders ({', '.join(params['encoders'])})"


class Launcher(Single[Annotated[str, Field(min_length=1)]]):
    """What starts the stages that train: python, or a launcher of several processes."""

    key: ClassVar[str] = "launcher"


class Compute(Section, Strict):
    """The machine's part in a result: its threads change the order of sums, hence the last digits of weights."""

    key: ClassVar[str] = "compute"

    threads: Annotated[int, Field(ge=1)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, cuda, cuda:N or mps")]
