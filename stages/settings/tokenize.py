"""Settings of the stage `tokenize`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.section import Section, Strict

Side = Literal["left", "right"]


class Tokenize(Section, Strict):
    """How texts become token ids of one length; the names are those of `PreTrainedTokenizer`."""

    key: ClassVar[str] = "tokenize"

    max_length: Annotated[int, Field(ge=4)]
    truncation_side: Side
    padding: Literal["max_length", "longest", "do_not_pad"]
    padding_side: Side
