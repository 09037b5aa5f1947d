import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models import losses
from decortique.models.batches import Batch, Collate, Examples, TokenRows
from decortique.models.heads import Headed, Regression, new_headed
from decortique.models.losses import head_targets, heads_objective
from tests.conftest import CLASSES

LABELS = ["negative", "positive"]
# Graded as the classes say, but for the texts 3, 8, 13 … that nobody graded.
SCORES = np.array([math.nan if i % 5 == 3 else (2 * c - 1) * (1 + i % 4) for i, c in enumerate(CLASSES)], np.float32)
GRADED = np.isfinite(SCORES)


def classification(**changes: Any) -> ClassificationHead:
    return ClassificationHead(**{"kind": "classification", "column": "label", "loss": "cross_entropy", **changes})


def regression(**changes: Any) -> RegressionHead:
    return RegressionHead(**{"kind": "regression", "column": "score", "loss": "mse", **changes})


def headed(encoder: Path, heads: dict[str, Head], labels: list[str] = LABELS) -> Headed:
    return new_headed(encoder, labels, heads, dropout=0.0, seed=0).eval()


@pytest.fixture
def examples(rows: TokenRows) -> Examples:
    return Examples(rows, np.array(CLASSES), SCORES)


def supervised(encoder: Path, heads: dict[str, Head], examples: Examples, **more: Any) -> dict[str, torch.Tensor]:
    return head_targets(headed(encoder, heads, **more), heads, examples)


def batch_of(examples: Examples, batch_targets: dict[str, torch.Tensor], indices: list[int]) -> Batch:
    return Collate(0, batch_targets)([examples.rows[index] for index in indices])


def test_targets_are_the_labels_by_default(encoder: Path, examples: Examples) -> None:
    batch_targets = supervised(encoder, {"polarity": classification()}, examples)
    assert batch_targets.keys() == {"target of polarity"}
    assert batch_targets["target of polarity"].tolist() == [[1 - label, label] for label in CLASSES]


def test_a_score_softens_its_target_and_a_text_without_one_keeps_its_label(encoder: Path, examples: Examples) -> None:
    batch_targets = supervised(encoder, {"polarity": classification(score_slope=0.5)}, examples)
    result = batch_targets["target of polarity"]
    assert result[GRADED, 1].tolist() == pytest.approx([1 / (1 + math.exp(-0.5 * one)) for one in SCORES[GRADED]])
    assert result[~GRADED].tolist() == [[1 - label, label] for label in np.array(CLASSES)[~GRADED]]


def test_a_text_of_a_rare_class_counts_for_more(encoder: Path, rows: TokenRows) -> None:
    labels = np.array([0] * 24 + [1] * 8)
    examples = Examples(rows, labels, np.full(32, np.nan, np.float32))
    batch_targets = supervised(encoder, {"polarity": classification(class_weight="balanced")}, examples)
    assert batch_targets["weight of polarity"].tolist() == pytest.approx([32 / 48] * 24 + [32 / 16] * 8)
    batch_targets = supervised(
        encoder, {"polarity": classification(class_weight="balanced")}, examples, labels=["a", "b", "unseen"]
    )
    assert batch_targets["weight of polarity"].tolist() == pytest.approx([32 / 72] * 24 + [32 / 24] * 8)
    assert batch_targets["target of polarity"].shape == (32, 3)


def test_a_weight_is_that_of_the_label_even_with_a_soft_target(encoder: Path, rows: TokenRows) -> None:
    labels = np.array([0] * 24 + [1] * 8)
    examples = Examples(rows, labels, (2 * labels - 1).astype(np.float32))
    head = classification(class_weight="balanced", score_slope=1.0)
    batch_targets = supervised(encoder, {"polarity": head}, examples)
    assert batch_targets["weight of polarity"].tolist() == pytest.approx([32 / 48] * 24 + [32 / 16] * 8)


