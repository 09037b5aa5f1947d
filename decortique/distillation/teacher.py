"""What a student is trained on: texts, spans of them, and the outputs of its teacher on each.

Spans give a student more to be trained on, as its teacher labels any text. Tang et al. (2019) sample n-grams and mask
words; here a span is a run of a text's tokens, or runs of two texts one after the other. A small student has seen too
few texts to find out from whole ones which of their words matter.

Most outputs are computed once, before the student is trained, and cached outside what DVC tracks, by a hash of teacher
and texts, for other students and other seeds. Only what would fill the memory (the hidden states of all tokens,
attention maps) is computed with each batch.
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
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.files import StageError, new_file, progress
from decortique.core.measures import SMALLEST
from decortique.core.settings import Compute
from decortique.core.tables import read_columns
from decortique.distillation.settings import Spans, Texts
from decortique.models.batches import UNKNOWN, Batch, Examples, TokenRows, encode
from decortique.models.checkpoint import fingerprint
from decortique.models.folder import Manifest
from decortique.models.heads import Headed, load_headed
from decortique.models.loading import load_classifier
from decortique.models.pretrained import first_token_only
from decortique.models.tokenizer import special_token_affixes

log = logging.getLogger(__name__)

CACHED = 8  # files of outputs on the disk; those unused for longest are removed first
BATCH = 32  # texts at once, the same for every student, so that outputs agree to the last digit
LOGITS, STATE = "teacher logits", "teacher state {}"  # their names in a batch, and in the file


@dataclass(frozen=True, slots=True)
class TeacherOutputs:
    """A teacher's outputs on texts, in their order."""

    logits: torch.Tensor  # (texts, classes)
    states: Mapping[int, torch.Tensor]  # index of a hidden state → (texts, width), of the first token

    @classmethod
    def of_probabilities(cls, probability: np.ndarray) -> "TeacherOutputs":
        """Return the outputs of any classifier: the logarithms of its probabilities are logits of them."""
        return cls(torch.from_numpy(np.log(np.maximum(probability, SMALLEST))).float(), {})

    @property
    def confidence(self) -> torch.Tensor:
        """(texts,) probabilities of the label that the teacher predicts."""
        return self.logits.softmax(-1).max(-1).values

    def targets(self) -> dict[str, torch.Tensor]:
        """Return the outputs, named as in a batch."""
        return {LOGITS: self.logits, **{STATE.format(number): values for number, values in self.states.items()}}

    def select(self, indices: torch.Tensor) -> "TeacherOutputs":
        """Return the outputs on some of the texts."""
        return TeacherOutputs(self.logits[indices], {number: one[indices] for number, one in self.states.items()})


def teacher_outputs(
    teacher: Headed,
    rows: TokenRows,
    states: Sequence[int],
    *,
    folder: Path,
    done: Callable[[int], object] = lambda _: None,
) -> TeacherOutputs:
    """Run a teacher over texts, or take its outputs from the cache in `folder`.

    `states` are the indices of the hidden states that are wanted, 0 for the embeddings.
    """
    path = folder / f"{fingerprint(teacher, rows, str(teacher.device))}.safetensors"
    try:
        outputs = _read(path, states)
    except FileNotFoundError:
        pass
    except (OSError, SafetensorError) as error:
        log.warning("%s is damaged (%s): the teacher runs again", path, error)
    else:
        log.info("the teacher's outputs are in the cache")
        done(len(rows))
        return outputs
    outputs = _compute(teacher, rows, done)
    _write(path, outputs)
    return TeacherOutputs(outputs.logits, {number: outputs.states[number] for number in states})


def _compute(teacher: Headed, rows: TokenRows, done: Callable[[int], object]) -> TeacherOutputs:
    teacher.eval()
    config = teacher.classifier.config
    classes, width = config.num_labels, config.hidden_size

    def compute(batch: Batch) -> torch.Tensor:
        with first_token_only(teacher.classifier):
            output = teacher.classifier(**batch, output_hidden_states=True)
        return torch.cat(
            [softmax_logits(config, output.logits), *(state[:, 0] for state in output.hidden_states)], dim=1
        )

    values = torch.from_numpy(
        encode(rows, compute, batch_size=BATCH, padding_id=config.pad_token_id, device=teacher.device, done=done)
    )
    states = torch.split(values[:, classes:], width, dim=1)
    return TeacherOutputs(values[:, :classes].contiguous(), {n: one.contiguous() for n, one in enumerate(states)})


