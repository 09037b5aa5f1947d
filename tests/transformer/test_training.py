import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from stages.errors import StageError
from stages.settings.training import Training
from stages.transformer.batches import Batch, TokenRows
from stages.transformer.classifier import new_classifier
from stages.transformer.examples import Examples
from stages.transformer.losses import cross_entropy, graded_targets
from stages.transformer.optimizer import parameter_groups
from stages.transformer.training import Scores, Trained, train
from tests.conftest import CLASSES

LABELS = ["negative", "positive"]

TARGETS = {"labels": torch.tensor(CLASSES)}


def training(**changes: Any) -> Training:
    return Training(
        **{
            "epochs": 2,
            "batch_size": 8,
            "learning_rate": 5e-3,
            "layer_decay": 1.0,
            "weight_decay": 0.01,
            "scheduler": "linear",
            "warmup": 0.1,
            "max_gradient_norm": 1.0,
            "dropout": 0.0,
            "select_by": "accuracy",
            "seed": 0,
            **changes,
        }
    )


@pytest.fixture
def examples(rows: TokenRows) -> Examples:
    return Examples(rows, np.array(CLASSES), np.full(len(CLASSES), np.nan, np.float32))


def objective(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    labels = batch.pop("labels")
    return cross_entropy(model(**batch).logits, labels)


def trained(model: PreTrainedModel, examples: Examples, curves: Path, **changes: Any) -> Trained:
    settings = training(**changes)
    return train(
        model,
        examples.batches(settings.batch_size, settings.seed, 0, TARGETS),
        objective,
        lambda one: examples.scores(one, 32),
        settings,
        curves,
    )


def test_a_small_corpus_can_be_learnt_by_heart(any_encoder: Path, examples: Examples, tmp_path: Path) -> None:
    model = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0)
    before = examples.scores(model, 32)
    found = trained(model, examples, tmp_path / "curves", epochs=25)
    after = examples.scores(model, 32)
    assert after["accuracy"] == 1.0 > before["accuracy"]
    assert after["log_loss"] < before["log_loss"] / 2
    assert found.epochs[found.best_epoch - 1] == after