def test_regression_targets_are_the_scores_and_set_the_scale_of_the_head(encoder: Path, examples: Examples) -> None:
    heads: dict[str, Head] = {"polarity": classification(), "intensity": regression()}
    model = headed(encoder, heads)
    batch_targets = head_targets(model, heads, examples)
    np.testing.assert_array_equal(batch_targets["target of intensity"], SCORES)
    head = model.extra_heads()["intensity"]
    assert isinstance(head, Regression)
    assert head.mean.item() == pytest.approx(SCORES[GRADED].mean(), abs=1e-6)
    assert head.deviation.item() == pytest.approx(SCORES[GRADED].std(), rel=1e-5)


@pytest.mark.parametrize("weighted", ["balanced", None])
def test_the_loss_of_a_batch_is_that_of_each_head_computed_by_hand(
    any_encoder: Path, examples: Examples, weighted: str | None
) -> None:
    heads: dict[str, Head] = {
        "polarity": classification(class_weight=weighted, score_slope=1.0, options={"label_smoothing": 0.1}),
        "intensity": regression(loss="huber", options={"delta": 0.5}, weight=0.25),
        "tone": classification(loss="focal", options={"gamma": 3.0}, weight=2.0),
        "rest": classification(loss="binary"),
    }
    labels = np.where(np.arange(32) < 8, CLASSES, 0)  # few are of class 1
    few = Examples(examples.rows, labels, np.abs(SCORES) * np.float32(2 * labels - 1))
    model = headed(any_encoder, heads)
    batch_targets = head_targets(model, heads, few)
    indices = [0, 3, 4, 7, 30]  # graded but for 3
    with torch.no_grad():
        result = heads_objective(heads)(model, batch_of(few, batch_targets, indices))
        outputs = {name: values.double().numpy() for name, values in model(**batch_of(few, {}, indices)).items()}
    hard = np.eye(2)[few.labels[indices]]
    sure = 1 / (1 + np.exp(-few.scores[indices].astype(float)))
    soft = np.where(GRADED[indices][:, None], np.column_stack([1 - sure, sure]), hard)

    def log_p(logits: np.ndarray) -> np.ndarray:
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    weights = 32 / (2 * np.bincount(few.labels))[few.labels[indices]] if weighted else np.ones(5)
    polarity = -((0.9 * soft + 0.05) * log_p(outputs["polarity"])).sum(axis=1)
    assert result["polarity"].item() == pytest.approx((weights * polarity).mean(), rel=1e-4)

    graded = few.scores[GRADED].astype(float)
    off = np.abs(outputs["intensity"] - few.scores[indices])[GRADED[indices]] / graded.std()
    huber = np.where(off < 0.5, off**2 / 2, 0.5 * (off - 0.25))
    assert result["intensity"].item() == pytest.approx(0.25 * huber.mean(), rel=1e-4)

    tone = log_p(outputs["tone"])
    focal = -(hard * (1 - np.exp(tone)) ** 3 * tone).sum(axis=1)
    assert result["tone"].item() == pytest.approx(2 * focal.mean(), rel=1e-4)

    odds = np.where(hard == 1, outputs["rest"], -outputs["rest"])
    assert result["rest"].item() == pytest.approx(np.log1p(np.exp(-odds)).sum(axis=1).mean(), rel=1e-4)
    assert list(result) == list(heads)


def test_a_text_without_a_score_trains_its_label_only(encoder: Path, examples: Examples) -> None:
    heads: dict[str, Head] = {"polarity": classification(), "intensity": regression()}
    model = headed(encoder, heads)
    batch_targets = head_targets(model, heads, examples)
    without = [index for index in range(32) if not GRADED[index]][:4]
    terms = heads_objective(heads)(model, batch_of(examples, batch_targets, without))
    assert terms["intensity"].item() == 0
    assert terms["polarity"].item() > 0
    torch.autograd.backward(terms["intensity"], retain_graph=True)
    assert all(values.grad is None or not values.grad.any() for values in model.parameters())
    torch.autograd.backward(terms["polarity"])
    assert all(values.grad.any() for values in model.classifier.classifier.parameters())
    with_one = heads_objective(heads)(model, batch_of(examples, batch_targets, [*without, 0]))
    alone = heads_objective(heads)(model, batch_of(examples, batch_targets, [0]))
    assert with_one["intensity"].item() == pytest.approx(alone["intensity"].item(), rel=1e-4)


