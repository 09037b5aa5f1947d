from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax

from decortique.core.files import StageError
from decortique.distillation.objectives import distillation_targets, logits_objective
from decortique.distillation.settings import StaticStudent
from decortique.distillation.student import Static, principal_components
from decortique.distillation.teacher import TeacherOutputs, TrainingTexts
from decortique.models.batches import Examples, Processes, TokenRows
from decortique.models.training import Trained, evaluate, fit, parameter_groups
from tests.conftest import CLASSES, VOCABULARY
from tests.distillation.made import batch_of, static_of
from tests.models.made_transformer import training

# Four tokens of two components; the last is special.
VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 1.0], [9.0, 9.0]])
POOLINGS = ["mean", "mean_max"]


def static(pooling: str = "mean", *, token_dropout: float = 0.0, vectors: torch.Tensor = VECTORS, **own: Any) -> Static:
    """Return a static student whose weights are known."""
    skipped = own.get("skipped", [3])
    model = Static(vectors, 2, skipped=skipped, pooling=pooling, token_dropout=token_dropout)
    with torch.no_grad():
        model.linear.bias.copy_(torch.tensor([0.5, -0.5]))
        width = vectors.shape[1]
        # The first class reads the mean's first component, the second its second; of the greatest, twice as much.
        model.linear.weight.zero_()
        model.linear.weight[0, 0] = model.linear.weight[1, 1] = 1.0
        if pooling == "mean_max":
            model.linear.weight[0, width] = model.linear.weight[1, width + 1] = 2.0
    return model


def logits_of(model: Static, *texts: list[int]) -> list[list[float]]:
    """Return the logits of texts, padded to one length with the first token, which is a word."""
    with torch.no_grad():
        return model.eval()(**batch_of(TokenRows.of(texts), list(range(len(texts))))).tolist()


def test_a_text_is_the_mean_of_its_tokens() -> None:
    assert logits_of(static(), [0, 1], [2], [0, 0, 0, 1]) == [[1.0, 0.5], [-2.5, 0.5], [1.25, 0.0]]


def test_tokens_count_by_their_trained_weights() -> None:
    model = static()
    with torch.no_grad():
        model.weights.copy_(torch.log(torch.tensor([3.0, 1.0, 1.0, 100.0])))
    assert logits_of(model, [0, 1]) == [pytest.approx([0.75 + 0.5, 0.5 - 0.5])]


