"""Stage `decode`: the predictions of every approach on single texts → calibrated predictions over streams of them."""

from typing import Any

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, progress, write_json
from decortique.core.settings import Approaches, Compute
from decortique.core.tables import splits
from decortique.data.corpus import LabelledSplit
from decortique.data.settings import POOL, TaskSection
from decortique.evaluation.decoding import Evidence, SequencePrior, Streams, parameters, tune, variants
from decortique.evaluation.settings import COMBINED, Decode
from decortique.models.calibration import fit_calibration
from decortique.models.predictions import PredictionTable, read_predictions, write_predictions


def decode(task: TaskName) -> None:
    """Calibrate the scores of every approach, and of several combined, and predict again with the neighbours in view.

    Everything is fitted and chosen on the validation set; how classes follow each other, and the length of their runs,
    are estimated on the training set.
    """
    settings, described, approaches = Decode.load(), TaskSection.named(task), Approaches.load().root
    labels, decoding, folder = described.labels, described.decoding, paths.corpus(task)
    corpus = {
        name: LabelledSplit.read(task, name, labels, keep_groups=False) for name in splits(folder) if name != POOL
    }
    streams = {name: Streams.of(rows.groups, rows.positions) for name, rows in corpus.items()}
    train, validation = corpus.pop("train"), corpus["validation"]
    prior = SequencePrior.of(streams["train"], train.truth, len(labels))
    probability = {
        split: {
            name: read_predictions(paths.predictions(task, name), split, labels, rows.ids).probability
            for name in approaches
        }
        for split, rows in corpus.items()
    }
    combinations = {name: [name] for name in approaches} | ({COMBINED: settings.combine} if settings.combine else {})
    results: dict[str, Any] = {"present": prior.present}
    with (
        new_folder(paths.decoded(task)) as folder,
        progress("decode", len(combinations) * len(decoding.methods), "method") as bar,
    ):
        for name, members in combinations.items():
            inputs = {split: [one[member] for member in members] for split, one in probability.items()}
            calibration = fit_calibration(inputs["validation"], validation.truth, labels)
            calibrated = {split: calibration(one) for split, one in inputs.items()}
            evidence = Evidence.calibrated_on(calibrated["validation"], validation.truth, settings.own_level)
            results[name] = {}
            for method in decoding.methods:
                candidates = variants(method, prior, evidence)
                best, scores = tune(
                    candidates, calibrated["validation"], streams["validation"], validation.truth, decoding.measure
                )
                results[name][method] = {**parameters(best), "validation": scores}
                for split, rows in corpus.items():
                    decoded = best(calibrated[split], streams[split])
                    table = PredictionTable(rows.ids, decoded.prediction, decoded.probability)
                    write_predictions(folder / method / name, split, name, labels, table)
                bar.update()
    write_json(paths.results("decode", task), results)


if __name__ == "__main__":
    run(decode, compute=Compute.load)
