"""A pretrained encoder, with or without a head: device, loading, saving, layers."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from decortique.core.files import StageError
from decortique.core.settings import Compute

log = logging.getLogger(__name__)

# transformers warns that a fresh head is untrained, which is what finetune is for, and shows progress bars for loads
# and saves that take milliseconds.
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


def prepare_device(compute: Compute) -> torch.device:
    """Set threads and deterministic algorithms, and return the device to compute on.

    Raises:
        StageError: this machine has no such device.
    """
    torch.set_num_threads(compute.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # That would fill all new memory with NaN, which helps debugging and takes time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = next(one for one, there in available.items() if there) if compute.device == "auto" else compute.device
    if name == "cuda":  # of several processes, each has a GPU of its own
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = torch.device(name)
    if not available[device.type] or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise StageError(f"params.yaml: compute.device is {name!r}, which this machine does not have: use auto or cpu")
    log.info("computing on %s with %d threads", device, compute.threads)
    return device


def load_config(folder: Path) -> PretrainedConfig:
    """Read the configuration of a model folder.

    Raises:
        StageError: the folder holds no model.
    """
    if not (folder / "config.json").exists():
        raise StageError(f"{folder} holds no model: run `dvc repro` to make it")
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise _damaged(folder / "config.json", "read", error) from None


def load_model(kind: Any, folder: Path, **overrides: object) -> PreTrainedModel:
    """Load a model folder by `AutoModel` or a related class, with `overrides` of its configuration.

    Raises:
        StageError: the folder is missing or damaged.
    """
    load_config(folder)
    try:
        return kind.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, use_safetensors=True, **overrides
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise _damaged(folder / "model.safetensors", "loaded", error) from None


def _damaged(file: Path, participle: str, error: Exception) -> StageError:
    reason = " ".join(str(error).split())[:200]
    return StageError(f"{file} cannot be {participle} ({reason}): run `dvc repro` to make it anew")


def new_classifier(folder: Path, labels: Sequence[str], *, dropout: float | None, seed: int) -> PreTrainedModel:
    """Put a fresh classification head on a pretrained encoder; class `i` is `labels[i]`.

    `dropout` replaces every dropout of the encoder's configuration, None leaves them; `seed` determines the fresh
    weights, and all random choices until the next seed.
    """
    torch.manual_seed(seed)
    return load_model(
        AutoModelForSequenceClassification,
        folder,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        **({} if dropout is None else dict.fromkeys(dropouts(load_config(folder)), dropout)),
    )


def dropouts(config: PretrainedConfig) -> list[str]:
    """Return the names of all dropouts in an encoder's configuration: families call them differently."""
    # `type`, not `isinstance`: a bool is an int, and no rate.
    return [name for name, value in config.to_dict().items() if "dropout" in name and type(value) in {int, float}]


def load_classifier(folder: Path) -> PreTrainedModel:
    """Load a classifier that `save_classifier` wrote."""
    return load_model(AutoModelForSequenceClassification, folder)


def save_classifier(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a model that any program loads with `AutoModelForSequenceClassification.from_pretrained(folder)`."""
    model.config.name_or_path = ""  # a path of this machine
    tokenizer.name_or_path = ""
    tokenizer.init_kwargs.pop("name_or_path", None)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def layer_stack(model: PreTrainedModel) -> nn.ModuleList:
    """Return the stack of layers: the only list of as many modules as the configuration counts layers.

    Raises:
        StageError: there is none, or more than one.
    """
    depth = model.config.num_hidden_layers
    stacks = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) == depth]
    if len(stacks) != 1:
        raise StageError(
            f"the layers of a {model.config.model_type} cannot be identified: {len(stacks)} stacks of {depth} modules"
        )
    return stacks[0]


# Families whose head reads the state of the first token only, and in whose blocks all that follows the attention starts
# with a module `attention.output` of two inputs: what the tokens attended to, and their states.
FIRST_TOKEN_HEADS = {"bert", "camembert", "deberta-v2", "electra", "roberta", "xlm-roberta"}


@contextmanager
def first_token_only(classifier: PreTrainedModel) -> Iterator[None]:
    """Within this block, the last layer computes the state of the first token only, if the head reads no other.

    Logits and gradients are the same; of the last layer, three quarters of the work are left out.
    """
    if classifier.config.model_type not in FIRST_TOKEN_HEADS:
        yield
        return
    output = layer_stack(classifier)[-1].get_submodule("attention.output")
    hook = output.register_forward_pre_hook(lambda _, inputs: tuple(states[:, :1] for states in inputs))
    try:
        yield
    finally:
        hook.remove()


def embeddings_of(model: PreTrainedModel) -> nn.Module:
    """Return the input embeddings, with positions and layer norm where a family has them there."""
    return getattr(model.base_model, "embeddings", None) or model.base_model.get_input_embeddings()


def backbone_parameters(model: PreTrainedModel) -> Iterator[nn.Parameter]:
    """Yield the parameters of embeddings and layers.

    What some families call the pooler (a layer over the first token's state) belongs to the head: other families have
    the same layer there.
    """
    pooler = getattr(model.base_model, "pooler", None)
    head = set(map(id, pooler.parameters())) if pooler is not None else set()
    return (values for values in model.base_model.parameters() if id(values) not in head)


def layer_indices(model: PreTrainedModel) -> dict[int, int]:
    """Return the layer of each backbone parameter by its `id`: 0 for the embeddings, 1 to n for the layers.

    What a family keeps behind the layers (a last norm, shared positions) counts as the last one.
    """
    layers = layer_stack(model)
    indices = {id(values): number for number, layer in enumerate(layers, start=1) for values in layer.parameters()}
    below = 0
    for values in backbone_parameters(model):
        if id(values) in indices:
            below = len(layers)
        indices.setdefault(id(values), below)
    return indices
