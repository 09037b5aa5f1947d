"""The pretrained encoders a run can choose from."""

from typing import ClassVar, Literal

from pydantic import model_validator

from stages.settings.section import Catalogue, Strict
from stages.settings.source import Source

PACKED = "weights.q4"


class Encoder(Strict):
    """A Hugging Face encoder folder: `config.json`, `model.safetensors` and the tokenizer's files.

    Attributes:
        source: brings those files; or, if the weights are packed, `weights.q4` and `tokenizer.json`.
        weights: `packed` in 4 bits (see stages/encoders/packed.py), or safetensors.
        prefix: what the encoder was trained to see before every text, such as `query: `; it becomes a part of the
            tokenizer, so that nothing that reads the encoder can forget it.
    """

    source: Source
    licence: str
    weights: Literal["safetensors", "packed"] = "safetensors"
    prefix: str = ""

    @model_validator(mode="after")
    def _brings_what_it_is_made_of(self) -> "Encoder":
        packed = self.weights == "packed"
        brought = self.source.brings()
        needed = ([PACKED] if packed else []) + (["tokenizer.json"] if packed or self.prefix else [])
        if absent := [file for file in needed if file not in brought]:
            reason = "weights: packed" if packed else "prefix"
            raise ValueError(f"source brings no {absent[0]}, which `{reason}` is about (it brings {sorted(brought)})")
        if made := brought & ({"config.json", "model.safetensors"} if packed else {PACKED}):
            raise ValueError(f"source brings {min(made)}, which does not go with weights: {self.weights}")
        return self


class Encoders(Catalogue[Encoder]):
    """The encoders by name."""

    folder: ClassVar[str] = "encoders"
