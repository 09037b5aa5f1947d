"""What a teacher says of texts and of pieces of them.

Pieces give a student more to learn from, as its teacher knows what to say of anything. Tang et al. (2019) sample
n-grams and hide words; here a piece is a run of a text's tokens, or runs of two texts one after the other. A small
student has seen too few texts to learn from whole ones which words of them mattered.

Most of it is asked once, before the student is trained, and kept outside what DVC looks after, by a hash of teacher and
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
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import new_file
from decortique.core.measures import SMALLEST
from decortique.core.progress import progress
from decortique.core.run_settings import Compute
from decortique.core.tables import read_columns
from decortique.distillation.settings import Spans, Texts
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.checkpoint import fingerprint
from decortique.models.examples import UNKNOWN, Examples
from decortique.models.folder import Manifest, Predictions
from decortique.models.heads import Headed, load_headed
from decortique.models.loading import load_classifier
from decortique.models.tokenizer import frame


def pieces(rows: TokenRows, frame: tuple[list[int], list[int]], settings: Spans) -> TokenRows:
    """Cuts pieces out of texts, the same in every run.

    Args:
        rows: the texts.
        frame: the tokens that stand before and behind every text.
        settings: how many, and how long.

    Returns:
        For each of `settings.copies`: a piece of each text; then a piece of each text and one of another behind it.
    """
    head, tail = (np.array(part, np.int32) for part in frame)
    # Not the seed of a training: its teacher need not be asked again for the next seed.
    random = np.random.default_rng(0)

    def piece(place: int) -> np.ndarray:
        ids = rows[place][1]
        inner = ids[len(head) : len(ids) - len(tail)]
        length = max(1, round(random.uniform(settings.shortest, settings.longest) * len(inner)))
        start = random.integers(0, max(1, len(inner) - length + 1))
        return inner[start : start + length]

    made: list[np.ndarray] = []
    for _ in range(settings.copies):
        made += [piece(place) for place in range(len(rows))]
        others = random.integers(0, len(rows), len(rows))
        made += [np.concatenate([piece(place), piece(int(other))]) for place, other in enumerate(others)]
    # No longer than a text may be: the encoder has no more positions.
    room = int(rows.lengths.max(initial=0)) - len(head) - len(tail)
    return TokenRows.of([np.concatenate([head, inner[:room], tail]) for inner in made])


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
