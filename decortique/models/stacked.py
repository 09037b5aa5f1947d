"""A stack: a folder that holds complete model folders, its members, whose outputs a logistic regression combines."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel

from decortique.core.files import StageError, read_json, write_json
from decortique.models.calibration import Calibration
from decortique.models.folder import Classifier, Done, Manifest, Predictions, as_stage_error

FILE, MEMBERS = "stack.json", "members"
DIGITS = 6  # of weights that people read


class Combination(BaseModel):
    """What `stack.json` holds.

    Of two labels, only the last is scored: by its bias, and its log-odds by each member times the weight of the member.
    Of more, each is scored, by the log-odds of each label but the first against the first.
    """

    members: list[str]
    weights: dict[str, dict[str, list[float]]]  # label that is scored → member → a weight per log-odds
    biases: dict[str, float]  # by label that is scored

    @classmethod
    def of(cls, calibration: Calibration, members: Sequence[str], labels: Sequence[str]) -> Self:
        """Describe a calibration over the outputs of members, in their order."""
        scored = labels[-len(calibration.biases) :]
        by_member = calibration.weights.reshape(len(scored), len(members), -1).round(DIGITS).tolist()
        weights = {label: dict(zip(members, rows, strict=True)) for label, rows in zip(scored, by_member, strict=True)}
        biases = dict(zip(scored, calibration.biases.round(DIGITS).tolist(), strict=True))
        return cls(members=list(members), weights=weights, biases=biases)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file of a model folder; raise a `StageError` where it is missing or damaged."""
        with as_stage_error(folder):
            return cls.model_validate(read_json(folder / FILE))

    def calibration(self) -> Calibration:
        """Return the calibration that is described."""
        weights = [[weight for name in self.members for weight in by[name]] for by in self.weights.values()]
        return Calibration(np.array(weights), np.array([self.biases[label] for label in self.weights]))


def member_folders(folder: Path) -> list[Path]:
    """Return the folders of the members of a stack, in its order; of any other model folder, none."""
    return [folder / MEMBERS / name for name in Combination.read(folder).members] if (folder / FILE).exists() else []


def write_stack(folder: Path, members: Mapping[str, Path], combination: Combination) -> None:
    """Copy the model folders of the members, by name, and write how they are combined."""
    for name, source in members.items():
        shutil.copytree(source, folder / MEMBERS / name)
    write_json(folder / FILE, combination.model_dump())


@dataclass(frozen=True, slots=True)
class StackedClassifier:
    """Several classifiers, and how their outputs are combined."""

    members: Sequence[Classifier]
    calibration: Calibration

    @classmethod
    def load(
        cls, folder: Path, _: object, labels: Sequence[str], *members: tuple[Manifest, Classifier]
    ) -> "StackedClassifier":
        """Load a folder of `write_stack`, given its members.

        Raises:
            StageError: `stack.json` is missing or damaged, or a member predicts between other labels.
        """
        combination = Combination.read(folder)
        for name, (manifest, _) in zip(combination.members, members, strict=True):
            require_labels(manifest, labels, folder / MEMBERS / name)
        with as_stage_error(folder):
            return cls([classifier for _, classifier in members], combination.calibration())

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the combined probability of each label; see `Classifier`."""
        *others, last = self.members
        outputs = [*(one.predict(texts, lambda _: None) for one in others), last.predict(texts, done)]
        return Predictions(self.calibration([output.probability for output in outputs]))


def require_labels(manifest: Manifest, labels: Sequence[str], folder: Path) -> None:
    """Raise a `StageError` where a member predicts between other labels, or in another order."""
    if manifest.labels != list(labels):
        raise StageError(f"{folder} predicts between {manifest.labels}, not {list(labels)}: run `dvc repro`")