def test_a_head_of_weight_two_has_twice_the_gradient(encoder: Path, examples: Examples) -> None:
    gradients = []
    for weight in (1.0, 2.0):
        heads: dict[str, Head] = {"polarity": classification(), "intensity": regression(weight=weight)}
        model = headed(encoder, heads)
        batch_targets = head_targets(model, heads, examples)
        terms = heads_objective(heads)(model, batch_of(examples, batch_targets, [0, 1, 2]))
        torch.autograd.backward(terms["intensity"])
        gradients.append({name: one.grad for name, one in model.named_parameters() if one.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(2 * gradient, gradients[1][name], msg=name)
    assert gradients[0]["others.head intensity.linear.weight"].any()
    assert gradients[0]["classifier.bert.encoder.layer.0.attention.self.query.weight"].any()


def test_the_regression_loss_does_not_depend_on_the_scale_of_the_scores(encoder: Path, examples: Examples) -> None:
    heads: dict[str, Head] = {"polarity": classification(), "intensity": regression()}
    costs = []
    for scale, shift in ((1.0, 0.0), (50.0, 1000.0)):
        other = Examples(examples.rows, examples.labels, SCORES * np.float32(scale) + np.float32(shift))
        model = headed(encoder, heads)
        batch_targets = head_targets(model, heads, other)
        costs.append(heads_objective(heads)(model, batch_of(other, batch_targets, [0, 1, 2]))["intensity"].item())
    assert costs[1] == pytest.approx(costs[0], rel=1e-3)


STARS = np.full(32, 3.0, np.float32)  # one to five: positive for both labels
NONE = np.full(32, np.nan, np.float32)


@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        (STARS, LABELS, "needs scores that are positive for the last label and negative for the first"),
        (-STARS, LABELS, "needs scores that are positive for the last label and negative for the first"),
        (-SCORES, LABELS, "needs scores that are positive for the last label"),
        (NONE, LABELS, "needs two labels and rows with scores"),
        (SCORES, ["a", "b", "c"], "needs two labels and rows with scores"),
    ],
    ids=["stars", "complaints", "reversed", "none", "three-labels"],
)
def test_scores_unrelated_to_the_labels_are_refused(
    encoder: Path, rows: TokenRows, scores: np.ndarray, labels: list[str], reason: str
) -> None:
    examples = Examples(rows, np.array(CLASSES), scores)
    with pytest.raises(StageError) as caught:
        supervised(encoder, {"mood": classification(score_slope=1.0)}, examples, labels=labels)
    message = str(caught.value)
    assert message.startswith("catalogue/tasks: score_slope of the head mood " + reason)
    assert "set it to null" in message
    assert "\n" not in message


@pytest.mark.parametrize("scores", [STARS, NONE])
def test_unused_scores_unrelated_to_the_labels_are_accepted(encoder: Path, rows: TokenRows, scores: np.ndarray) -> None:
    batch_targets = supervised(encoder, {"mood": classification()}, Examples(rows, np.array(CLASSES), scores))
    assert batch_targets["target of mood"][:, 1].tolist() == CLASSES


def test_a_regression_head_without_scores_is_refused(encoder: Path, rows: TokenRows) -> None:
    heads: dict[str, Head] = {"polarity": classification(), "warmth": regression()}
    with pytest.raises(StageError, match="the head warmth is trained on scores, but no training row has one: leave it"):
        supervised(encoder, heads, Examples(rows, np.array(CLASSES), NONE))


def test_a_loss_is_looked_up_by_its_name(encoder: Path, examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check what the comment in decortique/data/settings.py promises to those who add a loss."""
    seen: list[dict[str, float]] = []

    def focal(logits: torch.Tensor, targets: torch.Tensor, **options: float) -> torch.Tensor:
        seen.append(options)
        return logits[:, 0] * 0 + 7

    monkeypatch.setitem(losses.LOSSES, "focal", focal)
    heads: dict[str, Head] = {"polarity": classification(loss="focal", options={"gamma": 1.5})}
    model = headed(encoder, heads)
    terms = heads_objective(heads)(model, batch_of(examples, head_targets(model, heads, examples), [0, 1]))
    assert terms["polarity"].item() == 7
    assert seen == [{"gamma": 1.5}]
