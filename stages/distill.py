"""Stage `distill`: token ids + a teacher → a student of fewer layers."""

import torch
from torch.nn import functional

from stages.artifacts import paths
from stages.artifacts.files import write_json
from stages.classifiers.writing import write_transformer
from stages.command import run
from stages.distillation.student import matched_states, student_of
from stages.distillation.teaching import learning_objective, lessons
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.distill import Distill
from stages.settings.task import TaskSection
from stages.transformer.batches import Batches
from stages.transformer.checkpoint import Checkpoint
from stages.transformer.device import prepare_device
from stages.transformer.examples import Examples
from stages.transformer.heads import Headed, load_headed
from stages.transformer.processes import Processes
from stages.transformer.tokenizer import load_tokenizer
from stages.transformer.training import train


def distill(task: str) -> None:
    """Trains a student with fewer layers to say what its teacher says."""
    settings, described, compute = Distill.load(), TaskSection.named(task), Compute.load()
    processes = Processes.join(prepare_device(compute))
    training = Examples.read(task, "train", described.labels)
    validation = Examples.read(task, "validation", described.labels)
    folder = paths.model(task, settings.teacher)
    teacher = load_headed(folder).to(processes.device)
    student = Headed(student_of(teacher.classifier, settings.keep_layers), teacher.primary)
    states = matched_states(teacher.classifier.config.num_hidden_layers, settings.keep_layers)
    with progress("ask the teacher", len(training.rows), "text") as bar:
        taught = lessons(teacher.classifier, training.rows, states, settings.batch_size, bar.update)
    labels = functional.one_hot(torch.from_numpy(training.labels), len(described.labels)).float()
    extras = {"labels": labels, **taught.extras()}
    trained = train(
        student,
        Batches(
            training.rows,
            extras,
            padding_id=student.classifier.config.pad_token_id,
            batch_size=settings.batch_size,
            seed=settings.seed,
        ),
        learning_objective(settings),
        lambda model: validation.measured(model, settings.batch_size),
        settings,
        curves=paths.plots("distill", task),
        checkpoint=Checkpoint.of(
            paths.trainings("distill", task),
            *(settings, compute, processes.count, student, training, extras, validation),
        ),
        processes=processes,
    )
    if not processes.first:
        return
    write_transformer(
        task,
        "student",
        student,
        load_tokenizer(folder),
        described=described,
        settings=settings,
        scores=trained.epochs[trained.best_epoch - 1],
        made=f"A student of {len(settings.keep_layers)} layers, distilled for {trained.best_epoch} epochs.",
        made_from=f"layers {', '.join(map(str, settings.keep_layers))} of its teacher `{task}/{settings.teacher}`",
        limits="It repeats what its teacher believes, the mistakes too.",
        teacher=settings.teacher,
    )
    sizes = {"teacher": teacher.classifier.num_parameters(), "student": student.classifier.num_parameters()}
    write_json(
        paths.metrics("distill", task),
        {
            "best_epoch": trained.best_epoch,
            "validation": trained.epochs,
            "teacher_validation": validation.measured(teacher, settings.batch_size),
            "parameters": sizes,
        },
    )


if __name__ == "__main__":
    run(distill)
