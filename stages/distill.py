"""Stage `distill`: a teacher + texts → a smaller student; or one more round, whose teacher was a student itself."""

from functools import partial
from typing import Annotated

import typer

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import write_json
from decortique.core.settings import Compute, EncoderName
from decortique.data.settings import TaskSection
from decortique.distillation.objectives import distillation_targets
from decortique.distillation.settings import Distill, Rounds, Students, student_plan
from decortique.distillation.student import set_up_student
from decortique.distillation.teacher import Teacher, training_texts
from decortique.models.batches import Examples, Processes
from decortique.models.folder import write_model
from decortique.models.pretrained import prepare_device
from decortique.models.settings import Finetune, Tokenize
from decortique.models.tokenizer import load_tokenizer
from decortique.models.training import fit


def distill(
    task: TaskName,
    name: Annotated[str, typer.Argument(help="A student of distill.students, or of rounds, in params.yaml.")],
) -> None:
    """Train a student, one of `distill.students` or of `rounds`, to predict what its teacher predicts."""
    plan = student_plan(task, name, Distill.load(), Finetune.load(), Rounds.load(), Students.named)
    described, compute = TaskSection.named(task), Compute.load()
    student, settings, encoder = plan.student, plan.training, paths.encoder(EncoderName.load().root)
    processes = Processes.join(prepare_device(compute))
    teacher = Teacher.load(paths.model(task, plan.teacher), described.labels, compute, processes.device)
    tokenizer = load_tokenizer(teacher.folder) if teacher.headed else load_tokenizer(encoder, Tokenize.load())
    setup = set_up_student(student, teacher, encoder, tokenizer, described.labels, settings)
    texts = training_texts(teacher, task, described.labels, student.texts, setup.states, tokenizer)
    validation = Examples.read(task, "validation", described.labels)
    trained = fit(
        setup.model,
        texts.rows,
        distillation_targets(texts, student.loss),
        setup.objective,
        validation,
        settings,
        stage="distill",
        name=f"{task}/{name}",
        padding_id=tokenizer.pad_token_id,
        determined_by=[compute, student],
        processes=processes,
    )
    if not processes.first:
        return
    write_model(
        task,
        name,
        student.kind,
        partial(setup.save, tokenizer),
        described=described,
        settings={**student.model_dump(), "training": settings.model_dump()},
        scores=trained.epochs[trained.best_epoch - 1],
        made=f"A student ({setup.model.title}), distilled for {trained.best_epoch} epochs.",
        made_from=f"its teacher `{task}/{plan.teacher}`",
        limits="It repeats what its teacher believes, the mistakes too.",
        teacher=plan.teacher,
    )
    results = {
        "teacher": plan.teacher,
        "texts": {"all": len(texts.rows), "labelled_by_the_teacher_alone": texts.unlabelled},
        "best_epoch": trained.best_epoch,
        "validation": trained.epochs,
        "parameters": setup.parameters,
    }
    write_json(paths.results("distill", f"{task}/{name}"), results)


if __name__ == "__main__":
    run(distill, compute=Compute.load)
