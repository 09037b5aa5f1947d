"""Heads on one encoder: the model of a task, and predictions with it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.errors import StageError
from decortique.core.files import read_json, write_json
from decortique.core.measures import probabilities
from decortique.core.run_settings import Compute
from decortique.data.task_settings import Head, RegressionHead
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.examples import Trainable
from decortique.models.folder import Done, Predictions
from decortique.models.pretrained import (
    heights,
    load_classifier,
    new_classifier,
    pooled,
    prepare_device,
    save_classifier,
)
from decortique.models.tokenizer import load_tokenizer, tokenize_texts

DESCRIBED, WEIGHTS = "heads.json", "heads.safetensors"
MODULE = "head {}"  # a bare name may be one that torch's modules have for themselves: `type`, `train`
Outputs = dict[str, torch.Tensor]


class Classification(nn.Module):
    """Vector of a text → logits of the labels."""

    def __init__(self, width: int, labels: Sequence[str], loss: str) -> None:
        """Takes the width of the trunk, and the loss it is trained by."""
        super().__init__()
        self.labels, self.loss = list(labels), loss
        self.linear = nn.Linear(width, len(self.labels))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Gives (batch, classes) logits of (batch, width) vectors."""
        return self.linear(vectors)

    def predicted(self, outputs: np.ndarray) -> np.ndarray:
        """Gives (texts, classes) probabilities of (texts, classes) logits."""
        return probabilities(outputs, binary=self.loss == "binary")

    def described(self) -> dict[str, Any]:
        """Says what `load_headed` needs to make it anew."""
        return {"kind": "classification", "labels": self.labels, "loss": self.loss}


class Regression(nn.Module):
    """Vector of a text → a number, on the scale of the training numbers."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, width: int) -> None:
        """Takes the width of the trunk; the scale is that of `fit`."""
        super().__init__()
        self.linear = nn.Linear(width, 1)
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))

    def fit(self, numbers: torch.Tensor) -> None:
        """Takes mean and standard deviation from the (texts,) training numbers, of which NaN are left out."""
        known = numbers[~numbers.isnan()]
        self.mean.copy_(known.mean())
        self.deviation.copy_(known.std(correction=0).clamp(min=1e-6))

    def standard(self, numbers: torch.Tensor) -> torch.Tensor:
        """Gives (batch,) numbers in standard deviations from the mean, in which losses are computed."""
        return (numbers - self.mean) / self.deviation

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Gives (batch,) numbers of (batch, width) vectors."""
        # In 32 bits whatever the rest is computed in: of a year, 16 bits keep no more than the decade.
        return self.linear(vectors).squeeze(-1).float() * self.deviation + self.mean

    def predicted(self, outputs: np.ndarray) -> np.ndarray:
        """Gives (texts,) numbers of (texts, 1) outputs."""
        return outputs[:, 0].astype(np.float64)

    def described(self) -> dict[str, Any]:
        """Says what `load_headed` needs to make it anew."""
        return {"kind": "regression"}


Further = Classification | Regression


