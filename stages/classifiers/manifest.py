"""What a model folder says of itself in `approach.json`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ValidationError

from stages.artifacts.files import read_json, write_json
from stages.errors import StageError

FILE = "approach.json"
ZERO_SHOT = "zero_shot.json"  # beside it, where the kind is zero-shot: the descriptions of the labels


Kind = Literal["bag-of-words", "transformer", "onnx", "static", "vader", "zero-shot"]


class Manifest(BaseModel):
    """Which classifier loads the folder, what it decides between, and whom it learnt from."""

    kind: Kind
    labels: list[str]
    teacher: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest of a model folder.

        Raises:
            StageError: there is none, or it is damaged.
        """
        try:
            return cls.model_validate(read_json(folder / FILE))
        except ValidationError as error:
            raise StageError(f"{folder / FILE} is damaged ({error.error_count()} errors): run `dvc repro`") from None

    def write(self, folder: Path) -> None:
        """Writes the manifest into a model folder."""
        write_json(folder / FILE, self.model_dump())
