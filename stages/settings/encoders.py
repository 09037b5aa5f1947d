"""The pretrained encoders a run can choose from."""

from typing import ClassVar

from stages.errors import StageError
from stages.settings.section import Single, Strict
from stages.settings.source import Source


class Encoder(Strict):
    """A Hugging Face encoder folder: `config.json`, `model.safetensors` and the tokenizer's files."""

    source: Source
    licence: str


class Encoders(Single[dict[str, Encoder]]):
    """The encoders by name."""

    key: ClassVar[str] = "encoders"

    @classmethod
    def named(cls, name: str) -> Encoder:
        """Gives one encoder.

        Raises:
            StageError: `params.yaml` is wrong, or describes no such encoder.
        """
        encoders = cls.load().root
        if name not in encoders:
            raise StageError(f"params.yaml: encoders.{name} is missing (described: {', '.join(encoders)})")
        return encoders[name]
