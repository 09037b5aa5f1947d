"""Stage `export`: trained transformers → files that predict without PyTorch, and how well they do."""

from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import StageError, new_folder, progress, write_json
from decortique.core.measures import most_probable
from decortique.core.settings import Compute
from decortique.core.tables import read_columns
from decortique.data.corpus import LabelledSplit
from decortique.data.settings import TaskSection
from decortique.evaluation.scores import evaluate_rows
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Manifest
from decortique.models.onnx import MODEL, OnnxClassifier, write_export
from decortique.models.predictions import PredictionTable, read_predictions
from decortique.models.settings import Export

MEASURES = ("accuracy", "macro_f1", "log_loss")


def export(task: TaskName) -> None:
    """Write approaches of a task as ONNX in 8 bits, and compare their scores on the test set with the originals'."""
    approaches = Export.load().approaches
    for approach in approaches:
        source = paths.model(task, approach)
        if (kind := Manifest.read(source).kind) != "transformer":
            raise StageError(
                f"params.yaml: export.approaches names {approach!r}, but {source} is of the kind {kind}: only a "
                "transformer can be exported"
            )
    results = {}
    with new_folder(paths.exports(task)) as folder:
        for approach in approaches:
            write_export(paths.model(task, approach), folder / approach, f"{task}/{approach}", TaskSection.named(task))
            results[approach] = compare(task, approach, folder / approach)
    with new_folder(paths.results_folder("export", task)) as folder:
        for approach, scores in results.items():
            write_json(folder / f"{approach}.json", scores)


def compare(task: str, approach: str, folder: Path) -> dict[str, Any]:
    """Return scores and sizes of the export in `folder`, `int8`, and of the original, `float`, on the test examples."""
    described = TaskSection.named(task)
    rows = LabelledSplit.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    original = read_predictions(paths.predictions(task, approach), rows.split, rows.labels, rows.ids)
    classifier = OnnxClassifier.load(folder, Compute.load())
    texts = read_columns(paths.corpus(task) / f"{rows.split}.parquet", ["text"])["text"]
    with progress(f"{approach} in 8 bits", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    exported = PredictionTable(rows.ids, most_probable(probability), probability)
    evaluation = evaluate_rows(rows, {"float": original, "int8": exported}, Evaluate.load())
    files = {"float": paths.model(task, approach) / "model.safetensors", "int8": folder / MODEL}
    results: dict[str, Any] = {}
    for name, file in files.items():
        scores = evaluation.scores_of(name)
        results[name] = {**{measure: scores[measure] for measure in MEASURES}, "bytes": file.stat().st_size}
    agreement = float((exported.prediction == original.prediction).mean())
    return {**results, "versus": evaluation.compared("int8", "float"), "agreement": agreement}


if __name__ == "__main__":
    run(export, compute=Compute.load)
