"""What of a pretrained trunk learns: all of it, its last blocks, nothing, or low-rank additions to its matrices."""

import logging

from decortique.core.errors import StageError
from decortique.models.heads import Headed
from decortique.models.pretrained import embeddings_of, heights, layer_stack, trunk_parameters
from decortique.models.settings import Adaptation

log = logging.getLogger(__name__)


def adapt(model: Headed, adaptation: Adaptation) -> None:
    """Freezes what is not to learn, and adds what is; the decisions always learn.

    Raises:
        StageError: more blocks are asked for than there are.
    """
    classifier = model.classifier
    match adaptation.kind:
        case "full":
            if adaptation.freeze_embeddings:
                embeddings_of(classifier).requires_grad_(requires_grad=False)
        case "top":
            depth, height = len(layer_stack(classifier)), heights(classifier)
            if adaptation.layers > depth:
                raise StageError(
                    f"params.yaml: finetune.adaptation.layers is {adaptation.layers}, but the encoder has {depth}"
                )
            for values in trunk_parameters(classifier):
                values.requires_grad = height[id(values)] > depth - adaptation.layers
        case "probe":
            for values in trunk_parameters(classifier):
                values.requires_grad = False
        case "lora":
            _add_lora(model, adaptation)
    learning = sum(values.numel() for values in model.parameters() if values.requires_grad)
    log.info("%s: %d of %d weights learn", adaptation.kind, learning, sum(v.numel() for v in model.parameters()))


def _add_lora(model: Headed, settings: Adaptation) -> None:
    """Puts an addition of low rank beside every matrix of the blocks; the trunk's own weights stay as they are."""
    from peft import LoraConfig, inject_adapter_in_model
    from torch import nn

    blocks = layer_stack(model.classifier)
    for values in trunk_parameters(model.classifier):
        values.requires_grad = False
    for block in blocks:
        matrices = [name for name, part in block.named_modules() if isinstance(part, nn.Linear)]
        config = LoraConfig(
            r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=matrices
        )
        inject_adapter_in_model(config, block)


def merge(model: Headed, adaptation: Adaptation) -> None:
    """Adds what LoRA learnt to the matrices it stands beside, so that the model is again as its family has it."""
    if adaptation.kind != "lora":
        return
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.get_base_layer())
