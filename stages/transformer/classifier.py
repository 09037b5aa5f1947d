"""Trunk and decision together: the encoder with a classification head, as transformers defines it."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

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
        **({} if dropout is None else dict.fromkeys(dropouts(load_config(folder)), dropout)),
    )


def dropouts(config: PretrainedConfig) -> list[str]:
    """Names every dropout of an encoder's configuration: families call them differently."""
    # `type`, not `isinstance`: a bool is an int, and no rate.
    return [name for name, value in config.to_dict().items() if "dropout" in name and type(value) in {int, float}]


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
