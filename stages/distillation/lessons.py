"""The teacher's part: what it says of each text, and what it thinks on the way.

Most of it is asked once, before the student learns, and kept outside what DVC looks after, by a hash of teacher and
texts: several students of one teacher, or several seeds, then need not ask again. Only what fills a memory (the states
of all tokens, attention maps) is computed anew with each batch.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn import functional
from transformers import PretrainedConfig

from stages.artifacts.files import new_file
from stages.artifacts.predictions import Predictions
from stages.statistics.measures import SMALLEST
from stages.transformer.batches import Batch, TokenRows
from stages.transformer.checkpoint import fingerprint
from stages.transformer.encoding import encode
from stages.transformer.heads import Headed

log = logging.getLogger(__name__)

KEPT = 8  # answers on the disk; those that were not asked for longest go first
BATCH = 32  # texts at once, the same for every student, so that answers agree to the last digit
LOGITS, STATE = "teacher logits", "teacher state {}"  # as they arrive in a batch, and in the file


@dataclass(frozen=True, slots=True)
class Lessons:
    """A teacher's answers on texts, in their order."""

    logits: torch.Tensor  # (texts, classes)
    states: Mapping[int, torch.Tensor]  # number of a hidden state → (texts, width): the first token's

    @classmethod
    def of_predictions(cls, said: Predictions) -> "Lessons":
        """Takes what any classifier says: the logarithms of its probabilities are logits of them."""
        return cls(torch.from_numpy(np.log(np.maximum(said.probability, SMALLEST))).float(), {})

    @property
    def sureness(self) -> torch.Tensor:
        """(texts,) the probability of what the teacher decides."""
        return self.logits.softmax(-1).max(-1).values

    def extras(self) -> dict[str, torch.Tensor]:
        """Names them as they arrive in a batch."""
        return {LOGITS: self.logits, **{STATE.format(number): values for number, values in self.states.items()}}

    def chosen(self, places: torch.Tensor) -> "Lessons":
        """Gives the answers on some of the texts."""
        return Lessons(self.logits[places], {number: values[places] for number, values in self.states.items()})


def ask(
    teacher: Headed,
    rows: TokenRows,
    states: Sequence[int],
    *,
    folder: Path,
    done: Callable[[int], object] = lambda _: None,
) -> Lessons:
    """Runs a teacher over texts, or takes its answers from an earlier time.

    Args:
        teacher: the model to learn from.
        rows: the texts.
        states: numbers of the hidden states of the first token that are wanted; 0 is the embeddings.
        folder: where answers are kept.
        done: told how many texts each batch held.
    """
    path = folder / f"{fingerprint(teacher, rows, str(teacher.device))}.safetensors"
    try:
        lessons = _read(path, states)
    except FileNotFoundError:
        pass
    except (OSError, SafetensorError) as error:
        log.warning("%s is damaged (%s): the teacher is asked again", path, error)
    else:
        log.info("the teacher's answers are known from an earlier time")
        done(len(rows))
        return lessons
    lessons = _answers(teacher, rows, done)
    _keep(path, lessons)
    return Lessons(lessons.logits, {number: lessons.states[number] for number in states})


def _answers(teacher: Headed, rows: TokenRows, done: Callable[[int], object]) -> Lessons:
    teacher.eval()
    config = teacher.classifier.config
    classes, width = config.num_labels, config.hidden_size

    def compute(batch: Batch) -> torch.Tensor:
        output = teacher.classifier(**batch, output_hidden_states=True)
        return torch.cat(
            [softmax_logits(config, output.logits), *(state[:, 0] for state in output.hidden_states)], dim=1
        )

    values = torch.from_numpy(
        encode(rows, compute, batch_size=BATCH, padding_id=config.pad_token_id, device=teacher.device, done=done)
    )
    states = torch.split(values[:, classes:], width, dim=1)
    return Lessons(values[:, :classes].contiguous(), {place: one.contiguous() for place, one in enumerate(states)})


def softmax_logits(config: PretrainedConfig, logits: torch.Tensor) -> torch.Tensor:
    """Gives logits whose softmax is what a model says.

    Where it decides each class against the rest, that is the sigmoids of its logits, scaled to add up to 1.
    """
    return functional.logsigmoid(logits) if config.problem_type == "multi_label_classification" else logits


def _read(path: Path, states: Sequence[int]) -> Lessons:
    os.utime(path)
    with safe_open(path, framework="pt") as file:
        return Lessons(file.get_tensor(LOGITS), {number: file.get_tensor(STATE.format(number)) for number in states})


def _keep(path: Path, lessons: Lessons) -> None:
    """Writes answers, in place of the oldest; without room for them, the next student asks again."""
    try:
        with new_file(path) as temporary:
            save_file(lessons.extras(), temporary)
        for old in sorted(path.parent.glob("*.safetensors"), key=lambda one: -one.stat().st_mtime)[KEPT:]:
            old.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        log.warning("the teacher's answers could not be kept in %s (%s)", path.parent, error)
