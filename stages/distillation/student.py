"""A student that is ready to learn: its first weights, its loss, and what it has to ask its teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from stages.distillation.reading import Teacher
from stages.distillation.start import Origin, begin
from stages.distillation.static import Static, principal
from stages.distillation.teaching import Compared, Pupil, plain_objective, pupil_objective
from stages.distillation.tokens import of_single_tokens
from stages.settings.distill import StaticStudent, TransformerStudent
from stages.settings.training import Training
from stages.transformer.heads import Headed, save_headed
from stages.transformer.objective import Objective
from stages.transformer.tokenizer import frame


@dataclass(frozen=True, slots=True)
class Learner:
    """A student before its training."""

    model: Pupil | Static
    objective: Objective[Any]
    states: list[int]  # numbers of the teacher's hidden states that it learns from

    @property
    def parameters(self) -> int:
        """Number of weights of the student alone."""
        own = self.model if isinstance(self.model, Static) else self.model.classifier
        return sum(values.numel() for values in own.parameters())

    def save(self, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Saves the student alone, without what stood between it and its teacher."""
        if isinstance(self.model, Static):
            self.model.save(tokenizer, folder)
        else:
            save_headed(Headed(self.model.classifier, self.model.primary), tokenizer, folder)


def new_learner(
    student: TransformerStudent | StaticStudent,
    teacher: Teacher,
    encoder: Path,
    tokenizer: PreTrainedTokenizerBase,
    labels: Sequence[str],
    settings: Training,
) -> Learner:
    """Makes a student.

    Args:
        student: what it is.
        teacher: whom it learns from.
        encoder: folder of the pretrained encoder, where its teacher has none to begin with.
        tokenizer: of the student.
        labels: the classes.
        settings: of its training.

    Raises:
        StageError: it cannot begin so, or learn that from this teacher.
    """
    taught_by = teacher.headed.classifier if teacher.headed else None
    origin = Origin(taught_by, encoder, labels, frame(tokenizer))
    if isinstance(student, StaticStudent):
        return _static(student, origin, tokenizer, settings.seed)
    classifier = begin(student.start, origin, dropout=settings.dropout, seed=settings.seed)
    compared = Compared.of(student.learns, student.start, taught_by.config.num_hidden_layers if taught_by else 0)
    if compared.attention and taught_by:
        for model in (classifier, taught_by):
            model.set_attn_implementation("eager")  # the faster ones never hold a whole map
    primary = teacher.headed.primary if teacher.headed else "primary"
    width = taught_by.config.hidden_size if taught_by else classifier.config.hidden_size
    pupil = Pupil(classifier, primary, compared, width)
    return Learner(pupil, pupil_objective(student.learns, compared, taught_by), compared.states)


def _static(student: StaticStudent, origin: Origin, tokenizer: PreTrainedTokenizerBase, seed: int) -> Learner:
    wide = origin.teacher or origin.fresh(seed)
    vectors = of_single_tokens(wide, origin.frame, lambda states: states[-1].mean(1))
    model = Static(
        principal(vectors, student.width, seed),
        len(origin.labels),
        skipped=sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}),
        pooling=student.pooling,
        token_dropout=student.token_dropout,
    )
    return Learner(model, plain_objective(student.learns), [])
