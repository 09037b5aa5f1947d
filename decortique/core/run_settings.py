"""The choices that shape the chain as a whole: which tasks, which approaches, which encoder, on what machine."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from decortique.core.settings import Name, Run, Section, Single, Strict


class Tasks(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The tasks of a run, each described in `catalogue/tasks/`."""

    key: ClassVar[str] = "tasks"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A task that is run must be described."""
        yield from (("tasks", "tasks", name) for name in self.root)


class Approaches(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The approaches that predict and are compared; the first one is the baseline of the paired tests."""

    key: ClassVar[str] = "approaches"

    @property
    def baseline(self) -> str:
        """The approach every other one is tested against."""
        return self.root[0]


class EncoderName(Single[Name]):
    """The pretrained encoder of a run, described in `catalogue/encoders/`."""

    key: ClassVar[str] = "encoder"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """The encoder that is used must be described."""
        yield "encoder", "encoders", self.root

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Finds a tokenizer that would cut off the prefix of the encoder."""
        if run.entry("encoders", self.root).prefix and run["tokenize"].truncation_side == "left":
            where = run.catalogue / "encoders" / f"{self.root}.yaml"
            yield "tokenize.truncation_side", f"left cuts the prefix of {where} off long texts: choose right"


class Launcher(Single[Annotated[str, Field(min_length=1)]]):
    """What starts the stages that train: python, or a launcher of several processes."""

    key: ClassVar[str] = "launcher"


class Compute(Section, Strict):
    """The machine's part in a result: its threads change the order of sums, hence the last digits of weights.

    Attributes:
        threads: of torch and ONNX Runtime.
        device: on which models compute.
        batch_size: texts at once wherever nothing is trained.
    """

    key: ClassVar[str] = "compute"

    threads: Annotated[int, Field(ge=1)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, cuda, cuda:N or mps")]
    batch_size: Annotated[int, Field(ge=1)]
