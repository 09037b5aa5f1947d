"""The student before it learns: some layers of its teacher or of the encoder, fresh ones, or a projection."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from decortique.core.errors import StageError
from decortique.distillation.narrowing import Frame, basis, fold, inner_size, narrowed
from decortique.distillation.settings import Start
from decortique.models.pretrained import dropouts, layer_stack, new_classifier


@dataclass(frozen=True, slots=True)
class Origin:
    """What a student can begin from.

    Attributes:
        teacher: the model it learns from; None where that is no transformer.
        encoder: folder of the pretrained encoder.
        labels: the classes.
        frame: the tokens that stand before and behind every text.
    """

    teacher: PreTrainedModel | None
    encoder: Path
    labels: Sequence[str]
    frame: Frame

    def fresh(self, seed: int) -> PreTrainedModel:
        """Gives the encoder with a decision that has learnt nothing."""
        return new_classifier(self.encoder, self.labels, dropout=None, seed=seed)


def begin(start: Start, origin: Origin, *, dropout: float | None, seed: int) -> PreTrainedModel:
    """Makes a student that has learnt nothing yet.

    Args:
        start: as what.
        origin: of what.
        dropout: of the student; None leaves it as in the teacher, or the encoder.
        seed: of fresh weights.

    Raises:
        StageError: its teacher has no weights to begin with, no such layers, or cannot be made narrower so.
    """
    if start.weights == "encoder" or (start.weights == "random" and origin.teacher is None):
        whole = origin.fresh(seed)
    elif origin.teacher is None:
        raise StageError(
            f"catalogue/students: weights: {start.weights} needs a teacher that is a transformer: use encoder"
        )
    else:
        whole = origin.teacher
    student = kept(whole, start.layers)
    config = _narrow(student.config, start.width)
    for name in dropouts(config) if dropout is not None else ():
        setattr(config, name, dropout)
    torch.manual_seed(seed)
    if start.weights == "svd":
        return narrowed(student, config, basis(whole, origin.frame, config.hidden_size))
    # Built anew: a family may leave a dropout of 0 out of its build, or keep it in several places.
    built = AutoModelForSequenceClassification.from_config(config)
    if start.weights != "random":
        built.load_state_dict(student.state_dict())
    if start.embeddings == "states":
        fold(built, kept(whole, range(start.layers[0])), origin.frame)
    return built


def kept(whole: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """Copies a model and leaves it only some layers, counted from 0.

    This is how DistilBERT starts (Sanh et al., 2019). Embeddings and decision are those of the whole.

    Raises:
        StageError: there is no such layer, or it cannot stand where it would.
    """
    depth = whole.config.num_hidden_layers
    if max(layers) >= depth:
        raise StageError(
            f"catalogue/students: start.layers names layer {max(layers)}, but there are 0 to {depth - 1}: name those, "
            "or, if it is the teacher that has so few, begin with weights: encoder"
        )
    student = copy.deepcopy(whole)
    stack = layer_stack(student)
    chosen = nn.ModuleList(stack[place] for place in layers)
    for parent in student.modules():
        for name, child in parent.named_children():
            if child is stack:
                setattr(parent, name, chosen)
    student.config.num_hidden_layers = len(layers)
    student.config.problem_type = None  # it learns by the softmax, whatever its teacher was trained by
    for name in ("layer_types", "attention_window"):  # of families whose blocks differ: ModernBERT, Longformer
        if isinstance(each := getattr(student.config, name, None), list):
            setattr(student.config, name, [each[place] for place in layers])
    with torch.device("meta"):  # shapes without weights
        expected = type(student)(student.config).state_dict().keys()
    if student.state_dict().keys() != expected:
        raise StageError(
            f"catalogue/students: start.layers begins with layer {layers[0]}, but the first layer of a "
            f"{student.config.model_type} is built unlike the others: begin with 0"
        )
    return student


def matched_states(depth: int, layers: Sequence[int]) -> dict[int, int]:
    """Tells which hidden state of the teacher each hidden state of the student should reach.

    The student's layer that started as the teacher's layer `k` must do the work up to the next layer kept; the last
    one that of all the rest. States are numbered as `output_hidden_states` gives them: 0 is the embeddings.
    """
    return dict(enumerate([*layers[1:], depth], start=1))


def _narrow(config: PretrainedConfig, width: int | None) -> PretrainedConfig:
    """Gives a configuration with narrower states, and everything that goes with them in proportion.

    Raises:
        StageError: the width does not hold whole heads, or is not below the teacher's.
    """
    narrow = copy.deepcopy(config)
    if width is None or width == config.hidden_size:
        return narrow
    head = config.hidden_size // config.num_attention_heads
    if width % head or width > config.hidden_size:
        raise StageError(
            f"catalogue/students: start.width is {width}: choose a multiple of {head}, the width of a head, below "
            f"{config.hidden_size}"
        )
    narrow.hidden_size, narrow.num_attention_heads = width, width // head
    for again in ("pooler_hidden_size", "embedding_size"):  # DeBERTa and ELECTRA say it once more
        if getattr(config, again, None) == config.hidden_size:
            setattr(narrow, again, width)
    inner = inner_size(config)
    setattr(narrow, inner, getattr(config, inner) * width // config.hidden_size)
    return narrow