class Headed(Trainable):
    """A trunk with several decisions.

    The primary one is what transformers puts on the encoder, whatever its family; each further one reads the mean of
    the states of the last block.
    """

    def __init__(self, classifier: PreTrainedModel, primary: str, others: Mapping[str, Further] | None = None) -> None:
        """Puts further decisions beside the one of `classifier`, which is called `primary`."""
        super().__init__()
        self.classifier, self.primary = classifier, primary
        self.others = nn.ModuleDict({MODULE.format(name): head for name, head in (others or {}).items()})

    def further(self) -> dict[str, Further]:
        """Gives the heads beside the primary one, by name."""
        prefix = MODULE.format("")
        return {name.removeprefix(prefix): cast("Further", head) for name, head in self.others.items()}

    @property
    def title(self) -> str:
        """Its depth."""
        return f"{self.classifier.config.num_hidden_layers} layers"

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.classifier.device

    def heights(self) -> dict[int, int]:
        """Tells how high each weight of the trunk stands, by its `id`."""
        return heights(self.classifier)

    def compute_again(self) -> bool:
        """Has it compute activations twice instead of keeping them; tells whether it can."""
        if self.classifier.supports_gradient_checkpointing:
            self.classifier.activation_checkpointing_enable()
        return self.classifier.supports_gradient_checkpointing

    def forward(self, **batch: torch.Tensor) -> Outputs:
        """Gives the output of each head by name, the primary first.

        Args:
            batch: `input_ids` and `attention_mask`, (batch, length).

        Returns:
            (batch, classes) logits of classifications, (batch,) numbers of regressions.
        """
        output = self.classifier(**batch, output_hidden_states=bool(self.others))
        outputs = {self.primary: output.logits}
        if self.others:
            vectors = pooled(output.hidden_states[-1], batch["attention_mask"], "mean")
            outputs |= {name: head(vectors) for name, head in self.further().items()}
        return outputs

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Runs texts through the model, without training it, on its device."""
        self.eval()
        config = self.classifier.config

        def compute(batch: Batch) -> torch.Tensor:
            return torch.cat([values.reshape(len(values), -1) for values in self(**batch).values()], dim=1)

        values = encode(
            rows, compute, batch_size=batch_size, padding_id=config.pad_token_id, device=self.device, done=done
        )
        widths = [config.num_labels, *(head.linear.out_features for head in self.further().values())]
        if not len(rows):
            values = np.empty((0, sum(widths)), np.float32)
        first, *rest = np.split(values, np.cumsum(widths)[:-1], axis=1)
        return Predictions(
            probabilities(first, binary=config.problem_type == "multi_label_classification"),
            {name: head.predicted(part) for (name, head), part in zip(self.further().items(), rest, strict=True)},
        )


def new_headed(
    folder: Path, labels: Sequence[str], heads: Mapping[str, Head], *, dropout: float | None, seed: int
) -> Headed:
    """Puts fresh decisions on a pretrained trunk.

    Args:
        folder: the encoder.
        labels: the classes; class `i` is `labels[i]`.
        heads: the decisions by name, the primary first.
        dropout: replaces every dropout of the encoder's configuration; None leaves them.
        seed: of the fresh weights.
    """
    classifier = new_classifier(folder, labels, dropout=dropout, seed=seed)
    (primary, first), *others = heads.items()
    if first.loss == "binary":  # transformers' pipeline then applies the sigmoid that belongs to it
        classifier.config.problem_type = "multi_label_classification"
    width = classifier.config.hidden_size
    return Headed(
        classifier,
        primary,
        {
            name: Regression(width) if isinstance(head, RegressionHead) else Classification(width, labels, head.loss)
            for name, head in others
        },
    )


class _Described(BaseModel):
    kind: Literal["classification", "regression"]
    labels: list[str] = []
    loss: str = ""


class _Heads(BaseModel):
    """What `heads.json` says."""

    primary: str
    others: dict[str, _Described]


def save_headed(model: Headed, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Saves a model folder that `load_headed` reads with all its heads.

    Any program loads its primary head with `AutoModelForSequenceClassification.from_pretrained(folder)`; the further
    ones lie beside it, in `heads.safetensors`.
    """
    save_classifier(model.classifier, tokenizer, folder)
    described = {name: head.described() for name, head in model.further().items()}
    write_json(folder / DESCRIBED, {"primary": model.primary, "others": described})
    if model.others:
        save_file({name: values.contiguous() for name, values in model.others.state_dict().items()}, folder / WEIGHTS)


def load_headed(folder: Path) -> Headed:
    """Loads a model folder with all its heads; one that others made has its primary head only.

    Raises:
        StageError: the folder is missing or damaged.
    """
    classifier = load_classifier(folder)
    if not (folder / DESCRIBED).exists() and not (folder / WEIGHTS).exists():
        return Headed(classifier, "primary")
    try:
        heads = _Heads.model_validate(read_json(folder / DESCRIBED))
        width = classifier.config.hidden_size
        made: dict[str, Further] = {
            name: Regression(width) if head.kind == "regression" else Classification(width, head.labels, head.loss)
            for name, head in heads.others.items()
        }
        model = Headed(classifier, heads.primary, made)
        if made:
            model.others.load_state_dict(load_file(folder / WEIGHTS))
    except (ValidationError, OSError, SafetensorError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StageError(f"{folder} has heads that cannot be loaded ({reason}): run `dvc repro`") from None
    return model.eval()


class TransformerClassifier:
    """Texts → tokens → trunk → decisions."""

    def __init__(self, model: Headed, tokenizer: PreTrainedTokenizerBase, batch_size: int) -> None:
        """Takes a model on its device, and the tokenizer it was trained with."""
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute) -> "TransformerClassifier":
        """Loads a folder of `save_headed`."""
        device = prepare_device(compute)
        return cls(load_headed(folder).to(device), load_tokenizer(folder), compute.batch_size)

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Classifier`."""
        rows = TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)
        return self.model.predict(rows, batch_size=self.batch_size, done=done)
