"""The terms of a student's loss."""

import torch
from torch.nn import functional


def softened(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Gives T² · KL(teacher ‖ student) of logits softened by T, mean over the batch (Hinton et al., 2015).

    T² keeps its gradient as large as that of the labels when T changes (their section 2).

    Args:
        student: (batch, classes) logits.
        teacher: (batch, classes) logits.
        temperature: above 1 shows what the teacher holds for second likeliest.
    """
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )


def hidden_distance(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Gives the mean squared distance of hidden states scaled to length one (Sun et al., 2019, equation 7).

    Between unit vectors this is 2 · (1 - cosine): 0 when they point the same way, 4 when they are opposed.

    Args:
        student: (batch, layers, width) states that stand for a text.
        teacher: the same of the teacher.
    """
    difference = functional.normalize(student, dim=-1) - functional.normalize(teacher, dim=-1)
    return difference.square().sum(-1).mean()
