"""Stage `export`: a trained transformer → a file that decides without PyTorch, and how well it does."""

from stages.artifacts import paths
from stages.artifacts.decisions import Decisions, read_decisions
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.labelled import Labelled
from stages.artifacts.tables import read_columns
from stages.classifiers.card import write_card
from stages.classifiers.manifest import Manifest
from stages.classifiers.onnx import MODEL, OnnxClassifier
from stages.command import run
from stages.errors import StageError
from stages.exporting.quantization import PRECISION
from stages.exporting.writing import write_onnx
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.evaluate import Evaluate
from stages.settings.export import Export
from stages.settings.task import Task, TaskSection
from stages.statistics.evaluation import Evaluation, Examples
from stages.statistics.measures import most_probable

MEASURES = ("accuracy", "macro_f1", "log_loss")


def export(task: str, approach: str) -> None:
    """Writes an approach of a task as ONNX in 8 bits, and scores it on the test examples against what it was before."""
    described, source, target = TaskSection.named(task), paths.model(task, approach), paths.export(task, approach)
    manifest = Manifest.read(source)
    if manifest.kind != "transformer":
        raise StageError(
            f"params.yaml: export.approaches names {approach!r}, but {source} is of the kind {manifest.kind}: only a "
            "transformer can be exported"
        )
    with new_folder(target) as folder:
        write_onnx(source, folder)
        Manifest(kind="onnx", labels=manifest.labels, teacher=manifest.teacher).write(folder)
        write_card(
            folder,
            name=f"{task}/{approach}",
            kind="onnx",
            task=described,
            made=f"`{source}` as an ONNX graph with whole numbers for weights, which runs without PyTorch.",
            made_from=f"`{source}`; nothing was trained",
            limits="It decides, and says nothing else: further heads are left out. Rounding may turn a near tie.",
            settings=PRECISION,
            scores={},
        )
    weights = {"float": source / "model.safetensors", "int8": target / MODEL}
    evaluation = evaluated(task, approach, described)
    scores, decided = evaluation.scores(), evaluation.decided
    write_json(
        paths.metrics("export", task, approach),
        {
            **{
                name: {**{measure: scores[name][measure] for measure in MEASURES}, "bytes": path.stat().st_size}
                for name, path in weights.items()
            },
            "versus": evaluation.compared("int8", "float"),
            "agreement": float((decided["int8"].decision == decided["float"].decision).mean()),
        },
    )


def evaluated(task: str, approach: str, described: Task) -> Evaluation:
    """Holds what the exported model decides on the test examples against what the original decided, `float`."""
    rows = Labelled.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    before = read_decisions(paths.decisions(task, approach), rows.split, rows.labels, rows.ids)
    classifier = OnnxClassifier.load(paths.export(task, approach), Compute.load(), Export.load().batch_size)
    texts = read_columns(paths.corpus(task) / f"{rows.split}.parquet", ["text"])["text"]
    with progress(f"{approach} in 8 bits", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    after = Decisions(rows.ids, most_probable(probability), probability)
    examples = Examples(rows.labels, rows.truth, rows.together)
    return Evaluation.of(examples, {"float": before, "int8": after}, Evaluate.load())


if __name__ == "__main__":
    run(export)
