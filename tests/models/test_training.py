from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

from decortique.core.files import StageError
from decortique.models.batches import Batch, Examples, TokenRows
from decortique.models.heads import Headed
from decortique.models.losses import Terms, heads_objective
from decortique.models.pretrained import first_token_only
from decortique.models.training import Scores, compact_embeddings, evaluate
from tests.models.made_transformer import HEADS, curve, headed, trained, weights


def test_a_small_corpus_can_be_memorised(any_encoder: Path, examples: Examples, tmp_path: Path) -> None:
    model = headed(any_encoder)
    before = evaluate(model, examples, 32)
    result = trained(model, examples, tmp_path, num_train_epochs=25)
    after = evaluate(model, examples, 32)
    assert after["accuracy"] == 1.0 > before["accuracy"]
    assert after["log_loss"] < before["log_loss"] / 2
    assert result.epochs[result.best_epoch - 1] == after


def test_the_curves_of_a_training_are_kept(model: Headed, examples: Examples, tmp_path: Path) -> None:
    trained(model, examples, tmp_path)
    curves = {path.relative_to(tmp_path / "curves").as_posix() for path in (tmp_path / "curves").rglob("*.tsv")}
    assert curves == {
        "plots/metrics/train/loss.tsv",
        "plots/metrics/train/learning_rate.tsv",
        "plots/metrics/validation/accuracy.tsv",
        "plots/metrics/validation/macro_f1.tsv",
        "plots/metrics/validation/log_loss.tsv",
    }
    assert len(curve(tmp_path, "train/loss")) == 2 * 4


def test_the_terms_of_a_loss_have_curves_of_their_own(model: Headed, examples: Examples, tmp_path: Path) -> None:
    plain = heads_objective(HEADS)

    def two(model: Headed, batch: Batch) -> Terms:
        result = plain(model, batch)["polarity"]
        return {"first": 0.25 * result, "second": 0.75 * result}

    trained(model, examples, tmp_path, objective=two)
    for whole, first, second in zip(
        *(curve(tmp_path, f"train/{name}") for name in ("loss", "loss_first", "loss_second")), strict=True
    ):
        assert whole == pytest.approx(first + second)
        assert second == pytest.approx(3 * first)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_a_number_stops_the_training(
    model: Headed, examples: Examples, tmp_path: Path, loss: float
) -> None:
    plain = heads_objective(HEADS)

    def broken(model: Headed, batch: Batch) -> Terms:
        return {"polarity": plain(model, batch)["polarity"] * loss}

    with pytest.raises(StageError, match=rf"loss became {loss} at step 0: lower learning_rate"):
        trained(model, examples, tmp_path, objective=broken)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_far_too_high_learning_rate_gives_no_nan_scores(
    model: Headed, examples: Examples, tmp_path: Path, epochs: int
) -> None:
    """The very last step can break the weights too, and no later loss would show it."""
    changes: dict[str, Any] = {"learning_rate": 1e38, "warmup_ratio": 0.0, "lr_scheduler_type": "constant_with_warmup"}
    with pytest.raises(StageError, match="lower learning_rate"):
        trained(model, examples, tmp_path, num_train_epochs=epochs, batch_size=32, **changes)


SCRIPTED: dict[str, list[float]] = {
    "accuracy": [0.5, 0.8, 0.7, 0.8],
    "macro_f1": [0.6, 0.5, 0.9, 0.8],
    "log_loss": [0.3, 0.9, 0.8, 0.3],
}


def scripted() -> tuple[Callable[[Headed], Scores], list[dict[str, bytes]]]:
    """Return a validation with the scores of `SCRIPTED` that records the weights it saw."""
    seen: list[dict[str, bytes]] = []

    def validate(model: Headed) -> Scores:
        seen.append(weights(model))
        return {measure: values[len(seen) - 1] for measure, values in SCRIPTED.items()}

    return validate, seen


@pytest.mark.parametrize(("select_by", "best"), [("accuracy", 2), ("macro_f1", 3), ("log_loss", 1)])
def test_the_best_epoch_is_kept_and_not_the_last(
    model: Headed, examples: Examples, tmp_path: Path, select_by: str, best: int
) -> None:
    validate, seen = scripted()
    result = trained(model, examples, tmp_path, validate=validate, num_train_epochs=4, metric_for_best_model=select_by)
    assert result.best_epoch == best
    assert [epoch[select_by] for epoch in result.epochs] == SCRIPTED[select_by]
    assert [weights(model) == epoch for epoch in seen] == [epoch == best for epoch in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("select_by", "patience", "epochs"), [("accuracy", 1, 3), ("accuracy", 2, 4), ("log_loss", 2, 3)]
)
def test_a_training_without_a_better_score_stops_early(
    model: Headed, examples: Examples, tmp_path: Path, select_by: str, patience: int, epochs: int
) -> None:
    validate, _ = scripted()
    result = trained(
        model,
        examples,
        tmp_path,
        validate=validate,
        num_train_epochs=4,
        metric_for_best_model=select_by,
        early_stopping_patience=patience,
    )
    assert len(result.epochs) == epochs


