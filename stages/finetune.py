"""Stage `finetune`: token ids + encoder → the transformer classifier of a task."""

from torch import Tensor
from transformers import PreTrainedModel

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.classifiers.card import write_card
from stages.classifiers.manifest import Manifest
from stages.command import run
from stages.settings.chain import Compute, EncoderName
from stages.settings.finetune import Finetune
from stages.settings.task import TaskSection
from stages.settings.tokenize import Tokenize
from stages.transformer.batches import Batch
from stages.transformer.classifier import new_classifier, save_classifier
from stages.transformer.device import prepare_device
from stages.transformer.examples import Examples
from stages.transformer.losses import cross_entropy
from stages.transformer.tokenizer import load_tokenizer
from stages.transformer.training import train


def finetune(task: str) -> None:
    """Trains the encoder of the run, with a fresh decision on top, on a task's labels."""
    settings, described, encoder = Finetune.load(), TaskSection.named(task), EncoderName.load().root
    device = prepare_device(Compute.load())
    training = Examples.read(task, "train", described.labels)
    validation = Examples.read(task, "validation", described.labels)
    folder = paths.encoder(encoder)
    model = new_classifier(folder, described.labels, dropout=settings.dropout, seed=settings.seed).to(device)
    if settings.freeze_embeddings:
        model.base_model.embeddings.requires_grad_(requires_grad=False)
    targets = training.targets(settings.score_slope, len(described.labels))
    weights = training.class_weights(len(described.labels)).to(device) if settings.class_weight else None

    def objective(model: PreTrainedModel, batch: Batch) -> Tensor:
        targets = batch.pop("targets")
        return cross_entropy(model(**batch).logits, targets, settings.label_smoothing, weights)

    trained = train(
        model,
        training.batches(settings.batch_size, settings.seed, model.config.pad_token_id, {"targets": targets}),
        objective,
        lambda model: validation.scores(model, settings.batch_size),
        settings,
        curves=paths.plots("finetune", task),
    )
    with new_folder(paths.model(task, "transformer")) as destination:
        save_classifier(model, load_tokenizer(folder, Tokenize.load()), destination)
        Manifest(kind="transformer", labels=described.labels).write(destination)
        write_card(
            destination,
            name=f"{task}/transformer",
            kind="transformer",
            task=described,
            made=f"A transformer fine-tuned for {trained.best_epoch} epochs.",
            made_from=f"the encoder {encoder}",
            settings=settings,
            scores=trained.epochs[trained.best_epoch - 1],
            limits="It has seen one kind of text; how much carries over to others is measured on the transfer sets.",
        )
    write_json(paths.metrics("finetune", task), {"best_epoch": trained.best_epoch, "validation": trained.epochs})


if __name__ == "__main__":
    run(finetune)
