"""Stage `off_the_shelf`: a ready-made classifier for the task, used as it is."""

from pathlib import Path

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import write_json
from decortique.core.settings import EncoderName
from decortique.data.settings import TaskSection
from decortique.models.encoder_files import copy_encoder
from decortique.models.folder import APPROACHES, settings_file, write_model
from decortique.models.settings import Tokenize


def off_the_shelf(task: TaskName) -> None:
    """Write the model folder of the ready-made classifier of a task; nothing is trained."""
    described = TaskSection.named(task)
    chosen = described.off_the_shelf
    encoder, tokenize = paths.encoder(EncoderName.load().root), Tokenize.load()

    def save(folder: Path) -> None:
        if APPROACHES[chosen.kind].uses_encoder:
            copy_encoder(encoder, folder, tokenize)
        if settings := chosen.model_dump(exclude={"kind"}):
            write_json(folder / settings_file(chosen.kind), settings)

    write_model(
        task,
        "off-the-shelf",
        chosen.kind,
        save,
        described=described,
        settings=chosen.model_dump(),
        scores={},
        made="A ready-made classifier, used as it is: nothing of it was trained here.",
        made_from=APPROACHES[chosen.kind].made_from,
        limits="It has never seen this task; its probabilities were not made to be any.",
    )


if __name__ == "__main__":
    run(off_the_shelf)
