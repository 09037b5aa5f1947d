"""Stage `retrieve`: a ready-made classifier for the task, used as it is."""

import shutil

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.classifiers.manifest import Manifest
from stages.command import run
from stages.settings.chain import EncoderName
from stages.settings.task import TaskSection, ZeroShot


def retrieve(task: str) -> None:
    """Writes down which ready-made classifier decides on a task; nothing is trained."""
    described = TaskSection.named(task)
    retrieved = described.retrieved
    with new_folder(paths.model(task, "retrieved")) as folder:
        Manifest(kind=retrieved.kind, labels=described.labels).write(folder)
        if isinstance(retrieved, ZeroShot):
            shutil.copytree(paths.encoder(EncoderName.load().root), folder, dirs_exist_ok=True)
            write_json(folder / "zero_shot.json", retrieved.model_dump(exclude={"kind"}))


if __name__ == "__main__":
    run(retrieve)
