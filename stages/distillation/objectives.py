"""What it costs a student to differ from its teacher.

Each gives a scalar, the mean over the texts of a batch.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional


def softened(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Gives T² · KL(teacher ‖ student) of logits softened by T (Hinton et al., 2015).

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


def cosine(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean squared distance of states scaled to length one (Sun et al., 2019, equation 7).

    Between unit vectors this is 2 · (1 - cosine): 0 when they point the same way, 4 when they are opposed.

    Args:
        student: (batch, tokens, width) states.
        teacher: the same of the teacher.
        mask: (batch, tokens), 0 at padding.
    """
    difference = functional.normalize(student, dim=-1) - functional.normalize(teacher, dim=-1)
    return _mean_of_tokens(difference.square().sum(-1), mask)


def mse(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean squared difference of states (Jiao et al., 2020, equation 9); arguments as for `cosine`."""
    return _mean_of_tokens((student - teacher).square().mean(-1), mask)


DISTANCES = {"cosine": cosine, "mse": mse}  # of hidden states


def attention(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives KL(teacher ‖ student) of what each token looks at (Wang et al., 2020, equation 5).

    Heads are compared one by one where there are as many, else the mean of the heads.

    Args:
        student: (batch, heads, tokens, tokens) attention, each row adds up to 1.
        teacher: the same of the teacher, with as many heads or not.
        mask: (batch, tokens), 0 at padding.
    """
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    smallest = torch.finfo(student.dtype).tiny
    rows = (teacher * (teacher.clamp(min=smallest).log() - student.clamp(min=smallest).log())).sum(-1)
    return _mean_of_tokens(rows.mean(1), mask)


def relations(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Gives how far the likeness of the texts to each other differs (Tung & Mori, 2019, equation 4).

    Args:
        student: (batch, width) vectors of texts.
        teacher: (batch, width) of the teacher, as wide or not.
    """
    own, taught = (functional.normalize(vectors @ vectors.T, dim=-1) for vectors in (student, teacher))
    return (own - taught).square().mean()


def mean_of(costs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Gives the mean over the layers that are compared."""
    return torch.stack(list(costs)).mean()


def _mean_of_tokens(costs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean over real tokens of a text, then over texts: a long one counts as much as a short one."""
    weights = mask.to(costs.dtype)
    return ((costs * weights).sum(-1) / weights.sum(-1).clamp(min=1)).mean()
