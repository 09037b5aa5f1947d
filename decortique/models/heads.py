"""The model of a task: one encoder with one or several heads; its predictions."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import StageError, read_json, write_json
from decortique.core.measures import probabilities
from decortique.core.settings import Compute
from decortique.data.settings import Head, RegressionHead
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.encoder import pooled
from decortique.models.folder import Done, Predictions
from decortique.models.pretrained import (
    first_token_only,
    layer_indices,
    load_classifier,
    new_classifier,
    prepare_device,
    save_classifier,
)
from decortique.models.tokenizer import load_tokenizer, tokenize_texts

CONFIG, WEIGHTS = "heads.json", "heads.safetensors"
MODULE = "head {}"  # a bare name may be one that torch's modules have for themselves: `type`, `train`


class Trainable(nn.Module):
    """A model that `decortique.models.training` can train, whatever its architecture."""

    title: str  # for people: `3 layers`

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    def layer_indices(self) -> dict[int, int]:
        """Return the layer of each parameter by its `id`, from 0; those left out are heads, above all layers."""
        raise NotImplementedError

    def word_embeddings(self) -> nn.Embedding:
        """Return the table with a row for each token of the vocabulary."""
        raise NotImplementedError

    def read_states_only(self) -> AbstractContextManager[None]:
        """Return a context in which hidden states that neither head nor loss reads need not be computed."""
        return nullcontext()

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Predict in evaluation mode; `done` is called with the number of texts of each batch."""
        raise NotImplementedError

    def enable_gradient_checkpointing(self) -> bool:
        """Recompute activations in the backward pass instead of keeping them; return False if the model cannot."""
        return False


class Classification(nn.Module):
    """Linear layer from the vector of a text to the logits of the labels."""

    def __init__(self, width: int, labels: Sequence[str], loss: str) -> None:
        super().__init__()
        self.labels, self.loss = list(labels), loss
        self.linear = nn.Linear(width, len(self.labels))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return (batch, classes) logits of (batch, width) vectors."""
        return self.linear(vectors)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return (texts, classes) probabilities of (texts, classes) logits."""
        return probabilities(outputs, binary=self.loss == "binary")


class Regression(nn.Module):
    """Linear layer from the vector of a text to a number, on the scale of the training numbers."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))

    def fit_scale(self, numbers: torch.Tensor) -> None:
        """Take mean and standard deviation from the (texts,) training numbers, NaN left out."""
        known = numbers[~numbers.isnan()]
        self.mean.copy_(known.mean())
        self.deviation.copy_(known.std(correction=0).clamp(min=1e-6))

    def standardize(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return numbers in standard deviations from the mean, in which losses are computed."""
        return (numbers - self.mean) / self.deviation

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return (batch,) numbers of (batch, width) vectors."""
        # In 32 bits whatever the rest is computed in: of a year, 16 bits keep no more than the decade.
        return self.linear(vectors).squeeze(-1).float() * self.deviation + self.mean

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return (texts,) numbers of (texts, 1) outputs."""
        return outputs[:, 0].astype(np.float64)


ExtraHead = Classification | Regression


