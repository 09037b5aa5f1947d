"""Writes a trained model as an approach: its own files, manifest, model card."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.classifiers.card import write_card
from stages.classifiers.manifest import Kind, Manifest
from stages.settings.task import Task


def write_model(
    task: str,
    approach: str,
    kind: Kind,
    save: Callable[[Path], None],
    *,
    described: Task,
    settings: Mapping[str, Any],
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
        kind: what loads it.
        save: writes the model's own files into a folder.
        described: the task.
        settings: it was made with.
        scores: of the validation set.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        teacher: the approach it learnt from, if any.
    """
    with new_folder(paths.model(task, approach)) as folder:
        save(folder)
        Manifest(kind=kind, labels=described.labels, teacher=teacher).write(folder)
        write_card(
            folder,
            name=f"{task}/{approach}",
            kind=kind,
            task=described,
            made=made,
            made_from=made_from,
            settings=settings,
            scores=scores,
            limits=limits,
        )
