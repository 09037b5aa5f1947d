"""Stage `finetune`: token ids + encoder → the transformer of a task, with its predictions."""

from functools import partial

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import write_json
from decortique.core.settings import Compute, EncoderName
from decortique.data.settings import TaskSection
from decortique.models.adaptation import adapt, merge_lora
from decortique.models.batches import Examples, Processes
from decortique.models.folder import write_model
from decortique.models.heads import new_headed, save_headed
from decortique.models.losses import head_targets, heads_objective
from decortique.models.pretrained import prepare_device
from decortique.models.settings import Finetune, Tokenize
from decortique.models.tokenizer import load_tokenizer
from decortique.models.training import fit


def finetune(task: TaskName) -> None:
    """Fine-tune the encoder of the run with new heads on the labels (and grades) of a task's training rows."""
    settings, described, compute = Finetune.load(), TaskSection.named(task), Compute.load()
    encoder = EncoderName.load().root
    processes = Processes.join(prepare_device(compute))
    training = Examples.read(task, "train", described.labels)
    validation = Examples.read(task, "validation", described.labels)
    folder, heads = paths.encoder(encoder), described.heads
    model = new_headed(folder, described.labels, heads, dropout=settings.dropout, seed=settings.seed)
    targets = head_targets(model, heads, training)
    adapt(model.classifier, settings.adaptation)
    trained = fit(
        model,
        training.rows,
        targets,
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
    if settings.adaptation.kind == "lora":
        merge_lora(model.classifier)
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
    run(finetune, compute=Compute.load)
