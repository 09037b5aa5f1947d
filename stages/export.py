"""Stage `export`: trained transformers → files that predict without PyTorch, and how well they do."""

from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder, write_json
from decortique.core.measures import most_probable
from decortique.core.progress import progress
from decortique.core.run_settings import Compute
from decortique.core.tables import read_columns
from decortique.data.labelled import Labelled
from decortique.data.task_settings import Task, TaskSection
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import Evaluate
from decortique.models.export import PRECISION, write_onnx
from decortique.models.folder import Manifest, write_card
from decortique.models.onnx import MODEL, OnnxClassifier
from decortique.models.predictions import PredictionTable, read_predictions
from decortique.models.settings import Export

MEASURES = ("accuracy", "macro_f1", "log_loss")


def export(task: str) -> None:
    """Writes approaches of a task as ONNX in 8 bits, and scores them on the test set beside the originals."""
    described, manifests = TaskSection.named(task), dict[str, Manifest]()
    for approach in Export.load().approaches:
        source = paths.model(task, approach)
        manifests[approach] = Manifest.read(source)
        if (kind := manifests[approach].kind) != "transformer":
            raise StageError(
                f"params.yaml: export.approaches names {approach!r}, but {source} is of the kind {kind}: only a "
                "transformer can be exported"
            )
    results = {}
    with new_folder(paths.exports(task)) as folder:
        for approach, manifest in manifests.items():
            export_approach(task, approach, manifest, described, folder / approach)
            results[approach] = measured(task, approach, described, folder / approach)
    with new_folder(paths.results_folder("export", task)) as folder:
        for approach, found in results.items():
            write_json(folder / f"{approach}.json", found)


def export_approach(task: str, approach: str, manifest: Manifest, described: Task, folder: Path) -> None:
    """Writes one approach as ONNX in 8 bits into a new folder."""
    source = paths.model(task, approach)
    folder.mkdir()
    write_onnx(source, folder)
    Manifest(kind="onnx", labels=manifest.labels, teacher=manifest.teacher).write(folder)
    write_card(
        folder,
        name=f"{task}/{approach}",
        kind="onnx",
        task=described,
        made=f"`{source}` as an ONNX graph with whole numbers for weights, which runs without PyTorch.",
        made_from=f"`{source}`; nothing was trained",
        limits="It predicts, and says nothing else: further heads are left out. Rounding may turn a near tie.",
        settings=PRECISION,
        scores={},
    )


def measured(task: str, approach: str, described: Task, folder: Path) -> dict[str, Any]:
    """Compares what the exported model in `folder` predicts the test examples with what the original predicted."""
    weights = {"float": paths.model(task, approach) / "model.safetensors", "int8": folder / MODEL}
    evaluation = evaluated(task, approach, described, folder)
    scores, predicted = evaluation.scores(), evaluation.predicted
    return {
        **{
            name: {**{measure: scores[name][measure] for measure in MEASURES}, "bytes": path.stat().st_size}
            for name, path in weights.items()
        },
        "versus": evaluation.compared("int8", "float"),
        "agreement": float((predicted["int8"].prediction == predicted["float"].prediction).mean()),
    }


def evaluated(task: str, approach: str, described: Task, folder: Path) -> Evaluation:
    """Evaluates both on the test examples: the export, `int8`, and the original, `float`."""
    rows = Labelled.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    before = read_predictions(paths.predictions(task, approach), rows.split, rows.labels, rows.ids)
    classifier = OnnxClassifier.load(folder, Compute.load())
    texts = read_columns(paths.corpus(task) / f"{rows.split}.parquet", ["text"])["text"]
    with progress(f"{approach} in 8 bits", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    after = PredictionTable(rows.ids, most_probable(probability), probability)
    examples = Examples(rows.labels, rows.truth, rows.together)
    return Evaluation.of(examples, {"float": before, "int8": after}, Evaluate.load())


if __name__ == "__main__":
    run(export)
