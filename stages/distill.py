"""Stage `distill`: token ids + a teacher → a student of fewer layers."""

import torch

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.classifiers.card import write_card
from stages.classifiers.manifest import Manifest
from stages.command import run
from stages.distillation.student import matched_states, student_of
from stages.distillation.teaching import learning_objective, lessons
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.distill import Distill
from stages.settings.task import TaskSection
from stages.transformer.classifier import load_classifier, save_classifier
from stages.transformer.device import prepare_device
from stages.transformer.examples import Examples
from stages.transformer.tokenizer import load_tokenizer
from stages.transformer.training import train


def distill(task: str) -> None:
    """Trains a student with fewer layers to say what its teacher says."""
    settings, described = Distill.load(), TaskSection.named(task)
    device = prepare_device(Compute.load())
    training = Examples.read(task, "train", described.labels)
    validation = Examples.read(task, "validation", described.labels)
    folder = paths.model(task, settings.teacher)
    teacher = load_classifier(folder).to(device)
    student = student_of(teacher, settings.keep_layers)
    states = matched_states(teacher.config.num_hidden_layers, settings.keep_layers)
    with progress("ask the teacher", len(training.rows), "text") as bar:
        taught = lessons(teacher, training.rows, states, settings.batch_size, bar.update)
    trained = train(
        student,
        training.batches(
            settings.batch_size,
            settings.seed,
            student.config.pad_token_id,
            {"labels": torch.from_numpy(training.labels), **taught.extras()},
        ),
        learning_objective(settings),
        lambda model: validation.scores(model, settings.batch_size),
        settings,
        curves=paths.plots("distill", task),
    )
    with new_folder(paths.model(task, "student")) as destination:
        save_classifier(student, load_tokenizer(folder), destination)
        Manifest(kind="transformer", labels=described.labels, teacher=settings.teacher).write(destination)
        write_card(
            destination,
            name=f"{task}/student",
            kind="transformer",
            task=described,
            made=f"A student of {len(settings.keep_layers)} layers, distilled for {trained.best_epoch} epochs.",
            made_from=f"layers {', '.join(map(str, settings.keep_layers))} of its teacher `{task}/{settings.teacher}`",
            settings=settings,
            scores=trained.epochs[trained.best_epoch - 1],
            limits="It repeats what its teacher believes, the mistakes too.",
        )
    write_json(
        paths.metrics("distill", task),
        {
            "best_epoch": trained.best_epoch,
            "validation": trained.epochs,
            "teacher_validation": validation.scores(teacher, settings.batch_size),
            "parameters": {"teacher": teacher.num_parameters(), "student": student.num_parameters()},
        },
    )


if __name__ == "__main__":
    run(distill)
