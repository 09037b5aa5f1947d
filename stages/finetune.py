"""Stage `finetune`: token ids + encoder → the transformer of a task, with its predictions."""

from functools import partial

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import write_json
from decortique.core.run_settings import Compute, EncoderName
from decortique.data.task_settings import TaskSection
from decortique.models.adaptation import adapt, merge
from decortique.models.examples import Examples
from decortique.models.folder import write_model
from decortique.models.heads import new_headed, save_headed
from decortique.models.losses import heads_objective, supervision
from decortique.models.pretrained import prepare_device
from decortique.models.processes import Processes
from decortique.models.settings import Finetune, Tokenize
from decortique.models.tokenizer import load_tokenizer
from decortique.models.training import learn


def finetune(task: str) -> None:
    """Trains the encoder of the run, with fresh predictions on top, on what a task's rows say."""
    settings, described, compute = Finetune.load(), TaskSection.named(task), Compute.load()
    encoder = EncoderName.load().root
    processes = Processes.join(prepare_device(compute))
    training = Examples.read(task, "train", described.labels)
    validation = Examples.read(task, "validation", described.labels)
    folder, heads = paths.encoder(encoder), described.heads
    model = new_headed(folder, described.labels, heads, dropout=settings.dropout, seed=settings.seed)
    extras = supervision(model, heads, training)
    adapt(model, settings.adaptation)
    trained = learn(
        model,
        training.rows,
        extras,
        heads_objective(heads),
        validation,
        settings,
        stage="finetune",
        name=task,
        padding_id=model.classifier.config.pad_token_id,
        determined_by=[compute, heads],
        processes=processes,
    )
    if not processes.first:
        return
    merge(model, settings.adaptation)
    write_model(
        task,
        "transformer",
        "transformer",
        partial(save_headed, model, load_tokenizer(folder, Tokenize.load())),
        described=described,
        settings={**settings.model_dump(), "heads": {name: head.model_dump() for name, head in heads.items()}},
        scores=trained.epochs[trained.best_epoch - 1],
        made=f"A transformer fine-tuned for {trained.best_epoch} epochs.",
        made_from=f"the encoder {encoder}",
        limits="It has seen one kind of text; how much carries over to others is measured on the transfer sets.",
    )
    write_json(paths.results("finetune", task), {"best_epoch": trained.best_epoch, "validation": trained.epochs})


if __name__ == "__main__":
    run(finetune)