def test_the_curves_of_a_training_are_kept(classifier: PreTrainedModel, examples: Examples, tmp_path: Path) -> None:
    trained(classifier, examples, tmp_path / "curves")
    curves = {path.relative_to(tmp_path / "curves").as_posix() for path in (tmp_path / "curves").rglob("*.tsv")}
    assert curves == {
        "plots/metrics/train/loss.tsv",
        "plots/metrics/train/learning_rate.tsv",
        "plots/metrics/validation/accuracy.tsv",
        "plots/metrics/validation/macro_f1.tsv",
        "plots/metrics/validation/log_loss.tsv",
    }
    loss = (tmp_path / "curves/plots/metrics/train/loss.tsv").read_text(encoding="utf-8").splitlines()
    assert len(loss) == 1 + 2 * 4


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_training(
    classifier: PreTrainedModel, examples: Examples, tmp_path: Path, loss: float
) -> None:
    def broken(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        return objective(model, batch) * loss

    with pytest.raises(StageError, match=rf"loss became {loss} at step 0: lower learning_rate"):
        train(classifier, examples.batches(8, 0, 0, TARGETS), broken, lambda _: {}, training(), tmp_path / "curves")


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_learning_rate_far_too_high_gives_no_scores_that_are_no_numbers(
    classifier: PreTrainedModel, examples: Examples, tmp_path: Path, epochs: int
) -> None:
    """The last step of all can break the weights too, and no later loss looks at it."""
    changes = {"learning_rate": 1e38, "warmup": 0.0, "scheduler": "constant_with_warmup"}
    with pytest.raises(StageError, match="lower learning_rate"):
        trained(classifier, examples, tmp_path / "curves", epochs=epochs, batch_size=32, **changes)


SCRIPTED: dict[str, list[float]] = {
    "accuracy": [0.5, 0.8, 0.7, 0.8],
    "macro_f1": [0.6, 0.5, 0.9, 0.8],
    "log_loss": [0.3, 0.9, 0.8, 0.3],
}


@pytest.mark.parametrize(("select_by", "best"), [("accuracy", 2), ("macro_f1", 3), ("log_loss", 1)])
def test_the_best_epoch_is_kept_and_not_the_last(
    classifier: PreTrainedModel, examples: Examples, tmp_path: Path, select_by: str, best: int
) -> None:
    weights: list[dict[str, torch.Tensor]] = []

    def validate(model: PreTrainedModel) -> Scores:
        weights.append({name: values.clone() for name, values in model.state_dict().items()})
        return {measure: values[len(weights) - 1] for measure, values in SCRIPTED.items()}

    settings = training(epochs=4, select_by=select_by)
    found = train(classifier, examples.batches(8, 0, 0, TARGETS), objective, validate, settings, tmp_path / "curves")
    assert found.best_epoch == best
    assert [epoch[select_by] for epoch in found.epochs] == SCRIPTED[select_by]
    same = [
        all(torch.equal(values, classifier.state_dict()[name]) for name, values in epoch.items()) for epoch in weights
    ]
    assert same == [epoch == best for epoch in (1, 2, 3, 4)]


def test_the_same_seed_gives_the_same_weights_to_the_last_byte(
    encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    weights = []
    for run, seed in enumerate((0, 0, 1)):
        model = new_classifier(encoder, LABELS, dropout=0.1, seed=seed)
        trained(model, examples, tmp_path / str(run), seed=seed, dropout=0.1)
        model.save_pretrained(tmp_path / f"model-{run}")
        weights.append((tmp_path / f"model-{run}" / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_validation_happens_without_dropout_and_training_with_it(
    encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    modes: list[bool] = []

    def watched(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        modes.append(model.training)
        return objective(model, batch)

    model = new_classifier(encoder, LABELS, dropout=0.5, seed=0)
    found = train(
        model,
        examples.batches(8, 0, 0, TARGETS),
        watched,
        lambda one: examples.scores(one, 32),
        training(epochs=2),
        tmp_path / "curves",
    )
    assert all(modes)
    assert found.epochs[found.best_epoch - 1] == examples.scores(model, 32)


@pytest.mark.parametrize("scheduler", ["linear", "cosine", "constant_with_warmup"])
def test_the_learning_rate_warms_up_and_follows_its_scheduler(
    classifier: PreTrainedModel, examples: Examples, tmp_path: Path, scheduler: str
) -> None:
    trained(classifier, examples, tmp_path, epochs=5, scheduler=scheduler, warmup=0.2, learning_rate=1e-3)
    lines = (tmp_path / "plots/metrics/train/learning_rate.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rates = [float(line.split("\t")[-1]) for line in lines]
    assert rates[:5] == pytest.approx([0, 0.25e-3, 0.5e-3, 0.75e-3, 1e-3])
    assert max(rates) == pytest.approx(1e-3)
    if scheduler == "constant_with_warmup":
        assert rates[5:] == pytest.approx([1e-3] * 15)
    else:
        assert 0 < rates[-1] < 1e-4


def test_weights_without_gradients_are_pulled_to_zero_by_weight_decay_but_biases_are_not(
    classifier: PreTrainedModel, examples: Examples, tmp_path: Path
) -> None:
    def only_decays(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        return sum((values.sum() * 0.0 for values in model.parameters()), torch.zeros(()))

    with torch.no_grad():
        classifier.classifier.bias.fill_(1.0)
    before = {name: values.clone() for name, values in classifier.named_parameters()}
    settings = training(epochs=1, weight_decay=0.5, scheduler="constant_with_warmup", warmup=0.0, learning_rate=0.1)

    def fixed(_: PreTrainedModel) -> Scores:
        return {"accuracy": 0.0}

    train(
        classifier,
        examples.batches(8, 0, 0, TARGETS),
        only_decays,
        lambda _: {"accuracy": 0.0},
        settings,
        tmp_path / "c",
    )
    for name, values in classifier.named_parameters():
        factor = 0.95**4 if values.ndim > 1 else 1.0
        torch.testing.assert_close(values, before[name] * factor, msg=name)


def test_each_layer_learns_more_slowly_than_the_one_above(classifier: PreTrainedModel) -> None:
    rates: dict[str, float] = {}
    names = {id(values): name for name, values in classifier.named_parameters()}
    for group in parameter_groups(classifier, training(learning_rate=1.0, layer_decay=0.5)):
        rates |= {names[id(values)]: group["lr"] for values in group["params"]}
    assert rates.keys() == set(names.values())
    layers = classifier.config.num_hidden_layers
    for name, rate in rates.items():
        if ".embeddings." in name:
            assert rate == 0.5 ** (layers + 1), name
        elif found := re.search(r"layer\.(\d+)\.", name):
            assert rate == 0.5 ** (layers - int(found[1])), name
        else:
            assert rate == 1.0, name


def test_a_sentence_hardly_positive_is_not_learnt_as_a_triumph() -> None:
    targets = graded_targets(torch.tensor([0, 1, 1]), torch.tensor([-2.0, 0.5, torch.nan]), slope=1.0)
    expected = [
        [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))],
        [1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))],
        [0, 1],
    ]
    torch.testing.assert_close(targets, torch.tensor(expected))


def test_scores_that_contradict_the_labels_are_not_learnt_from(rows: TokenRows) -> None:
    stars = np.full(len(CLASSES), 3.0, np.float32)  # one to five: positive for both labels
    with pytest.raises(StageError, match=r"finetune\.score_slope"):
        Examples(rows, np.array(CLASSES), stars).targets(1.0, 2)


@pytest.mark.parametrize(("slope", "classes"), [(None, 2), (1.0, 3)])
def test_labels_are_learnt_where_scores_are_not_asked_for_or_mean_nothing(
    rows: TokenRows, slope: float | None, classes: int
) -> None:
    examples = Examples(rows, np.array(CLASSES), np.array([2 * label - 1 for label in CLASSES], np.float32))
    assert examples.targets(slope, classes).tolist() == CLASSES


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tokens_of_other_rows_than_the_corpus_are_not_trained_on(chain: Path) -> None:
    from stages.artifacts import paths
    from stages.artifacts.tables import CORPUS, TOKENS, write_table

    with write_table(paths.corpus("opinion") / "train.parquet", CORPUS) as append:
        append(
            {
                "id": ["a", "b"],
                "text": ["good", "bad"],
                "label": ["positive", "negative"],
                "score": [None, None],
                "group": ["a", "b"],
                "position": [0, 0],
            }
        )
    for ids in (["a", "b"], ["b", "a"]):
        with write_table(paths.tokens("opinion") / "train.parquet", TOKENS) as append:
            append(
                {
                    "id": ids,
                    "input_ids": [[2, 5, 3], [2, 3]],
                    "attention_mask": [[1, 1, 1], [1, 1]],
                    "length": [3, 2],
                    "truncated": [False, False],
                }
            )
        if ids == ["a", "b"]:
            found = Examples.read("opinion", "train", LABELS)
            assert found.labels.tolist() == [1, 0]
            assert found.rows.lengths.tolist() == [3, 2]
    with pytest.raises(StageError, match=r"tokens.*does not hold the rows of .*corpus"):
        Examples.read("opinion", "train", LABELS)