def test_the_same_seed_gives_the_same_weights_to_the_last_byte(
    encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    result = []
    for run, seed in enumerate((0, 0, 1)):
        model = headed(encoder, dropout=0.1, seed=seed)
        trained(model, examples, tmp_path / str(run), seed=seed, dropout=0.1)
        result.append(weights(model))
    assert result[0] == result[1]
    assert result[0] != result[2]


def test_validation_happens_without_dropout_and_training_with_it(
    encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    modes: list[bool] = []
    plain = heads_objective(HEADS)

    def watched(model: Headed, batch: Batch) -> Terms:
        modes.append(model.training)
        return plain(model, batch)

    model = headed(encoder, dropout=0.5)
    result = trained(model, examples, tmp_path, objective=watched)
    assert all(modes)
    assert result.epochs[result.best_epoch - 1] == evaluate(model, examples, 32)


@pytest.mark.parametrize("scheduler", ["linear", "cosine", "constant_with_warmup"])
def test_the_learning_rate_warms_up_and_follows_its_scheduler(
    model: Headed, examples: Examples, tmp_path: Path, scheduler: str
) -> None:
    trained(
        model, examples, tmp_path, num_train_epochs=5, lr_scheduler_type=scheduler, warmup_ratio=0.2, learning_rate=1e-3
    )
    rates = curve(tmp_path, "train/learning_rate")
    assert rates[:5] == pytest.approx([0, 0.25e-3, 0.5e-3, 0.75e-3, 1e-3])
    assert max(rates) == pytest.approx(1e-3)
    if scheduler == "constant_with_warmup":
        assert rates[5:] == pytest.approx([1e-3] * 15)
    else:
        assert 0 < rates[-1] < 1e-4


def test_weight_decay_shrinks_weights_without_gradients_but_not_biases(
    model: Headed, examples: Examples, tmp_path: Path
) -> None:
    def only_decays(model: Headed, _: Batch) -> Terms:
        return {"nothing": sum((values.sum() * 0.0 for values in model.parameters()), torch.zeros(()))}

    with torch.no_grad():
        model.classifier.classifier.bias.fill_(1.0)
    before = {name: values.clone() for name, values in model.named_parameters()}
    changes: dict[str, Any] = {
        "weight_decay": 0.5,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_ratio": 0.0,
        "learning_rate": 0.1,
    }
    trained(
        model,
        examples,
        tmp_path,
        objective=only_decays,
        validate=lambda _: {"accuracy": 0.0},
        num_train_epochs=1,
        **changes,
    )
    for name, values in model.named_parameters():
        factor = 0.95**4 if values.ndim > 1 and values is not model.word_embeddings().weight else 1.0
        torch.testing.assert_close(values, before[name] * factor, msg=name)


def test_accumulated_half_batches_train_like_whole_ones(encoder: Path, examples: Examples, tmp_path: Path) -> None:
    """Use texts of one length, so that the same ones share a batch at every batch size."""
    indices = np.flatnonzero(examples.rows.lengths == np.bincount(examples.rows.lengths).argmax())[:8]
    rows = TokenRows.of([examples.rows[index][1].tolist() for index in indices])
    few = Examples(rows, examples.labels[indices], examples.scores[indices])
    result = []
    for run, (batch_size, accumulate) in enumerate(((8, 1), (4, 2), (1, 8))):
        model = headed(encoder)
        changes: dict[str, Any] = {
            "batch_size": batch_size,
            "gradient_accumulation_steps": accumulate,
            "num_train_epochs": 3,
            "optim": "sgd",
        }
        trained(model, few, tmp_path / str(run), **changes)
        assert len(curve(tmp_path / str(run), "train/loss")) == 3
        result.append(torch.cat([values.flatten() for values in model.state_dict().values()]))
    for other in result[1:]:
        torch.testing.assert_close(other, result[0], atol=1e-4, rtol=1e-3)


def test_checkpointed_gradients_change_nothing_but_memory(
    any_encoder: Path, examples: Examples, tmp_path: Path
) -> None:
    result = []
    for checkpoint in (False, True):
        model = headed(any_encoder, dropout=0.1)
        trained(model, examples, tmp_path / str(checkpoint), gradient_checkpointing=checkpoint, dropout=0.1)
        result.append(torch.cat([values.flatten() for values in model.state_dict().values()]))
    torch.testing.assert_close(*result, atol=1e-5, rtol=1e-4)


def test_training_works_in_sixteen_bits(encoder: Path, examples: Examples, tmp_path: Path) -> None:
    model = headed(encoder)
    trained(model, examples, tmp_path, precision="bf16", num_train_epochs=25)
    assert {values.dtype for values in model.parameters()} == {torch.float32}
    assert evaluate(model, examples, 32)["accuracy"] == 1.0
    half = curve(tmp_path, "train/loss")
    model = headed(encoder)
    trained(model, examples, tmp_path / "full", num_train_epochs=25)
    assert half != curve(tmp_path / "full", "train/loss")


def test_a_precision_that_the_device_does_not_have_is_refused(
    model: Headed, examples: Examples, tmp_path: Path
) -> None:
    with pytest.raises(StageError, match="precision is fp16, which cpu does not have: use full"):
        trained(model, examples, tmp_path, precision="fp16")


@pytest.mark.parametrize("optim", ["adamw", "nadam", "adagrad", "sgd"])
def test_training_the_rows_of_the_words_that_occur_is_training_the_whole_table(
    encoder: Path, examples: Examples, tmp_path: Path, optim: str
) -> None:
    whole, compact = headed(encoder), headed(encoder)
    before = whole.word_embeddings().weight.detach().clone()
    ids = np.unique(examples.rows.ids)
    trained(whole, examples, tmp_path / "whole", optim=optim)
    with compact_embeddings(compact, [0, *ids]):
        assert len(compact.word_embeddings().weight) == len(ids) + 1 < len(before)
        trained(compact, examples, tmp_path / "compact", optim=optim)
    for (name, one), other in zip(whole.named_parameters(), compact.parameters(), strict=True):
        torch.testing.assert_close(other, one, atol=1e-5, rtol=1e-4, msg=name)
    table = compact.word_embeddings().weight
    moved = (table != before).any(1).nonzero().flatten().tolist()
    assert moved
    assert set(moved) <= set(ids)


def test_a_word_that_was_said_not_to_occur_is_an_error(encoder: Path) -> None:
    model = headed(encoder)
    with compact_embeddings(model, [0, 2, 3]), pytest.raises(IndexError):
        model.word_embeddings()(torch.tensor([[2, 5]]))
    assert model.word_embeddings()(torch.tensor([[2, 5]])).isfinite().all()


def test_a_step_is_as_long_as_the_norm_of_the_gradients_allows(
    encoder: Path, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {
        "optim": "sgd",
        "learning_rate": 0.1,
        "lr_scheduler_type": "constant",
        "warmup_ratio": 0.0,
        "weight_decay": 0.0,
        "num_train_epochs": 1,
    }
    start, clipped, again = (headed(encoder) for _ in range(3))
    trained(clipped, examples, tmp_path / "clipped", max_grad_norm=0.01, **settings)
    monkeypatch.setattr("decortique.models.training.FUSED", ())  # clipped in a pass of its own
    trained(again, examples, tmp_path / "again", max_grad_norm=0.01, **settings)
    first, *others = (parameters_to_vector(model.parameters()).detach() for model in (start, clipped, again))
    torch.testing.assert_close(*others, atol=1e-6, rtol=1e-4)
    steps = 4
    assert 0 < (others[0] - first).norm() <= steps * 0.1 * 0.01 * 1.001


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_states_that_the_head_does_not_read_need_not_be_computed(every_family: Path, dropout: float) -> None:
    model = headed(every_family, dropout=dropout)
    model.train(bool(dropout))
    batch = {"input_ids": torch.tensor([[2, 6, 11, 8, 3], [2, 6, 3, 0, 0]])}
    batch["attention_mask"] = (batch["input_ids"] != 0).long()
    plain = model.classifier(**batch, output_hidden_states=True)
    plain.logits.square().sum().backward()
    expected = [values.grad.clone() for values in model.parameters() if values.grad is not None]
    model.zero_grad()
    with first_token_only(model.classifier):
        output = model.classifier(**batch, output_hidden_states=True)
    reads_one_token = model.classifier.config.model_type not in {"distilbert", "modernbert"}
    assert output.hidden_states[-1].shape[1] == (1 if reads_one_token else 5)
    if not dropout:
        torch.testing.assert_close(output.logits, plain.logits)
        output.logits.square().sum().backward()
        for one, other in zip([v.grad for v in model.parameters() if v.grad is not None], expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)
    assert model.classifier(**batch, output_hidden_states=True).hidden_states[-1].shape[1] == 5
