"""Share helpers among the tests of distillation."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.tables import CORPUS, TOKENS, write_table
from decortique.distillation.objectives import StudentModel, distillation_targets
from decortique.distillation.settings import StaticStudent, TransformerStudent
from decortique.distillation.student import StudentSetup
from decortique.distillation.teacher import TrainingTexts
from decortique.models.batches import Batch, Collate, TokenRows
from decortique.models.heads import Headed
from decortique.models.tokenizer import tokenize_texts
from tests.conftest import SUBJECTS

TASK, LABELS = "opinion", ["negative", "positive"]
POOL = [f"{subject} is {word} !" for subject in SUBJECTS for word in ("good", "awful", "not dull", "fine")]

Described = dict[str, Any]  # a term of a loss, as params.yaml describes it
LABELS_TERM: Described = {"term": "labels", "weight": 1.0}
LOGITS_TERM: Described = {"term": "logits", "weight": 1.0, "temperature": 2.0}
ATTENTION_TERM: Described = {"term": "attention", "weight": 1.0}
RELATIONS_TERM: Described = {"term": "relations", "weight": 1.0}


def predict_probabilities(model: PreTrainedModel, rows: TokenRows) -> np.ndarray:
    """Return (texts, classes) probabilities."""
    return Headed(model, "polarity").predict(rows, batch_size=8).probability


def shaken(model: PreTrainedModel, seed: int = 1) -> PreTrainedModel:
    """Move every weight, as training does."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in model.parameters():
            values.add_(0.1 * torch.randn(values.shape, generator=random))
    return model


def batch_of(rows: TokenRows, indices: list[int], **targets: torch.Tensor) -> Batch:
    """Return a batch of some texts, with the targets of each."""
    return Collate(0, targets)([rows[index] for index in indices])


def same_weights(one: PreTrainedModel, other: PreTrainedModel) -> bool:
    """Return whether two models are equal to the last bit."""
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(values, second[name]) for name, values in first.items())


def write_split(
    split: str, texts: Sequence[str], labels: Sequence[str | None], tokenizer: PreTrainedTokenizerBase
) -> None:
    """Write texts and their tokens as `prepare` and `tokenize` do."""
    ids, tokens = [f"{split}-{index}" for index in range(len(texts))], tokenize_texts(tokenizer, texts)
    with write_table(paths.corpus(TASK) / f"{split}.parquet", CORPUS) as append:
        append(
            {
                "id": ids,
                "text": texts,
                "label": labels,
                "score": [None] * len(texts),
                "group": ids,
                "position": [0] * len(texts),
            }
        )
    with write_table(paths.tokens(TASK) / f"{split}.parquet", TOKENS) as append:
        append(
            {
                "id": ids,
                "input_ids": tokens.input_ids,
                "attention_mask": [[1] * len(one) for one in tokens.input_ids],
                "length": tokens.lengths,
                "truncated": [False] * len(texts),
            }
        )


def hidden(**changes: Any) -> Described:
    """Return the term of the hidden states."""
    return {"term": "hidden", "weight": 1.0, **changes}


def student_of(*learns: Described, **start: Any) -> TransformerStudent:
    """Return a student of two of its teacher's four layers by default."""
    return TransformerStudent.model_validate(
        {"kind": "transformer", "start": {"weights": "teacher", "layers": [0, 2], **start}, "loss": list(learns)}
    )


def static_of(**changes: Any) -> StaticStudent:
    """Return a static student."""
    return StaticStudent.model_validate(
        {
            "kind": "static",
            "width": 8,
            "pooling": "mean",
            "token_dropout": 0.0,
            "loss": [LABELS_TERM, LOGITS_TERM],
            **changes,
        }
    )


INDICES = [3, 30, 11, 8, 17]  # texts of several lengths, so that some are padded


class PreparedStudent(NamedTuple):
    """A student that is ready to train, and its training texts."""

    student: TransformerStudent
    setup: StudentSetup
    reading: TrainingTexts

    @property
    def student_model(self) -> StudentModel:
        assert isinstance(self.setup.model, StudentModel)
        return self.setup.model

    def batch(self, indices: list[int] | None = None) -> Batch:
        rows = self.reading.rows
        return Collate(0, distillation_targets(self.reading, self.student.loss))(
            [rows[index] for index in indices or INDICES]
        )

    def terms(self, indices: list[int] | None = None) -> dict[str, float]:
        with torch.no_grad():
            losses = self.setup.objective(self.setup.model.eval(), self.batch(indices))
        return {name: value.item() for name, value in losses.items()}


Prepare = Callable[..., PreparedStudent]
