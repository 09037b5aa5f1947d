"""The pretrained encoders a run can choose from."""

from typing import ClassVar

from stages.settings.section import Single, Strict
from stages.settings.source import Source


class Encoder(Strict):
    """A Hugging Face encoder folder: `config.json`, `model.safetensors` and the tokenizer's files."""

    source: Source
    licence: str


class Encoders(Single[dict[str, Encoder]]):
    """The encoders by name."""

    key: ClassVar[str] = "encoders"
