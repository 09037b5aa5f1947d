"""Stage `distill`: a teacher + texts → a smaller student; or one more round, whose teacher was a student itself."""

from functools import partial

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import write_json
from decortique.core.run_settings import Compute, EncoderName
from decortique.data.task_settings import TaskSection
from decortique.distillation.objectives import extras
from decortique.distillation.settings import Distill, Rounds, Students, lesson_of
from decortique.distillation.student import new_learner
from decortique.distillation.teacher import Teacher, read
from decortique.models.examples import Examples
from decortique.models.folder import write_model
from decortique.models.pretrained import prepare_device
from decortique.models.processes import Processes
from decortique.models.settings import Finetune, Tokenize
from decortique.models.tokenizer import load_tokenizer
from decortique.models.training import learn


def distill(task: str, name: str) -> None:
    """Trains a student, one of `distill.students` or of `rounds`, to say what its teacher says."""
    lesson = lesson_of(task, name, Distill.load(), Finetune.load(), Rounds.load(), Students.named)
    described, compute = TaskSection.named(task), Compute.load()
    student, settings, encoder = lesson.student, lesson.training, paths.encoder(EncoderName.load().root)
    processes = Processes.join(prepare_device(compute))
    teacher = Teacher.load(paths.model(task, lesson.teacher), described.labels, compute, processes.device)
    tokenizer = load_tokenizer(teacher.folder) if teacher.headed else load_tokenizer(encoder, Tokenize.load())
    learner = new_learner(student, teacher, encoder, tokenizer, described.labels, settings)
    reading = read(teacher, task, described.labels, student.texts, learner.states, tokenizer)
    validation = Examples.read(task, "validation", described.labels)
    trained = learn(
        learner.model,
        reading.rows,
        extras(reading, student.learns),
        learner.objective,
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
        partial(learner.save, tokenizer),
        described=described,
        settings={**student.model_dump(), "training": settings.model_dump()},
        scores=trained.epochs[trained.best_epoch - 1],
        made=f"A student ({learner.model.title}), distilled for {trained.best_epoch} epochs.",
        made_from=f"its teacher `{task}/{lesson.teacher}`",
        limits="It repeats what its teacher believes, the mistakes too.",
        teacher=lesson.teacher,
    )
    write_json(
        paths.results("distill", f"{task}/{name}"),
        {
            "teacher": lesson.teacher,
            "texts": {"all": len(reading.rows), "labelled_by_the_teacher_alone": reading.unlabelled},
            "best_epoch": trained.best_epoch,
            "validation": trained.epochs,
            "parameters": learner.parameters,
        },
    )


if __name__ == "__main__":
    run(distill)
