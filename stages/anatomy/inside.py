"""What a model computes between its steps: attention maps, and the states of the tokens layer by layer."""

from dataclasses import dataclass

import numpy as np
import torch

from stages.errors import StageError
from stages.transformer.batches import Collate, TokenRows
from stages.transformer.heads import Headed


@dataclass(frozen=True, slots=True)
class Inside:
    """What was seen of some texts, padding included; a text's real tokens come first.

    Attributes:
        input_ids: (texts, length).
        attention_mask: (texts, length), 0 at padding.
        attention: (blocks, texts, heads, length, length): how much the token of a row takes from that of a column.
        states: (1 + blocks, texts, length, width): the embeddings, then what each block gives. The last ones are what
            the decisions read.
    """

    input_ids: np.ndarray
    attention_mask: np.ndarray
    attention: np.ndarray
    states: np.ndarray

    @property
    def lengths(self) -> list[int]:
        """Number of real tokens of each text."""
        return self.attention_mask.sum(axis=1).tolist()

    @property
    def layers(self) -> list[str]:
        """Names of what `states` holds."""
        return ["embeddings", *(f"block {number}" for number in range(1, len(self.states)))]

    def maps(self, text: int) -> np.ndarray:
        """Gives (blocks, heads, tokens, tokens) attention between the real tokens of a text; each row adds up to 1."""
        length = self.lengths[text]
        return self.attention[:, text, :, :length, :length]

    def tokens(self, layer: int) -> np.ndarray:
        """Gives (tokens, width) states of the real tokens of all texts, one text after the other."""
        return self.states[layer][self.attention_mask.astype(bool)]


@torch.inference_mode()
def look_inside(model: Headed, rows: TokenRows) -> Inside:
    """Sends texts through a model, all at once, and keeps what it computes.

    Raises:
        StageError: its family has no attention of each token to each other one, or keeps it to itself.
    """
    classifier = model.classifier
    classifier.set_attn_implementation("eager")  # the faster ones never hold a whole map
    batch = Collate(classifier.config.pad_token_id, {})([rows[place] for place in range(len(rows))])
    output = classifier(
        **{name: values.to(model.device) for name, values in batch.items()},
        output_attentions=True,
        output_hidden_states=True,
    )
    square = (rows.lengths.max(),) * 2
    if not all(maps is not None and maps.shape[2:] == square for maps in output.attentions or [None]):
        raise StageError(f"a {classifier.config.model_type} gives no whole attention maps: choose another encoder")
    return Inside(
        batch["input_ids"].numpy(),
        batch["attention_mask"].numpy(),
        torch.stack(output.attentions).float().cpu().numpy(),
        torch.stack(output.hidden_states).float().cpu().numpy(),
    )
