"""Trunk and decision together: the encoder with a classification head, as transformers defines it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import log_expit, softmax
from transformers import AutoModelForSequenceClassification, PreTrainedModel, PreTrainedTokenizerBase

from stages.transformer.loading import load_config, load_model


def new_classifier(folder: Path, labels: Sequence[str], *, dropout: float | None, seed: int) -> PreTrainedModel:
    """Puts a fresh decision on a pretrained trunk.

    Args:
        folder: the encoder.
        labels: the classes; class `i` is `labels[i]`.
        dropout: replaces every dropout of the encoder's configuration; None leaves them.
        seed: of the fresh weights, and of all random choices until the next seed.
    """
    torch.manual_seed(seed)
    return load_model(
        AutoModelForSequenceClassification,
        folder,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
        **({} if dropout is None else dropouts(folder, dropout)),
    )


def dropouts(folder: Path, dropout: float) -> Mapping[str, float]:
    """Names every dropout of an encoder's configuration: families call them differently."""
    config = load_config(folder).to_dict()
    # `type`, not `isinstance`: a bool is an int, and no rate.
    return {name: dropout for name, value in config.items() if "dropout" in name and type(value) in {int, float}}


def load_classifier(folder: Path) -> PreTrainedModel:
    """Loads a classifier that `save_classifier` wrote."""
    return load_model(AutoModelForSequenceClassification, folder)


def save_classifier(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Saves a model that any program loads with `AutoModelForSequenceClassification.from_pretrained(folder)`."""
    model.config.name_or_path = ""  # a path of this machine
    tokenizer.name_or_path = ""
    tokenizer.init_kwargs.pop("name_or_path", None)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def probabilities(logits: np.ndarray, *, binary: bool = False) -> np.ndarray:
    """Gives (texts, classes) float64 probabilities.

    Args:
        logits: (texts, classes).
        binary: each logit was trained against the rest (`losses.binary`): their sigmoids are scaled to add up to 1;
            else the softmax.
    """
    values = logits.astype(np.float64)
    return softmax(log_expit(values) if binary else values, axis=1)
