"""A pretrained encoder: device, loading, layers, the part below the heads."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from decortique.core.errors import StageError
from decortique.core.run_settings import Compute
from decortique.models.settings import Embed

log = logging.getLogger(__name__)


# transformers warns that a fresh decision is untrained, which is what finetune is for, and shows progress bars for
# loads and saves that take milliseconds.
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


def prepare_device(compute: Compute) -> torch.device:
    """Pins threads and algorithms, and gives the device to compute on.

    Raises:
        StageError: the device that is asked for is not there.
    """
    torch.set_num_threads(compute.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    name = _best() if compute.device == "auto" else compute.device
    if name == "cuda":  # of several processes, each has a GPU of its own
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = torch.device(name)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device.type] or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise StageError(f"params.yaml: compute.device is {name!r}, which this machine does not have: use auto or cpu")
    log.info("computing on %s with %d threads", device, compute.threads)
    return device


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def load_config(folder: Path) -> PretrainedConfig:
    """Reads the configuration of a model folder.

    Raises:
        StageError: the folder holds no model.
    """
    if not (folder / "config.json").exists():
        raise StageError(f"{folder} holds no model: run `dvc repro` to make it")
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise StageError(
            f"{folder}/config.json cannot be read ({_line(error)}): run `dvc repro` to make it anew"
        ) from None


def load_model(kind: Any, folder: Path, **overrides: object) -> PreTrainedModel:
    """Loads a model folder.

    Args:
        kind: `AutoModel` or one of its kin.
        folder: `config.json` and `model.safetensors`.
        overrides: of the configuration.

    Raises:
        StageError: the folder is missing or damaged.
    """
    load_config(folder)
    try:
        return kind.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, use_safetensors=True, **overrides
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise StageError(
            f"{folder}/model.safetensors cannot be loaded ({_line(error)}): run `dvc repro` to make it anew"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


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


def layer_stack(model: PreTrainedModel) -> nn.ModuleList:
    """Finds the stack of blocks: the only list of as many modules as the configuration counts layers.

    Raises:
        StageError: there is none, or more than one.
    """
    depth = model.config.num_hidden_layers
    stacks = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) == depth]
    if len(stacks) != 1:
        raise StageError(
            f"cannot tell the layers of a {model.config.model_type} apart: found {len(stacks)} stacks of {depth}"
        )
    return stacks[0]


def embeddings_of(model: PreTrainedModel) -> nn.Module:
    """Gives the part that turns ids into vectors: with positions and a norm where a family has them there."""
    return getattr(model.base_model, "embeddings", None) or model.base_model.get_input_embeddings()


def trunk_parameters(model: PreTrainedModel) -> Iterator[nn.Parameter]:
    """Yields the weights of embeddings and blocks.

    What some families call the pooler (a layer over the first token's state) is a part of the decision: the others
    have the same layer there.
    """
    pooler = getattr(model.base_model, "pooler", None)
    decision = set(map(id, pooler.parameters())) if pooler is not None else set()
    return (values for values in model.base_model.parameters() if id(values) not in decision)


def heights(model: PreTrainedModel) -> dict[int, int]:
    """Tells how high each weight of the trunk stands, by its `id`.

    0 is what comes before the blocks, 1 to n are the blocks. What a family keeps behind them (a last norm, shared
    positions) stands as high as the last one.
    """
    layers = layer_stack(model)
    height = {id(values): number for number, layer in enumerate(layers, start=1) for values in layer.parameters()}
    below = 0
    for values in trunk_parameters(model):
        if id(values) in height:
            below = len(layers)
        height.setdefault(id(values), below)
    return height


def load_trunk(folder: Path, settings: Embed) -> PreTrainedModel:
    """Loads an encoder that has the layer whose states are asked for.

    Raises:
        StageError: the folder holds no encoder, or it has no such layer.
    """
    model = load_model(AutoModel, folder)
    layers = model.config.num_hidden_layers
    if not -layers - 1 <= settings.layer <= layers:
        raise StageError(f"params.yaml: embed.layer is {settings.layer}, but {folder} has layers 0 to {layers}")
    return model.eval()


def pooled(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Turns the states of a text's tokens into one vector.

    Args:
        hidden: (batch, length, width).
        attention_mask: (batch, length), 0 at padding.
        pooling: `mean` over the real tokens, or `cls`, the state of the first one.

    Returns:
        (batch, width).
    """
    if pooling == "cls":
        return hidden[:, 0]
    weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def sentence_vectors(model: PreTrainedModel, batch: dict[str, torch.Tensor], settings: Embed) -> torch.Tensor:
    """Gives (batch, width) vectors of the chosen layer, pooled and, if asked for, of length one."""
    last = settings.layer in (-1, model.config.num_hidden_layers)
    output = model(**batch, output_hidden_states=not last)
    hidden = output.last_hidden_state if last else output.hidden_states[settings.layer]
    vectors = pooled(hidden, batch["attention_mask"], settings.pooling)
    return torch.nn.functional.normalize(vectors, dim=-1) if settings.normalize else vectors
