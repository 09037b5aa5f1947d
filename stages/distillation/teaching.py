"""The teacher's part: what it says of each text, computed once before the student learns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from stages.distillation.objectives import hidden_distance, softened
from stages.settings.distill import Distill
from stages.transformer.batches import Batch, TokenRows
from stages.transformer.encoding import encode
from stages.transformer.heads import Headed
from stages.transformer.losses import cross_entropy
from stages.transformer.objective import Objective, Terms


@dataclass(frozen=True, slots=True)
class Lessons:
    """A teacher's outputs on the training texts, in their order."""

    logits: torch.Tensor  # (texts, classes)
    hidden: torch.Tensor  # (texts, layers of the student, width): the first token's states

    def extras(self) -> dict[str, torch.Tensor]:
        """Names them as they arrive in a batch."""
        return {"teacher_logits": self.logits, "teacher_hidden": self.hidden}


def lessons(
    teacher: PreTrainedModel, rows: TokenRows, states: Sequence[int], batch_size: int, done: Callable[[int], object]
) -> Lessons:
    """Runs the teacher once over the training texts.

    Args:
        teacher: the model to learn from.
        rows: the training texts.
        states: which of its hidden states are kept, one per layer of the student.
        batch_size: texts at once.
        done: told how many texts each batch held.
    """
    teacher.eval()
    classes = teacher.config.num_labels

    def compute(batch: Batch) -> torch.Tensor:
        output = teacher(**batch, output_hidden_states=True)
        hidden = first_tokens(output.hidden_states, states)
        return torch.cat([output.logits, hidden.flatten(1)], dim=1)

    values = torch.from_numpy(
        encode(
            rows,
            compute,
            batch_size=batch_size,
            padding_id=teacher.config.pad_token_id,
            device=teacher.device,
            done=done,
        )
    )
    return Lessons(values[:, :classes].contiguous(), values[:, classes:].reshape(len(rows), len(states), -1))


def first_tokens(hidden_states: Sequence[torch.Tensor], states: Sequence[int]) -> torch.Tensor:
    """Stacks the first token's state of some layers: (batch, len(states), width)."""
    return torch.stack([hidden_states[state][:, 0] for state in states], dim=1)


def learning_objective(settings: Distill) -> Objective:
    """Gives the student's loss: labels, softened logits and hidden states, weighted."""
    weights = settings.weights

    def objective(student: Headed, batch: Batch) -> Terms:
        labels, logits, hidden = (batch.pop(name) for name in ("labels", "teacher_logits", "teacher_hidden"))
        output = student.classifier(**batch, output_hidden_states=True)
        layers = range(1, student.classifier.config.num_hidden_layers + 1)
        return {
            "labels": weights.labels * cross_entropy(output.logits, labels).mean(),
            "logits": weights.logits * softened(output.logits, logits, settings.temperature),
            "hidden": weights.hidden * hidden_distance(first_tokens(output.hidden_states, layers), hidden),
        }

    return objective