def test_the_maximum_is_concatenated_to_the_mean() -> None:
    assert logits_of(static("mean_max"), [0, 2], [2, 2]) == [[-1.0 + 0.5 + 2 * 1.0, 0.5 - 0.5 + 2 * 1.0], [-8.5, 2.5]]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_special_tokens_weigh_nothing_wherever_they_stand(pooling: str) -> None:
    model = static(pooling)
    assert logits_of(model, [3, 0, 1, 3], [3, 0, 3, 3, 1]) == [logits_of(model, [0, 1])[0]] * 2


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_without_a_token_is_predicted_by_the_bias_alone(pooling: str) -> None:
    model = static(pooling)
    assert logits_of(model, [3, 3], [3], [0, 1, 2]) == [[0.5, -0.5], [0.5, -0.5], logits_of(model, [0, 1, 2])[0]]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_has_the_same_prediction_in_any_batch(pooling: str) -> None:
    model = static(pooling)
    texts = [[0], [1, 2, 0], [2, 2, 2, 2, 1], [3], [1]]
    alone = np.array([logits_of(model, text)[0] for text in texts])
    np.testing.assert_allclose(logits_of(model, *texts), alone, atol=1e-6)
    progress: list[int] = []
    result = model.predict(TokenRows.of(texts), batch_size=2, done=progress.append).probability
    np.testing.assert_allclose(result, softmax(alone, axis=1), atol=1e-6)
    assert sum(progress) == 5


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_without_a_token_breaks_no_gradient(pooling: str) -> None:
    model = static(pooling).train()
    logits = model(**batch_of(TokenRows.of([[3, 3], [0, 1]]), [0, 1]))
    gradients = torch.autograd.grad((logits * torch.tensor([1.0, 3.0])).sum(), list(model.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_tokens_are_dropped_in_training_only_and_about_as_many_as_asked() -> None:
    torch.manual_seed(0)
    vectors = torch.eye(3)[:2]
    model = static(token_dropout=0.3, vectors=vectors, skipped=[])
    batch = batch_of(TokenRows.of([[0] * 500 + [1] * 500]), [0])
    model.train()
    with torch.no_grad():
        shares = [model(**batch)[0, 0].item() - 0.5 for _ in range(20)]
        assert len(set(shares)) > 15
        assert np.mean(shares) == pytest.approx(0.5, abs=0.02)  # both alike
        alone = batch_of(TokenRows.of([[0]] * 2000), list(range(2000)))
        kept = (model(**alone)[:, 0] == 1.5).float().mean().item()
        assert kept == pytest.approx(0.7, abs=0.04)
        assert (model.eval()(**alone)[:, 0] == 1.5).all()


def test_vectors_are_below_the_head_so_that_they_can_train_more_slowly() -> None:
    model = static()
    rates = {
        id(values): group["lr"]
        for group in parameter_groups(model, training(learning_rate=1.0, layer_decay=0.5))
        for values in group["params"]
    }
    assert rates == {
        id(model.embeddings.weight): 0.5,
        id(model.weights): 0.5,
        id(model.linear.weight): 1.0,
        id(model.linear.bias): 1.0,
    }


def train_student(
    examples: Examples, folder: Path, monkeypatch: pytest.MonkeyPatch, *, pooling: str = "mean", **changes: Any
) -> tuple[Static, Trained]:
    """Train a static student as the stage does, on the outputs of a teacher that knows all labels."""
    monkeypatch.chdir(folder)
    student: StaticStudent = static_of(pooling=pooling, token_dropout=0.2)
    torch.manual_seed(0)
    model = Static(
        torch.randn(len(VOCABULARY), 8),
        2,
        skipped=[0, 2, 3, 4],
        pooling=student.pooling,
        token_dropout=student.token_dropout,
    )
    outputs = TeacherOutputs(4.0 * torch.eye(2)[CLASSES], {})
    reading = TrainingTexts(examples.rows, examples.labels, outputs)
    result = fit(
        model,
        reading.rows,
        distillation_targets(reading, student.loss),
        logits_objective(student.loss),
        examples,
        training(**{"num_train_epochs": 12, "learning_rate": 0.05, **changes}),
        stage="distill",
        name="opinion/static",
        padding_id=0,
        determined_by=[student],
        processes=Processes(torch.device("cpu")),
    )
    return model, result


@pytest.fixture
def examples(rows: TokenRows) -> Examples:
    return Examples(rows, np.array(CLASSES), np.full(len(CLASSES), np.nan, np.float32))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_static_student_learns_by_the_same_loop_as_a_transformer(
    examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pooling: str
) -> None:
    model, result = train_student(examples, tmp_path, monkeypatch, pooling=pooling)
    after = evaluate(model, examples, 8)
    assert after == result.epochs[result.best_epoch - 1]
    assert after["accuracy"] > 0.9
    assert after["log_loss"] < 0.4
    curves = tmp_path / "data/plots/distill/opinion/static/plots/metrics/train"
    assert {path.stem for path in curves.glob("*.tsv")} == {"loss", "loss_labels", "loss_logits", "learning_rate"}
    assert not list((tmp_path / ".cache").rglob("*.safetensors"))  # a training that has come to its end


def test_the_same_seed_gives_the_same_static_student(
    examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = []
    for run, seed in enumerate((0, 0, 1)):
        (tmp_path / str(run)).mkdir()
        model, _ = train_student(examples, tmp_path / str(run), monkeypatch, seed=seed, num_train_epochs=2)
        result.append({name: values.numpy().tobytes() for name, values in model.state_dict().items()})
    assert result[0] == result[1]
    assert result[0] != result[2]


def test_activations_that_a_static_student_does_not_have_cannot_be_computed_twice(
    examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StageError, match="gradient_checkpointing is true, which this model cannot do: use false"):
        train_student(examples, tmp_path, monkeypatch, gradient_checkpointing=True)


def clouds(components: int) -> torch.Tensor:
    """Return vectors that vary most in one direction, then in another, far from zero."""
    random = torch.Generator().manual_seed(0)
    scale = torch.tensor([10.0, 5.0, *[0.1] * (components - 2)])
    turned, _ = torch.linalg.qr(torch.randn(components, components, generator=random))
    return (torch.randn(200, components, generator=random) * scale) @ turned + 100.0


@pytest.mark.parametrize("width", [2, 6, 9])
def test_principal_components_have_mean_length_one_and_are_reproducible(width: int) -> None:
    vectors = clouds(6)
    result = principal_components(vectors, width, seed=0)
    assert result.shape == (200, width)
    assert result.norm(dim=1).mean().item() == pytest.approx(1)
    torch.rand(100)
    assert torch.equal(principal_components(vectors, width, seed=0), result)
    torch.testing.assert_close(result.mean(0), torch.zeros(width), atol=1e-4, rtol=0)


def test_principal_components_keep_how_far_vectors_are_from_each_other() -> None:
    vectors = clouds(6)
    expected = torch.cdist(vectors, vectors)
    for width in (2, 6, 9):  # two hold nearly all of it; beyond six there is nothing
        result = principal_components(vectors, width, seed=1)
        distances = torch.cdist(result, result)
        scale = (expected * distances).sum() / distances.square().sum()
        torch.testing.assert_close(scale * distances, expected, atol=0.5, rtol=0.01)
    assert principal_components(vectors, 9, seed=1)[:, 6:].abs().max().item() == 0


def test_the_first_component_varies_most() -> None:
    spread = principal_components(clouds(6), 3, seed=0).std(0)
    assert spread[0] > 1.5 * spread[1] > 1.5 * 10 * spread[2]