def softmax_logits(config: PretrainedConfig, logits: torch.Tensor) -> torch.Tensor:
    """Return logits whose softmax is the probabilities of a model.

    Where each class was trained against the rest, these are the sigmoids of its logits, scaled to add up to 1.
    """
    return functional.logsigmoid(logits) if config.problem_type == "multi_label_classification" else logits


def _read(path: Path, states: Sequence[int]) -> TeacherOutputs:
    os.utime(path)
    with safe_open(path, framework="pt") as file:
        return TeacherOutputs(file.get_tensor(LOGITS), {one: file.get_tensor(STATE.format(one)) for one in states})


def _write(path: Path, outputs: TeacherOutputs) -> None:
    """Write outputs to the cache, in place of the oldest; without room for them, the next student computes them."""
    try:
        with new_file(path) as temporary:
            save_file(outputs.targets(), temporary)
        for old in sorted(path.parent.glob("*.safetensors"), key=lambda one: -one.stat().st_mtime)[CACHED:]:
            old.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        log.warning("the teacher's outputs could not be cached in %s (%s)", path.parent, error)


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """Texts with the outputs of a teacher, and their labels where the student may see them."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) class numbers, UNKNOWN where the teacher's outputs are all there is
    outputs: TeacherOutputs

    @property
    def unlabelled(self) -> int:
        """Number of texts that the teacher alone labels."""
        return int((self.labels == UNKNOWN).sum())

    def concatenate(self, other: "TrainingTexts") -> "TrainingTexts":
        """Return the texts of both."""
        states = {number: torch.cat([one, other.outputs.states[number]]) for number, one in self.outputs.states.items()}
        outputs = TeacherOutputs(torch.cat([self.outputs.logits, other.outputs.logits]), states)
        labels = np.concatenate([self.labels, other.labels])
        return TrainingTexts(self.rows.concatenate(other.rows), labels, outputs)

    def select(self, indices: np.ndarray) -> "TrainingTexts":
        """Return some of the texts."""
        outputs = self.outputs.select(torch.from_numpy(indices))
        return TrainingTexts(self.rows.select(indices), self.labels[indices], outputs)


@dataclass(frozen=True, slots=True)
class Teacher:
    """Any model of a task; of a transformer, the hidden states and attention maps can be targets too."""

    folder: Path
    headed: Headed | None  # None if it is no transformer
    compute: Compute

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute, device: torch.device) -> "Teacher":
        """Load a model folder.

        Raises:
            StageError: it is missing, damaged, or predicts between other labels.
        """
        manifest = Manifest.read(folder)
        if manifest.labels != list(labels):
            raise StageError(f"{folder} predicts between {manifest.labels}, not {list(labels)}: run `dvc repro`")
        headed = load_headed(folder).to(device).eval() if manifest.kind == "transformer" else None
        return cls(folder, headed, compute)

    def label_split(self, task: str, split: str, labels: Sequence[str], states: Sequence[int]) -> TrainingTexts:
        """Return the texts of a split with the outputs of this teacher."""
        examples = Examples.read(task, split, labels)
        if self.headed:
            return self.label_tokens(split, examples.rows, examples.labels, states)
        texts = read_columns(paths.corpus(task) / f"{split}.parquet", ["text"])["text"]
        _, classifier = load_classifier(self.folder, self.compute)
        with progress(f"run {self.folder.name} on {split}", len(texts), "text") as bar:
            probability = classifier.predict(texts, bar.update).probability
        return TrainingTexts(examples.rows, examples.labels, TeacherOutputs.of_probabilities(probability))

    def label_tokens(self, name: str, rows: TokenRows, labels: np.ndarray, states: Sequence[int]) -> TrainingTexts:
        """Return tokenized texts with the outputs of this teacher.

        Raises:
            StageError: it takes texts only.
        """
        if not self.headed:
            raise StageError(
                f"catalogue/students: texts.spans are tokens, which {self.folder.name} cannot read: use null"
            )
        with progress(f"run {self.folder.name} on {name}", len(rows), "text") as bar:
            outputs = teacher_outputs(self.headed, rows, states, folder=paths.TEACHER_OUTPUTS, done=bar.update)
        return TrainingTexts(rows, labels, outputs)


def training_texts(
    teacher: Teacher,
    task: str,
    labels: Sequence[str],
    texts: Texts,
    states: Sequence[int],
    tokenizer: PreTrainedTokenizerBase,
) -> TrainingTexts:
    """Return what a student is trained on.

    `states` are the indices of the teacher's hidden states that are wanted, `tokenizer` is the student's.

    Raises:
        StageError: the task has no pool, or the teacher is not confident enough of any of its texts.
    """
    parts: list[TrainingTexts] = []
    if texts.train:
        parts.append(_confident(teacher.label_split(task, "train", labels, states), texts, "train"))
    if texts.spans:
        rows = sample_spans(parts[0].rows, special_token_affixes(tokenizer), texts.spans)
        parts.append(teacher.label_tokens("spans", rows, np.full(len(rows), UNKNOWN), states))
    if texts.pool:
        pool = _confident(teacher.label_split(task, "pool", labels, states), texts, "pool")
        parts.append(TrainingTexts(pool.rows, np.full(len(pool.rows), UNKNOWN), pool.outputs))  # its labels are hidden
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.concatenate(part)
    return whole


def _confident(every: TrainingTexts, texts: Texts, name: str) -> TrainingTexts:
    """Return the texts within the limit of which the teacher is confident enough."""
    if texts.limit is None and not texts.threshold:
        return every
    # In an order of its own, the same for every student, so that a larger limit adds texts and changes none.
    order = np.random.default_rng(0).permutation(len(every.rows))[: texts.limit]
    kept = np.sort(order[every.outputs.confidence.numpy()[order] >= texts.threshold])
    log.info("%s: the teacher is confident of %d of %d texts", name, len(kept), len(order))
    labelled = kept[every.labels[kept] != UNKNOWN]
    if len(labelled):
        accuracy = (every.outputs.logits.argmax(-1).numpy() == every.labels)[labelled].mean()
        log.info("%s: on these, its accuracy is %.1f %%", name, 100 * accuracy)
    if not len(kept):
        raise StageError(
            f"catalogue/students: of {len(order)} texts of {name}, the teacher is confident of none: lower "
            "texts.threshold"
        )
    return every.select(kept)


def sample_spans(rows: TokenRows, affixes: tuple[list[int], list[int]], settings: Spans) -> TokenRows:
    """Cut spans out of texts, the same in every run; `affixes` are the tokens before and behind every text.

    For each of `settings.copies`: a span of each text; then a span of each text and one of another text behind it.
    """
    head, tail = (np.array(part, np.int32) for part in affixes)
    # Not the seed of a training: the next seed then finds the teacher's outputs in the cache.
    random = np.random.default_rng(0)

    def span(index: int) -> np.ndarray:
        ids = rows[index][1]
        inner = ids[len(head) : len(ids) - len(tail)]
        length = max(1, round(random.uniform(settings.shortest, settings.longest) * len(inner)))
        start = random.integers(0, max(1, len(inner) - length + 1))
        return inner[start : start + length]

    spans: list[np.ndarray] = []
    for _ in range(settings.copies):
        spans += [span(index) for index in range(len(rows))]
        others = random.integers(0, len(rows), len(rows))
        spans += [np.concatenate([span(index), span(int(other))]) for index, other in enumerate(others)]
    # No longer than the longest text: the encoder has no more positions.
    room = int(rows.lengths.max(initial=0)) - len(head) - len(tail)
    return TokenRows.of([np.concatenate([head, inner[:room], tail]) for inner in spans])
