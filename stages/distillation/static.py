"""The extreme student: a vector for each token, whatever stands beside it, their pool, and one linear layer.

What it does to a text is a look-up and a mean. Its vectors begin as what the teacher makes of each token alone, as in
model2vec, and learn from the teacher's answers on whole texts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from stages.artifacts.files import write_json
from stages.artifacts.predictions import Predictions
from stages.classifiers.static import CONFIG, WEIGHTS, StaticConfig
from stages.statistics.logits import probabilities
from stages.transformer.batches import Batch, TokenRows
from stages.transformer.encoding import encode
from stages.transformer.trainable import Trainable

ROUNDS = 4  # of the power iteration that finds the principal components


class Static(Trainable):
    """Tokens → logits, without looking at their order."""

    skipped: torch.Tensor

    def __init__(
        self, vectors: torch.Tensor, classes: int, *, skipped: Sequence[int], pooling: str, token_dropout: float
    ) -> None:
        """Starts from vectors.

        Args:
            vectors: (vocabulary, width), one a token.
            classes: between how many it decides.
            skipped: tokens that stand for no part of a text.
            pooling: `mean` or `mean_max`.
            token_dropout: share of the tokens it does not see in training.
        """
        super().__init__()
        vocabulary, width = vectors.shape
        self.embeddings = nn.Embedding.from_pretrained(vectors.clone(), freeze=False)  # type: ignore[no-untyped-call]
        self.weights = nn.Parameter(torch.zeros(vocabulary))  # logarithms: a weight is above zero
        self.pooling, self.token_dropout = pooling, token_dropout
        self.linear = nn.Linear(width * (2 if pooling == "mean_max" else 1), classes)
        self.register_buffer("skipped", torch.zeros(vocabulary, dtype=torch.bool))
        self.skipped[list(skipped)] = True

    @property
    def title(self) -> str:
        """What it is."""
        return "static vectors"

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.weights.device

    def heights(self) -> dict[int, int]:
        """Tells that the vectors stand below the decision."""
        return {id(self.embeddings.weight): 0, id(self.weights): 0}

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Gives (batch, classes) logits.

        Args:
            input_ids: (batch, length).
            attention_mask: (batch, length), 0 at padding.
        """
        seen = attention_mask.bool() & ~self.skipped[input_ids]
        if self.training and self.token_dropout:
            seen &= torch.rand(seen.shape, device=seen.device) >= self.token_dropout
        vectors = self.embeddings(input_ids)
        weights = self.weights[input_ids].exp() * seen
        # A text without a token, whose weights add up to 0, is told by the bias of the decision alone.
        parts = [(vectors * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True).clamp(min=1e-9)]
        if self.pooling == "mean_max":
            greatest = vectors.masked_fill(~seen.unsqueeze(-1), -torch.inf).max(1).values
            parts.append(greatest.masked_fill(~seen.any(1, keepdim=True), 0.0))
        return self.linear(torch.cat(parts, dim=-1))

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Runs texts through it, without training it, on its device."""
        self.eval()

        def compute(batch: Batch) -> torch.Tensor:
            return self(**batch)

        logits = encode(rows, compute, batch_size=batch_size, padding_id=0, device=self.device, done=done)
        return Predictions(probabilities(logits))

    def save(self, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Writes what `stages.classifiers.static` reads, which needs neither PyTorch nor transformers."""
        save_file(
            {
                "embeddings": self.embeddings.weight.detach().cpu(),
                "weights": (self.weights.exp() * ~self.skipped).detach().cpu(),
                "linear": self.linear.weight.detach().cpu(),
                "bias": self.linear.bias.detach().cpu(),
            },
            folder / WEIGHTS,
        )
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        config = StaticConfig(
            max_length=tokenizer.model_max_length,
            truncation_side=tokenizer.truncation_side,
        )
        write_json(folder / CONFIG, config.model_dump())


def principal(vectors: torch.Tensor, width: int, seed: int) -> torch.Tensor:
    """Gives (vectors, width): the principal components, scaled so that a vector is of length one in the mean.

    Args:
        vectors: (vectors, components).
        width: at most as many as there are components.
        seed: of the random start of the power iteration (Halko et al., 2011).
    """
    torch.manual_seed(seed)
    centred = vectors - vectors.mean(0)
    _, _, directions = torch.pca_lowrank(centred, q=min(width, *vectors.shape), center=False, niter=ROUNDS)
    signs = directions.sum(0).sign()
    components = functional.pad(centred @ (directions * signs), (0, max(0, width - directions.shape[1])))
    return components / components.norm(dim=1).mean()
