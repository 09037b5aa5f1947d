"""The student before it learns: some layers of its teacher."""

import copy
from collections.abc import Sequence

import torch
from torch import nn
from transformers import PreTrainedModel

from stages.errors import StageError
from stages.transformer.layers import layer_stack


def student_of(teacher: PreTrainedModel, keep_layers: Sequence[int]) -> PreTrainedModel:
    """Copies a teacher and leaves it only the layers `keep_layers`, counted from 0.

    This is how DistilBERT starts (Sanh et al., 2019). Embeddings and decision are the teacher's.

    Raises:
        StageError: the teacher has no such layer, or one that cannot stand where it would.
    """
    depth = teacher.config.num_hidden_layers
    if max(keep_layers) >= depth:
        raise StageError(
            f"params.yaml: distill.keep_layers names layer {max(keep_layers)}; the teacher has 0 to {depth - 1}"
        )
    student = copy.deepcopy(teacher)
    stack = layer_stack(student)
    kept = nn.ModuleList(stack[place] for place in keep_layers)
    for parent in student.modules():
        for name, child in parent.named_children():
            if child is stack:
                setattr(parent, name, kept)
    student.config.num_hidden_layers = len(keep_layers)
    student.config.problem_type = None  # it learns by the softmax, whatever its teacher was trained by
    if types := getattr(student.config, "layer_types", None):  # of families whose blocks differ
        student.config.layer_types = [types[place] for place in keep_layers]
    with torch.device("meta"):  # shapes without weights
        expected = type(student)(student.config).state_dict().keys()
    if student.state_dict().keys() != expected:
        raise StageError(
            f"params.yaml: distill.keep_layers begins with layer {keep_layers[0]}, but the first layer of a "
            f"{student.config.model_type} is built unlike the others: begin with 0"
        )
    return student


def matched_states(depth: int, keep_layers: Sequence[int]) -> list[int]:
    """Tells which hidden state of the teacher each layer of the student should reach.

    The student's layer that started as the teacher's layer `k` must do the work up to the next layer kept; the last
    one that of all the rest. States are numbered as `output_hidden_states` gives them: 0 is the embeddings.
    """
    return [*keep_layers[1:], depth]
