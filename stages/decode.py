"""Stage `decode`: the predictions of every approach on single texts → calibrated predictions over streams of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches
from decortique.core.tables import read_columns, splits
from decortique.data.task_settings import POOL, TaskSection
from decortique.evaluation.decoding import Calibration, Evidence, parameters, tuned, variants
from decortique.evaluation.sequences import History, Streams
from decortique.evaluation.settings import COMBINED, Decode
from decortique.models.predictions import PredictionTable, read_predictions, write_predictions


def decode(task: str) -> None:
    """Calibrates the scores of every approach, and of several combined, and predicts anew, with a look at neighbours.

    Everything is fitted and chosen on the validation set; how speakers change and how long they speak is estimated on
    the training set.
    """
    settings, described, approaches = Decode.load(), TaskSection.named(task), Approaches.load().root
    labels, decoding = described.labels, described.decoding
    corpus = {
        split: Split.read(paths.corpus(task) / f"{split}.parquet", labels)
        for split in splits(paths.corpus(task))
        if split != POOL
    }
    train, validation = corpus.pop("train"), corpus["validation"]
    history = History.of(train.streams, train.truth, len(labels))
    folders = {name: paths.predictions(task, name) for name in approaches}
    scores = {
        split: {name: read_predictions(path, split, labels, found.ids).probability for name, path in folders.items()}
        for split, found in corpus.items()
    }
    lines = {name: [name] for name in approaches} | ({COMBINED: settings.combine} if settings.combine else {})
    report: dict[str, Any] = {"present": history.present}
    with (
        new_folder(paths.decoded(task)) as folder,
        progress("decode", len(lines) * len(decoding.methods), "method") as bar,
    ):
        for line, members in lines.items():
            calibration = Calibration.fit([scores["validation"][name] for name in members], validation.truth, labels)
            calibrated = {split: calibration([found[name] for name in members]) for split, found in scores.items()}
            evidence = Evidence.calibrated_on(calibrated["validation"], validation.truth, settings.own_level)
            for name in decoding.methods:
                choices = variants(name, history, evidence)
                method, reached = tuned(
                    choices, calibrated["validation"], validation.streams, validation.truth, decoding.measure
                )
                for split, found in corpus.items():
                    decoded = method.decode(calibrated[split], found.streams)
                    predicted = PredictionTable(found.ids, decoded.prediction, decoded.probability)
                    write_predictions(folder / name / line, split, line, labels, predicted)
                report.setdefault(line, {})[name] = {**parameters(method), "validation": reached}
                bar.update()
    write_json(paths.results("decode", task), report)


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split, as far as decoding looks at them."""

    ids: list[str]
    truth: np.ndarray  # (texts,) class numbers; -1 where there is no label
    streams: Streams

    @classmethod
    def read(cls, path: Path, labels: list[str]) -> "Split":
        """Reads a table of the corpus."""
        columns: Mapping[str, list[Any]] = read_columns(path, ["id", "label", "group", "position"])
        numbers = {label: number for number, label in enumerate(labels)}
        truth = np.array([numbers.get(label, -1) for label in columns["label"]], int)
        return cls(columns["id"], truth, Streams.of(columns["group"], columns["position"]))


if __name__ == "__main__":
    run(decode)