class Headed(Trainable):
    """An encoder with several heads.

    The primary one is what transformers puts on the encoder, whatever its family; each extra one reads the mean of the
    last layer's hidden states.
    """

    def __init__(self, classifier: PreTrainedModel, primary: str, extra: Mapping[str, ExtraHead] | None = None) -> None:
        super().__init__()
        self.classifier, self.primary = classifier, primary
        self.title = f"{classifier.config.num_hidden_layers} layers"
        self.others = nn.ModuleDict({MODULE.format(name): head for name, head in (extra or {}).items()})

    def extra_heads(self) -> dict[str, ExtraHead]:
        """Return the heads beside the primary one, by name."""
        prefix = MODULE.format("")
        return {name.removeprefix(prefix): cast("ExtraHead", head) for name, head in self.others.items()}

    def layer_indices(self) -> dict[int, int]:
        """Return the layer of each backbone parameter by its `id`."""
        return layer_indices(self.classifier)

    def word_embeddings(self) -> nn.Embedding:
        """Return the table with a row for each token of the vocabulary."""
        return cast("nn.Embedding", self.classifier.get_input_embeddings())

    def read_states_only(self) -> AbstractContextManager[None]:
        """Return a context in which hidden states that neither head nor loss reads need not be computed."""
        return nullcontext() if self.others else first_token_only(self.classifier)

    def enable_gradient_checkpointing(self) -> bool:
        """Recompute activations in the backward pass instead of keeping them; return False if the model cannot."""
        if self.classifier.supports_gradient_checkpointing:
            self.classifier.activation_checkpointing_enable()
        return self.classifier.supports_gradient_checkpointing

    def forward(self, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the output of each head by name: (batch, classes) logits or (batch,) numbers, the primary first.

        `batch` holds `input_ids` and `attention_mask`, (batch, length).
        """
        output = self.classifier(**batch, output_hidden_states=bool(self.others))
        outputs = {self.primary: output.logits}
        if self.others:
            vectors = pooled(output.hidden_states[-1], batch["attention_mask"], "mean")
            outputs |= {name: head(vectors) for name, head in self.extra_heads().items()}
        return outputs

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Predict in evaluation mode; `done` is called with the number of texts of each batch."""
        self.eval()
        config = self.classifier.config

        def compute(batch: Batch) -> torch.Tensor:
            return torch.cat([values.reshape(len(values), -1) for values in self(**batch).values()], dim=1)

        with self.read_states_only():
            values = encode(
                rows, compute, batch_size=batch_size, padding_id=config.pad_token_id, device=self.device, done=done
            )
        extra = self.extra_heads()
        widths = [config.num_labels, *(head.linear.out_features for head in extra.values())]
        if not len(rows):
            values = np.empty((0, sum(widths)), np.float32)
        first, *rest = np.split(values, np.cumsum(widths)[:-1], axis=1)
        return Predictions(
            probabilities(first, binary=config.problem_type == "multi_label_classification"),
            {name: head.predictions(part) for (name, head), part in zip(extra.items(), rest, strict=True)},
        )


def new_headed(
    folder: Path, labels: Sequence[str], heads: Mapping[str, Head], *, dropout: float | None, seed: int
) -> Headed:
    """Put fresh heads, the primary one first, on the pretrained encoder of a folder; see `new_classifier`."""
    classifier = new_classifier(folder, labels, dropout=dropout, seed=seed)
    (primary, first), *extra = heads.items()
    if first.loss == "binary":  # transformers' pipeline then applies the sigmoid that belongs to it
        classifier.config.problem_type = "multi_label_classification"
    width = classifier.config.hidden_size
    return Headed(
        classifier,
        primary,
        {
            name: Regression(width) if isinstance(head, RegressionHead) else Classification(width, labels, head.loss)
            for name, head in extra
        },
    )


class _HeadConfig(BaseModel):
    kind: Literal["classification", "regression"]
    labels: list[str] = []
    loss: str = ""


class _Config(BaseModel):
    primary: str
    others: dict[str, _HeadConfig]


def save_headed(model: Headed, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a model folder that `load_headed` reads with all its heads.

    Any program loads its primary head with `AutoModelForSequenceClassification.from_pretrained(folder)`; the extra ones
    lie beside it, in `heads.safetensors`.
    """
    save_classifier(model.classifier, tokenizer, folder)
    extra = {
        name: {"kind": "classification", "labels": head.labels, "loss": head.loss}
        if isinstance(head, Classification)
        else {"kind": "regression"}
        for name, head in model.extra_heads().items()
    }
    write_json(folder / CONFIG, {"primary": model.primary, "others": extra})
    if extra:
        save_file({name: values.contiguous() for name, values in model.others.state_dict().items()}, folder / WEIGHTS)


def load_headed(folder: Path) -> Headed:
    """Load a model folder with all its heads; one that another program saved has its primary head only.

    Raises:
        StageError: the folder is missing or damaged.
    """
    classifier = load_classifier(folder)
    if not (folder / CONFIG).exists() and not (folder / WEIGHTS).exists():
        return Headed(classifier, "primary")
    try:
        config = _Config.model_validate(read_json(folder / CONFIG))
        width = classifier.config.hidden_size
        extra: dict[str, ExtraHead] = {
            name: Regression(width) if head.kind == "regression" else Classification(width, head.labels, head.loss)
            for name, head in config.others.items()
        }
        model = Headed(classifier, config.primary, extra)
        if extra:
            model.others.load_state_dict(load_file(folder / WEIGHTS))
    except (ValidationError, OSError, SafetensorError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StageError(f"{folder} has heads that cannot be loaded ({reason}): run `dvc repro`") from None
    return model.eval()


class TransformerClassifier:
    """Texts → tokens → encoder → heads."""

    def __init__(self, model: Headed, tokenizer: PreTrainedTokenizerBase, batch_size: int) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute, *_: object) -> "TransformerClassifier":
        """Load a folder of `save_headed`."""
        device = prepare_device(compute)
        return cls(load_headed(folder).to(device), load_tokenizer(folder), compute.batch_size)

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Predict; see `Classifier`."""
        rows = TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)
        return self.model.predict(rows, batch_size=self.batch_size, done=done)
