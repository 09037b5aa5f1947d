"""What a student reads, and what its teacher says of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from stages.artifacts import paths
from stages.artifacts.tables import read_columns
from stages.classifiers.loading import load_classifier
from stages.classifiers.manifest import Manifest
from stages.distillation.lessons import Lessons, ask
from stages.distillation.pieces import pieces
from stages.errors import StageError
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.distill import Texts
from stages.transformer.batches import TokenRows
from stages.transformer.examples import UNKNOWN, Examples
from stages.transformer.heads import Headed, load_headed
from stages.transformer.tokenizer import frame

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """Texts with a teacher's answers, and their labels where the student may see them."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) class numbers, UNKNOWN where only the teacher knows
    lessons: Lessons

    @property
    def unlabelled(self) -> int:
        """Number of texts of which only the teacher says something."""
        return int((self.labels == UNKNOWN).sum())

    def and_that(self, other: "Reading") -> "Reading":
        """Gives the texts of both."""
        states = {
            number: torch.cat([values, other.lessons.states[number]]) for number, values in self.lessons.states.items()
        }
        lessons = Lessons(torch.cat([self.lessons.logits, other.lessons.logits]), states)
        return Reading(self.rows.and_those(other.rows), np.concatenate([self.labels, other.labels]), lessons)

    def chosen(self, places: np.ndarray) -> "Reading":
        """Gives some of the texts."""
        return Reading(self.rows.chosen(places), self.labels[places], self.lessons.chosen(torch.from_numpy(places)))


@dataclass(frozen=True, slots=True)
class Teacher:
    """Any model of a task; where it is a transformer, also what it thinks can be learnt."""

    folder: Path
    headed: Headed | None
    compute: Compute  # for those that are none

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute, device: torch.device) -> "Teacher":
        """Opens a model folder.

        Raises:
            StageError: it is missing, damaged, or decides between other labels.
        """
        manifest = Manifest.read(folder)
        if manifest.labels != list(labels):
            raise StageError(f"{folder} decides between {manifest.labels}, not {list(labels)}: run `dvc repro`")
        headed = load_headed(folder).to(device).eval() if manifest.kind == "transformer" else None
        return cls(folder, headed, compute)

    def read(self, task: str, split: str, labels: Sequence[str], states: Sequence[int]) -> Reading:
        """Asks it about the texts of a split."""
        examples = Examples.read(task, split, labels)
        if self.headed:
            return self.read_tokens(split, examples.rows, examples.labels, states)
        texts = read_columns(paths.corpus(task) / f"{split}.parquet", ["text"])["text"]
        _, classifier = load_classifier(self.folder, self.compute)
        with progress(f"ask {self.folder.name} about {split}", len(texts), "text") as bar:
            return Reading(
                examples.rows, examples.labels, Lessons.of_predictions(classifier.predict(texts, bar.update))
            )

    def read_tokens(self, name: str, rows: TokenRows, labels: np.ndarray, states: Sequence[int]) -> Reading:
        """Asks it about texts that are tokens already.

        Raises:
            StageError: it reads texts only.
        """
        if not self.headed:
            raise StageError(
                f"catalogue/students: texts.spans are tokens, which {self.folder.name} cannot read: use null"
            )
        with progress(f"ask {self.folder.name} about {name}", len(rows), "text") as bar:
            lessons = ask(self.headed, rows, states, folder=paths.lessons(), done=bar.update)
        return Reading(rows, labels, lessons)


def read(
    teacher: Teacher,
    task: str,
    labels: Sequence[str],
    texts: Texts,
    states: Sequence[int],
    tokenizer: PreTrainedTokenizerBase,
) -> Reading:
    """Gathers what a student reads.

    Args:
        teacher: whom it learns from.
        task: whose texts.
        labels: of the task.
        texts: which ones.
        states: numbers of the teacher's hidden states that are wanted.
        tokenizer: of the student.

    Raises:
        StageError: the task has no pool, or no text of it is sure enough.
    """
    found: list[Reading] = []
    if texts.train:
        found.append(_chosen(teacher.read(task, "train", labels, states), texts, "train"))
    if texts.spans:
        rows = pieces(found[0].rows, frame(tokenizer), texts.spans)
        found.append(teacher.read_tokens("pieces", rows, np.full(len(rows), UNKNOWN), states))
    if texts.pool:
        pool = _chosen(teacher.read(task, "pool", labels, states), texts, "pool")
        found.append(Reading(pool.rows, np.full(len(pool.rows), UNKNOWN), pool.lessons))  # its own labels stay unseen
    whole = found[0]
    for part in found[1:]:
        whole = whole.and_that(part)
    return whole


def _chosen(reading: Reading, texts: Texts, name: str) -> Reading:
    """Gives the texts that are to be read."""
    if texts.limit is None and not texts.threshold:
        return reading
    # In an order of its own, the same for every student, so that a larger limit adds texts and changes none.
    order = np.random.default_rng(0).permutation(len(reading.rows))[: texts.limit]
    sure = np.sort(order[reading.lessons.sureness.numpy()[order] >= texts.threshold])
    log.info("%s: the teacher is sure of %d of %d texts", name, len(sure), len(order))
    known = sure[reading.labels[sure] != UNKNOWN]
    if len(known):
        right = (reading.lessons.logits.argmax(-1).numpy() == reading.labels)[known].mean()
        log.info("%s: %.1f %% of what it says there is as labelled", name, 100 * right)
    if not len(sure):
        raise StageError(
            f"catalogue/students: of {len(order)} texts of {name}, the teacher is sure of none: lower texts.threshold"
        )
    return reading.chosen(sure)
