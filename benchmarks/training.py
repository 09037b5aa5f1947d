"""How fast the training loop goes through sentences: beside `transformers.Trainer`.

Both train the same encoder with one head on the same sentences for one epoch, with the same threads; in turn, round
after round in one process, so that a machine whose speed drifts is the same for both; medians are printed. Trainer pads
each batch to its longest text, as it does by default; it is timed with its own default batch, with ours, and with its
option to group texts by length.

    python -m benchmarks.training
"""

import logging
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from benchmarks.timing import seconds
from decortique.core import paths
from decortique.core.settings import Compute, EncoderName
from decortique.data.settings import TaskSection
from decortique.models.batches import Batches, Examples, Processes, TokenRows
from decortique.models.heads import new_headed
from decortique.models.losses import head_targets, heads_objective
from decortique.models.pretrained import new_classifier, prepare_device
from decortique.models.settings import Finetune
from decortique.models.tokenizer import load_tokenizer
from decortique.models.training import compact_embeddings, train

TASK, TEXTS, ROUNDS = "opinion", 640, 3


def main() -> None:
    """Print sentences per second and the ratios."""
    logging.disable(logging.INFO)
    settings, compute, described = Finetune.load(), Compute.load(), TaskSection.named(TASK)
    device = prepare_device(compute)
    folder = paths.encoder(EncoderName.load().root)
    whole = Examples.read(TASK, "train", described.labels)
    examples = first(whole, TEXTS)
    works = {
        "ours": partial(ours, folder, examples, whole.rows.ids, described.labels, settings, device),
        "Trainer, its defaults": partial(theirs, folder, examples, described.labels),
        "Trainer, our batch size": partial(
            theirs, folder, examples, described.labels, per_device_train_batch_size=settings.batch_size
        ),
        "Trainer, our batch size, by length": partial(
            theirs,
            folder,
            examples,
            described.labels,
            per_device_train_batch_size=settings.batch_size,
            train_sampling_strategy="group_by_length",
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(work())
    sys.stdout.write(
        f"{TEXTS} sentences of {examples.rows.lengths.mean():.1f} tokens, one epoch, {compute.threads} threads on "
        f"{device}, median of {ROUNDS} rounds\n"
    )
    for name, found in times.items():
        ratio = statistics.median(their / our for our, their in zip(times["ours"], found, strict=True))
        sys.stdout.write(
            f"{name:36}{TEXTS / statistics.median(found):6.1f} sentences/s   ours is {ratio:.2f} x as fast\n"
        )


def first(examples: Examples, count: int) -> Examples:
    """Return the first texts of the corpus, which are in no order of length."""
    rows = examples.rows
    few = TokenRows(rows.ids[: rows.starts[count]], rows.starts[: count + 1])
    return Examples(few, examples.labels[:count], examples.scores[:count])


def ours(
    folder: Path, examples: Examples, ids: np.ndarray, labels: list[str], settings: Finetune, device: torch.device
) -> float:
    """Time an epoch of `decortique.models.training`, one head, from first to last batch; `ids` occur in the corpus."""
    primary, *_ = TaskSection.named(TASK).heads.items()
    heads = dict([primary])
    model = new_headed(folder, labels, heads, dropout=None, seed=0).to(device)
    targets = head_targets(model, heads, examples)
    with tempfile.TemporaryDirectory() as temporary, compact_embeddings(model, [0, *ids]):
        work = partial(
            train,
            model,
            Batches(examples.rows, targets, padding_id=0, batch_size=settings.batch_size, seed=0),
            heads_objective(heads),
            lambda _: {settings.metric_for_best_model: 0.0},
            settings.model_copy(update={"num_train_epochs": 1}),
            curves=Path(temporary, "curves"),
            checkpoint=Path(temporary, "state.pt"),
            processes=Processes(device),
        )
        return seconds(work)


def theirs(folder: Path, examples: Examples, labels: list[str], **arguments: Any) -> float:
    """Time an epoch of Trainer: nothing saved, nothing reported."""
    model = new_classifier(folder, labels, dropout=None, seed=0)
    rows = [
        {"input_ids": examples.rows[place][1].tolist(), "labels": int(label)}
        for place, label in enumerate(examples.labels)
    ]
    with tempfile.TemporaryDirectory() as temporary:
        trainer = Trainer(
            model,
            TrainingArguments(
                temporary, num_train_epochs=1, save_strategy="no", report_to="none", disable_tqdm=True, **arguments
            ),
            data_collator=DataCollatorWithPadding(load_tokenizer(folder)),
            train_dataset=rows,
        )
        return seconds(trainer.train)


if __name__ == "__main__":
    main()
