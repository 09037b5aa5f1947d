"""Stage `retrieve`: a ready-made classifier for the task, used as it is."""

import shutil

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.run_settings import EncoderName
from decortique.data.task_settings import TaskSection, ZeroShot
from decortique.models.folder import ZERO_SHOT, Manifest, write_card

MADE_FROM = {
    "vader": "the lexicon and rules of VADER (Hutto & Gilbert, 2014), MIT licence",
    "zero-shot": "the encoder of the run, and a description of each label",
}


def retrieve(task: str) -> None:
    """Writes down which ready-made classifier decides on a task; nothing is trained."""
    described = TaskSection.named(task)
    retrieved = described.retrieved
    with new_folder(paths.model(task, "retrieved")) as folder:
        Manifest(kind=retrieved.kind, labels=described.labels).write(folder)
        if isinstance(retrieved, ZeroShot):
            shutil.copytree(paths.encoder(EncoderName.load().root), folder, dirs_exist_ok=True)
            write_json(folder / ZERO_SHOT, retrieved.model_dump(exclude={"kind"}))
        write_card(
            folder,
            name=f"{task}/retrieved",
            kind=retrieved.kind,
            task=described,
            made="A ready-made classifier, used as it is: nothing of it was trained here.",
            made_from=MADE_FROM[retrieved.kind],
            limits="It has never seen this task; its probabilities were not made to be any.",
            settings=retrieved.model_dump(),
            scores={},
        )


if __name__ == "__main__":
    run(retrieve)
