"""What of a pretrained encoder is trained: all, the last layers, the heads alone, or low-rank additions (LoRA)."""

import logging

from torch import nn
from transformers import PreTrainedModel

from decortique.core.files import StageError
from decortique.models.pretrained import backbone_parameters, embeddings_of, layer_indices, layer_stack
from decortique.models.settings import Adaptation

log = logging.getLogger(__name__)


def adapt(classifier: PreTrainedModel, adaptation: Adaptation) -> None:
    """Freeze what of the encoder is not trained, or add LoRA to it; the heads are always trained.

    Raises:
        StageError: the encoder has fewer layers than are to be trained.
    """
    backbone = list(backbone_parameters(classifier))
    match adaptation.kind:
        case "full":
            if adaptation.freeze_embeddings:
                embeddings_of(classifier).requires_grad_(requires_grad=False)
        case "top":
            depth, indices = len(layer_stack(classifier)), layer_indices(classifier)
            if adaptation.layers > depth:
                raise StageError(
                    f"params.yaml: finetune.adaptation.layers is {adaptation.layers}, but the encoder has {depth}"
                )
            for values in backbone:
                values.requires_grad = indices[id(values)] > depth - adaptation.layers
        case "probe" | "lora":
            for values in backbone:
                values.requires_grad = False
    if adaptation.kind == "lora":
        _add_lora(classifier, adaptation)
    every = list(classifier.parameters())
    trained = sum(values.numel() for values in every if values.requires_grad)
    log.info("%s: %d of %d weights are trained", adaptation.kind, trained, sum(values.numel() for values in every))


def _add_lora(classifier: PreTrainedModel, settings: Adaptation) -> None:
    """Put a low-rank addition beside every matrix of the layers (Hu et al., 2022)."""
    from peft import LoraConfig, inject_adapter_in_model

    for layer in layer_stack(classifier):
        matrices = [name for name, part in layer.named_modules() if isinstance(part, nn.Linear)]
        config = LoraConfig(
            r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=matrices
        )
        inject_adapter_in_model(config, layer)


def merge_lora(classifier: PreTrainedModel) -> None:
    """Add what LoRA has trained to the matrices beside it, so that the model has its family's own modules again."""
    from peft.tuners.lora import LoraLayer

    for parent in list(classifier.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.get_base_layer())
