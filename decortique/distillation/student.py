"""Students: the static one, and what any student needs to be trained.

The static student has a vector for each token, whatever its context, their pooled vector, and one linear layer: what it
does to a text is a look-up and a mean. Its vectors start as the teacher's states of each token alone, as in model2vec,
and are trained on the teacher's outputs on whole texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from decortique.core.files import write_json
from decortique.core.measures import probabilities
from decortique.distillation.objectives import Compared, StudentModel, distillation_objective, logits_objective
from decortique.distillation.settings import StaticStudent, TransformerStudent
from decortique.distillation.start import Origin, single_token_states, untrained_student
from decortique.distillation.teacher import Teacher
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.folder import Predictions
from decortique.models.heads import Headed, Trainable, save_headed
from decortique.models.losses import Objective
from decortique.models.settings import Training
from decortique.models.static import CONFIG, WEIGHTS, StaticConfig
from decortique.models.tokenizer import special_token_affixes

POWER_ITERATIONS = 4  # for the principal components


class Static(Trainable):
    """Tokens → logits, whatever their order."""

    title = "static vectors"
    skipped: torch.Tensor

    def __init__(
        self, vectors: torch.Tensor, classes: int, *, skipped: Sequence[int], pooling: str, token_dropout: float
    ) -> None:
        """Start from `vectors`, (vocabulary, width), with a fresh linear layer.

        Tokens in `skipped` are no part of a text. `pooling` is `mean` or `mean_max`; `token_dropout` is the share of
        the tokens that are hidden in training.
        """
        super().__init__()
        vocabulary, width = vectors.shape
        self.embeddings = nn.Embedding.from_pretrained(vectors.clone(), freeze=False)  # type: ignore[no-untyped-call]
        self.weights = nn.Parameter(torch.zeros(vocabulary))  # logarithms: a weight is above zero
        self.pooling, self.token_dropout = pooling, token_dropout
        self.linear = nn.Linear(width * (2 if pooling == "mean_max" else 1), classes)
        self.register_buffer("skipped", torch.zeros(vocabulary, dtype=torch.bool))
        self.skipped[list(skipped)] = True

    def layer_indices(self) -> dict[int, int]:
        """Return the layer of each parameter by its `id`: the vectors are below the linear layer."""
        return {id(self.embeddings.weight): 0, id(self.weights): 0}

    def word_embeddings(self) -> nn.Embedding:
        """Return the table with a row for each token of the vocabulary."""
        return self.embeddings

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, classes) logits of (batch, length) ids; the mask is 0 at padding."""
        seen = attention_mask.bool() & ~self.skipped[input_ids]
        if self.training and self.token_dropout:
            seen &= torch.rand(seen.shape, device=seen.device) >= self.token_dropout
        vectors = self.embeddings(input_ids)
        weights = self.weights[input_ids].exp() * seen
        # The logits of a text without a token, whose weights add up to 0, are the bias of the linear layer.
        parts = [(vectors * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True).clamp(min=1e-9)]
        if self.pooling == "mean_max":
            greatest = vectors.masked_fill(~seen.unsqueeze(-1), -torch.inf).max(1).values
            parts.append(greatest.masked_fill(~seen.any(1, keepdim=True), 0.0))
        return self.linear(torch.cat(parts, dim=-1))

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Predict in evaluation mode; `done` is called with the number of texts of each batch."""
        self.eval()

        def compute(batch: Batch) -> torch.Tensor:
            return self(**batch)

        logits = encode(rows, compute, batch_size=batch_size, padding_id=0, device=self.device, done=done)
        return Predictions(probabilities(logits))

    def save(self, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write what `decortique.models.static` reads, which needs neither PyTorch nor transformers."""
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
        config = StaticConfig(max_length=tokenizer.model_max_length, truncation_side=tokenizer.truncation_side)
        write_json(folder / CONFIG, config.model_dump())


def principal_components(vectors: torch.Tensor, width: int, seed: int) -> torch.Tensor:
    """Return (vectors, width): principal components, scaled so that a vector is of length one in the mean.

    The power iteration starts at random (Halko et al., 2011); if there are fewer components than `width`, the others
    are 0.
    """
    torch.manual_seed(seed)
    centred = vectors - vectors.mean(0)
    _, _, directions = torch.pca_lowrank(centred, q=min(width, *vectors.shape), center=False, niter=POWER_ITERATIONS)
    signs = directions.sum(0).sign()
    components = functional.pad(centred @ (directions * signs), (0, max(0, width - directions.shape[1])))
    return components / components.norm(dim=1).mean()


@dataclass(frozen=True, slots=True)
class StudentSetup:
    """A student before its training, and its loss."""

    model: StudentModel | Static
    objective: Objective[Any]
    states: list[int]  # indices of the teacher's hidden states that are among its targets

    @property
    def parameters(self) -> int:
        """Number of weights of the student alone."""
        own = self.model if isinstance(self.model, Static) else self.model.classifier
        return sum(values.numel() for values in own.parameters())

    def save(self, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Save the student alone, without its projections."""
        if isinstance(self.model, Static):
            self.model.save(tokenizer, folder)
        else:
            save_headed(Headed(self.model.classifier, self.model.primary), tokenizer, folder)


def set_up_student(
    student: TransformerStudent | StaticStudent,
    teacher: Teacher,
    encoder: Path,
    tokenizer: PreTrainedTokenizerBase,
    labels: Sequence[str],
    settings: Training,
) -> StudentSetup:
    """Make a student with its loss; `encoder` is the folder of the pretrained encoder, `tokenizer` the student's.

    Raises:
        StageError: it cannot start so, or a term of its loss does not suit this teacher.
    """
    transformer = teacher.headed.classifier if teacher.headed else None
    origin = Origin(transformer, encoder, labels, special_token_affixes(tokenizer))
    if isinstance(student, StaticStudent):
        states = single_token_states(transformer or origin.fresh(settings.seed), origin.affixes, _mean_of_last_layer)
        model = Static(
            principal_components(states, student.width, settings.seed),
            len(labels),
            skipped=sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}),
            pooling=student.pooling,
            token_dropout=student.token_dropout,
        )
        return StudentSetup(model, logits_objective(student.loss), [])
    classifier = untrained_student(student.start, origin, dropout=settings.dropout, seed=settings.seed)
    compared = Compared.of(student.loss, student.start, transformer.config.num_hidden_layers if transformer else 0)
    if compared.attention and transformer:
        for one in (classifier, transformer):
            one.set_attn_implementation("eager")  # the faster ones never hold a whole attention map
    primary = teacher.headed.primary if teacher.headed else "primary"
    width = (transformer or classifier).config.hidden_size
    objective = distillation_objective(student.loss, compared, transformer)
    return StudentSetup(StudentModel(classifier, primary, compared, width), objective, compared.states)


def _mean_of_last_layer(states: Sequence[torch.Tensor]) -> torch.Tensor:
    return states[-1].mean(1)
