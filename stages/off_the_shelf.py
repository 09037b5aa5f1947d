"""Stage `off_the_shelf`: a ready-made classifier for the task, used as it is."""

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


def off_the_shelf(task: str) -> None:
    """Writes down which ready-made classifier predicts a task; nothing is trained."""
    described = TaskSection.named(task)
    off_the_shelf = described.off_the_shelf
    with new_folder(paths.model(task, "off-the-shelf")) as folder:
        Manifest(kind=off_the_shelf.kind, labels=described.labels).write(folder)
        if isinstance(off_the_shelf, ZeroShot):
            shutil.copytree(paths.encoder(EncoderName.load().root), folder, dirs_exist_ok=True)
            write_json(folder / ZERO_SHOT, off_the_shelf.model_dump(exclude={"kind"}))
        write_card(
            folder,
            name=f"{task}/off-the-shelf",
            kind=off_the_shelf.kind,
            task=described,
            made="A ready-made classifier, used as it is: nothing of it was trained here.",
            made_from=MADE_FROM[off_the_shelf.kind],
            limits="It has never seen this task; its probabilities were not made to be any.",
            settings=off_the_shelf.model_dump(),
            scores={},
        )


if __name__ == "__main__":
    run(off_the_shelf)
