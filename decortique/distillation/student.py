"""Students: the static one, and what any student needs to be trained.

The static student has a vector for each token, whatever stands beside it, their pool, and one linear layer: what it
does to a text is a look-up and a mean. Its vectors begin as what the teacher makes of each token alone, as in
model2vec, and are trained on the teacher's answers on whole texts.
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
from decortique.distillation.narrowing import of_single_tokens
from decortique.distillation.objectives import Compared, Pupil, plain_objective, pupil_objective
from decortique.distillation.settings import StaticStudent, TransformerStudent
from decortique.distillation.start import Origin, begin
from decortique.distillation.teacher import Teacher
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.examples import Trainable
from decortique.models.folder import Predictions
from decortique.models.heads import Headed, save_headed
from decortique.models.losses import Objective
from decortique.models.settings import Training
from decortique.models.static import CONFIG, WEIGHTS, StaticConfig
from decortique.models.tokenizer import frame

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
        """Writes what `decortique.models.static` reads, which needs neither PyTorch nor transformers."""
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


@dataclass(frozen=True, slots=True)
class Learner:
    """A student before its training."""

    model: Pupil | Static
    objective: Objective[Any]
    states: list[int]  # numbers of the teacher's hidden states that it learns from

    @property
    def parameters(self) -> int:
        """Number of weights of the student alone."""
        own = self.model if isinstance(self.model, Static) else self.model.classifier
        return sum(values.numel() for values in own.parameters())

    def save(self, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Saves the student alone, without what stood between it and its teacher."""
        if isinstance(self.model, Static):
            self.model.save(tokenizer, folder)
        else:
            save_headed(Headed(self.model.classifier, self.model.primary), tokenizer, folder)


def new_learner(
    student: TransformerStudent | StaticStudent,
    teacher: Teacher,
    encoder: Path,
    tokenizer: PreTrainedTokenizerBase,
    labels: Sequence[str],
    settings: Training,
) -> Learner:
    """Makes a student.

    Args:
        student: what it is.
        teacher: whom it learns from.
        encoder: folder of the pretrained encoder, where its teacher has none to begin with.
        tokenizer: of the student.
        labels: the classes.
        settings: of its training.

    Raises:
        StageError: it cannot begin so, or learn that from this teacher.
    """
    taught_by = teacher.headed.classifier if teacher.headed else None
    origin = Origin(taught_by, encoder, labels, frame(tokenizer))
    if isinstance(student, StaticStudent):
        return _static(student, origin, tokenizer, settings.seed)
    classifier = begin(student.start, origin, dropout=settings.dropout, seed=settings.seed)
    compared = Compared.of(student.learns, student.start, taught_by.config.num_hidden_layers if taught_by else 0)
    if compared.attention and taught_by:
        for model in (classifier, taught_by):
            model.set_attn_implementation("eager")  # the faster ones never hold a whole map
    primary = teacher.headed.primary if teacher.headed else "primary"
    width = taught_by.config.hidden_size if taught_by else classifier.config.hidden_size
    pupil = Pupil(classifier, primary, compared, width)
    return Learner(pupil, pupil_objective(student.learns, compared, taught_by), compared.states)


def _static(student: StaticStudent, origin: Origin, tokenizer: PreTrainedTokenizerBase, seed: int) -> Learner:
    wide = origin.teacher or origin.fresh(seed)
    vectors = of_single_tokens(wide, origin.frame, lambda states: states[-1].mean(1))
    model = Static(
        principal(vectors, student.width, seed),
        len(origin.labels),
        skipped=sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}),
        pooling=student.pooling,
        token_dropout=student.token_dropout,
    )
    return Learner(model, plain_objective(student.learns), [])
