"""Writes a trained transformer as an approach: weights, tokenizer, manifest, model card."""

from collections.abc import Mapping

from transformers import PreTrainedTokenizerBase

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.classifiers.card import write_card
from stages.classifiers.manifest import Manifest
from stages.settings.task import Task
from stages.settings.training import Training
from stages.transformer.heads import Headed, save_headed


def write_transformer(
    task: str,
    approach: str,
    model: Headed,
    tokenizer: PreTrainedTokenizerBase,
    *,
    described: Task,
    settings: Training,
    scores: Mapping[str, float],
    made: str,
    made_from: str,
    limits: str,
    teacher: str | None = None,
) -> None:
    """Writes the folder of an approach of a task.

    Args:
        task: its name.
        approach: the name of the folder.
        model: as it was trained.
        tokenizer: that it was trained with.
        described: the task.
        settings: of the training.
        scores: of the validation set.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        teacher: the approach it learnt from, if any.
    """
    with new_folder(paths.model(task, approach)) as folder:
        save_headed(model, tokenizer, folder)
        Manifest(kind="transformer", labels=described.labels, teacher=teacher).write(folder)
        write_card(
            folder,
            name=f"{task}/{approach}",
            kind="transformer",
            task=described,
            made=made,
            made_from=made_from,
            settings=settings,
            scores=scores,
            limits=limits,
        )
