"""How a model was made, as its own folder tells."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from huggingface_hub import ModelCard

from stages.classifiers.card import LIBRARY, USE
from stages.classifiers.manifest import Kind, Manifest
from stages.errors import StageError

FILE = "README.md"
ROUNDED = "Exported to ONNX, its weights rounded to 8 bits, so that it decides without PyTorch."
STARTED, LIMITS = "- **Started from**: ", "- **Limits**: "
DECIDES = " It decides between "  # is told otherwise where scores stand beside it
TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)
SEED = re.compile(r"^\| (?P<name>(?:[\w.]+\.)?seed) \| (?P<value>\d+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """What stands in a model folder's manifest and in its card.

    Attributes:
        kind: what loads it.
        teacher: the approach it learnt from, if any.
        library: that the hub knows it by, if any.
        made: what it is.
        started_from: what it was made from.
        limits: what not to expect of it.
        parameters: a Markdown table.
        validation: a Markdown table of the scores that it was chosen by; empty if it was not.
        use: a Markdown block of code.
    """

    kind: Kind
    teacher: str | None
    library: str | None
    made: str
    started_from: str
    limits: str
    parameters: str
    validation: str
    use: str

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest and the card of a model folder.

        Raises:
            StageError: one of them is missing or damaged.
        """
        manifest, path = Manifest.read(folder), folder / FILE
        try:
            card = ModelCard.load(path)
        except (FileNotFoundError, ValueError) as error:
            raise StageError(f"{path} is missing or damaged ({type(error).__name__}): run `dvc repro`") from None
        head, *sections = card.text.strip().split("\n## ")
        parts = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
        lines = head.splitlines()
        told = {mark: line.removeprefix(mark) for line in lines for mark in (STARTED, LIMITS) if line.startswith(mark)}
        if not (parts.keys() >= {"Parameters", "Scores", "Use"} and told.keys() >= {STARTED, LIMITS}):
            raise StageError(f"{path} is not the card that the pipeline wrote: delete {folder} and run `dvc repro`")
        return cls(
            kind=manifest.kind,
            teacher=manifest.teacher,
            library=card.data.get("library_name"),
            made=next(line for line in lines if line and not line.startswith("#")).partition(DECIDES)[0],
            started_from=told[STARTED],
            limits=told[LIMITS],
            parameters=parts["Parameters"],
            validation="\n".join(TABLE.findall(parts["Scores"])),
            use=parts["Use"],
        )

    def exported(self, folder: Path) -> Self:
        """Tells the same of the model's export in 8 bits, which lies in `folder`."""
        use = f"```python\n{USE['onnx'].format(folder=folder)}\n```"
        return replace(self, kind="onnx", library=LIBRARY["onnx"], made=f"{self.made} {ROUNDED}", use=use)

    @property
    def seeds(self) -> dict[str, int]:
        """The seeds among the parameters, by their names."""
        return {found["name"]: int(found["value"]) for found in SEED.finditer(self.parameters)}
