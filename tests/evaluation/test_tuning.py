from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from decortique.evaluation.decoding import (
    TOLERANCE,
    Decoded,
    Evidence,
    SequencePrior,
    Streams,
    Threshold,
    tune,
    variants,
)
from tests.evaluation.made_decoding import Made, made, one_run_each, one_stream

EVEN = np.array([0.5, 0.5])


@dataclass(frozen=True)
class Fixed:
    """Return the same predictions and probabilities for any input."""

    prediction: tuple[int, ...]
    sure: float = 0.9

    def __call__(self, probability: np.ndarray, streams: Streams) -> Decoded:
        chosen = np.eye(2, dtype=bool)[list(self.prediction)]
        return Decoded(np.array(self.prediction), np.where(chosen, self.sure, 1 - self.sure))


def picked(truth: list[int], aim: str, *candidates: Fixed) -> tuple[Fixed, dict[str, float]]:
    choice, reached = tune(candidates, np.full((len(truth), 2), 0.5), one_stream(len(truth)), np.array(truth), aim)
    assert isinstance(choice, Fixed)
    return choice, reached


TRUTH = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
NEVER = Fixed((0,) * 10)  # accuracy .9, F1 0
EAGER = Fixed((0, 0, 0, 0, 0, 0, 0, 1, 1, 1))  # accuracy .8, F1 .5


def test_the_best_candidate_depends_on_the_aim() -> None:
    assert picked(TRUTH, "accuracy", NEVER, EAGER)[0] == picked(TRUTH, "accuracy", EAGER, NEVER)[0] == NEVER
    assert picked(TRUTH, "f1", NEVER, EAGER)[0] == picked(TRUTH, "f1", EAGER, NEVER)[0] == EAGER


def test_the_scores_come_from_the_predictions_of_the_chosen_candidate() -> None:
    _, reached = picked(TRUTH, "f1", NEVER, EAGER)
    assert reached["accuracy"] == pytest.approx(0.8)
    assert reached["f1.1"] == pytest.approx(f1_score(TRUTH, EAGER.prediction))
    assert reached["log_loss"] == pytest.approx(-(8 * np.log(0.9) + 2 * np.log(0.1)) / 10)


def test_ties_are_broken_by_the_better_probabilities_then_by_order() -> None:
    hesitant, surer = (
        Fixed(EAGER.prediction, 0.6),
        Fixed(EAGER.prediction, 0.8),
    )  # 8 of 10 right: .8 is the calibrated probability
    assert picked(TRUTH, "accuracy", hesitant, EAGER, surer)[0] is surer
    twin = Fixed(EAGER.prediction, 0.8)
    assert picked(TRUTH, "accuracy", twin, surer)[0] is twin


@pytest.mark.parametrize(("errors", "kept"), [(1, "sober"), (4, "lucky")])
def test_calibrated_probabilities_outweigh_a_few_more_right_predictions(errors: int, kept: str) -> None:
    truth = [0, 1] * 50
    wrong = (1, 0) * 5
    candidates = {
        "lucky": Fixed((*wrong, *truth[10:]), sure=0.999),  # 90 of 100, and overconfident
        "sober": Fixed((*wrong, *[1 - label for label in truth[10 : 10 + errors]], *truth[10 + errors :]), sure=0.9),
    }
    assert picked(truth, "accuracy", *candidates.values())[0] is candidates[kept]


def test_the_threshold_suits_the_aim() -> None:
    random = np.random.default_rng(0)
    truth = (random.random(2000) < 0.1).astype(int)
    inside = 1 / (1 + np.exp(-(2.5 * truth - 3.4 + random.normal(0, 1.2, 2000))))
    probability, streams = np.column_stack([1 - inside, inside]), one_stream(2000)
    prior = SequencePrior.of(streams, truth, classes=2)
    chosen, reached = tune(
        variants("none", prior, Evidence(EVEN, np.zeros(2), own_level=0.0)), probability, streams, truth, "f1"
    )
    by_hand = {step / 20: f1_score(truth, inside > step / 20) for step in range(2, 19)}
    near_best = [threshold for threshold, f1 in by_hand.items() if f1 >= max(by_hand.values()) - TOLERANCE]
    assert isinstance(chosen, Threshold)
    assert chosen.threshold == max(near_best) < 0.5  # of equal ones, the simplest
    assert reached["f1.1"] == pytest.approx(by_hand[chosen.threshold])
    assert reached["f1.1"] > f1_score(truth, inside > 0.5) + 0.05


def test_f1_of_three_classes_is_f1_of_the_last_class() -> None:
    truth = np.array([0, 1, 2, 2, 0, 1])
    probability = np.array(
        [[0.5, 0.3, 0.2], [0.3, 0.5, 0.2], [0.4, 0.25, 0.35], [0.3, 0.3, 0.4]] + [[0.4, 0.5, 0.1]] * 2
    )
    chosen, reached = tune(map(Threshold, (0.5, 0.3)), probability, one_stream(6), truth, "f1")
    assert chosen == Threshold(0.3)
    assert reached["f1.2"] == 1.0


@cache
def sets(kind: str) -> tuple[Made, Made, Made]:
    """Return train, validation and test sets."""
    if kind == "one run":
        return one_run_each(10, seed=1), one_run_each(6, seed=2), one_run_each(8, seed=3)
    blocks = [[17, 12, 25, 9, 14], [30, 20], [8, 22, 13, 18]] * 2
    return made(blocks, seed=1), made(blocks[::-1], seed=2), made(blocks, seed=3)


@pytest.mark.parametrize("aim", ["accuracy", "f1"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("moving_average", "blocks"),
        ("gaussian", "blocks"),
        ("viterbi", "blocks"),
        ("viterbi", "one run"),
        ("one_run", "one run"),
    ],
)
def test_neighbouring_texts_help_where_runs_are_long(name: str, kind: str, aim: str) -> None:
    train, validation, test = sets(kind)
    prior = SequencePrior.of(train.streams, train.truth, classes=2)
    # The odds of the made texts are those of the text alone, whatever the group.
    evidence = Evidence(np.full(2, 0.5), np.zeros(2), own_level=0.0)
    scores = {}
    for method in ("none", name):
        chosen, _ = tune(
            variants(method, prior, evidence), validation.probability, validation.streams, validation.truth, aim
        )
        scores[method] = accuracy_score(test.truth, chosen(test.probability, test.streams).prediction)
    assert scores[name] > scores["none"] + 0.1
    assert scores[name] > 0.8
