"""Confident learning: which labels are likely to be mistaken, judged by probabilities.

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021, section 3.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Confident:
    """What probabilities make of labels."""

    thresholds: np.ndarray  # (classes,): from which probability on a text counts for a class; infinite without a text
    joint: np.ndarray  # (classes, classes) int, label × class that a text counts for: equation 1
    estimated: np.ndarray  # (classes, classes) float, the same scaled to all texts of each label: equation 3, × texts
    suggested: np.ndarray  # (texts,) class that a text counts for; -1 for none
    suspected: np.ndarray  # (texts,) bool: it counts for another class than its label says


def confident(labels: np.ndarray, probability: np.ndarray) -> Confident:
    """Holds labels against probabilities of a model that has not learnt from them.

    A text counts for the class whose probability is as high as it is on average where the label says so (of several,
    the most probable); so a class that the model is hardly ever sure of asks for less.

    Args:
        labels: (texts,) class numbers.
        probability: (texts, classes).
    """
    classes = probability.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = np.bincount(labels, probability[np.arange(len(labels)), labels], minlength=classes)
    thresholds = np.where(counts > 0, own / np.maximum(counts, 1), np.inf)
    reached = np.where(probability >= thresholds, probability, -1.0)
    suggested = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    counted = suggested >= 0
    joint = np.zeros((classes, classes), int)
    np.add.at(joint, (labels[counted], suggested[counted]), 1)
    total = joint.sum(axis=1)
    # Of a label none of whose texts counts for any class, nothing is known: it is taken at its word.
    shares = np.where(total[:, None] > 0, joint / np.maximum(total, 1)[:, None], np.eye(classes))
    return Confident(thresholds, joint, shares * counts[:, None], suggested, counted & (suggested != labels))
