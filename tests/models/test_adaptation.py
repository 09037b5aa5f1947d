import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.adaptation import adapt, merge_lora
from decortique.models.batches import Collate, TokenRows
from decortique.models.heads import Headed, load_headed, new_headed, save_headed
from decortique.models.settings import Adaptation
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import FAMILIES, write_encoder

LABELS = ["negative", "positive"]
HEADS: dict[str, Head] = {
    "polarity": ClassificationHead(kind="classification", column="label", loss="cross_entropy"),
    "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
}
LAYERS = 3
FULL, FROZEN, PROBE = Adaptation(kind="full"), Adaptation(kind="full", freeze_embeddings=True), Adaptation(kind="probe")
LORA = Adaptation(kind="lora", rank=2, alpha=6)


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an encoder of three layers of each family."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / request.param, request.param, layers=LAYERS)


@pytest.fixture
def model(folder: Path) -> Headed:
    return new_headed(folder, LABELS, HEADS, dropout=0.0, seed=0)


def part_of(model: Headed, name: str) -> str | int:
    """Return by the name of a weight what it is a part of: `decision`, `embeddings`, a block from 1, or `beside`."""
    backbone = f"classifier.{model.classifier.base_model_prefix}."
    if not name.startswith(backbone) or name.startswith(f"{backbone}pooler."):
        return "decision"
    if name.startswith(f"{backbone}embeddings."):
        return "embeddings"
    block = re.search(r"\.layers?\.(\d+)\.", name)
    return int(block[1]) + 1 if block else "beside"


def train(model: Headed, rows: TokenRows, steps: int = 3) -> None:
    """Train all trainable weights for a few steps."""
    batch = Collate(model.classifier.config.pad_token_id, {})([rows[index] for index in (0, 3, 9, 20)])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(steps):
        outputs = model(**batch)
        torch.autograd.backward([(values - 1).square().mean() for values in outputs.values()])
        optimizer.step()
        optimizer.zero_grad()


def weights(model: Headed) -> dict[str, torch.Tensor]:
    """Copy the weights, under the names they have without LoRA."""
    return {name.replace(".base_layer.", "."): values.detach().clone() for name, values in model.named_parameters()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, values in before.items() if not torch.equal(values, after[name])}


@pytest.mark.parametrize(
    ("adaptation", "learns"),
    [
        (FULL, lambda _: True),
        (FROZEN, lambda part: part != "embeddings"),
        (Adaptation(kind="top", layers=1), lambda part: part in {"decision", "beside", 3}),
        (Adaptation(kind="top", layers=2), lambda part: part in {"decision", "beside", 2, 3}),
        (Adaptation(kind="top", layers=3), lambda part: part != "embeddings"),
        (PROBE, lambda part: part == "decision"),
        (LORA, lambda part: part == "decision"),
    ],
    ids=["full", "frozen-embeddings", "top-1", "top-2", "top-3", "probe", "lora"],
)
def test_only_trainable_weights_change(
    model: Headed, rows: TokenRows, adaptation: Adaptation, learns: Callable[[str | int], bool]
) -> None:
    before = weights(model)
    parts = {name: part_of(model, name) for name in before}
    assert set(parts.values()) >= {"decision", "embeddings", 1, 2, 3}
    adapt(model.classifier, adaptation)
    train(model, rows)
    assert changed(before, weights(model)) == {name for name, part in parts.items() if learns(part)}
    decisions = {name for name, part in parts.items() if part == "decision"}
    assert decisions >= {"others.head intensity.linear.weight", "others.head intensity.linear.bias"}
    assert any(name.startswith("classifier.classifier.") for name in decisions)


def matrices(model: Headed) -> list[str]:
    """Return the names of the matrices of the blocks."""
    modules = {f"{name}.weight" for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    return sorted(name for name in modules if isinstance(part_of(model, name), int))


def test_every_matrix_of_the_blocks_has_a_trainable_adapter(model: Headed, rows: TokenRows) -> None:
    wanted = matrices(model)
    assert len(wanted) >= 4 * LAYERS
    adapt(model.classifier, LORA)
    before = {name: values for name, values in weights(model).items() if ".lora_" in name}
    expected = {f"{name.removesuffix('.weight')}.lora_{part}.default.weight" for name in wanted for part in ("A", "B")}
    assert set(before) == expected
    train(model, rows)
    assert changed(before, weights(model)) == expected


def test_an_encoder_with_adapters_starts_unchanged(model: Headed, rows: TokenRows) -> None:
    before = model.predict(rows, batch_size=8)
    adapt(model.classifier, LORA)
    after = model.predict(rows, batch_size=8)
    np.testing.assert_array_equal(after.probability, before.probability)
    np.testing.assert_array_equal(after.others["intensity"], before.others["intensity"])


def test_a_merged_model_is_of_its_family_and_predicts_the_same(
    folder: Path, model: Headed, rows: TokenRows, tmp_path: Path
) -> None:
    plain, wanted = model.state_dict(), matrices(model)
    start = model.predict(rows, batch_size=8)
    before = weights(model)
    adapt(model.classifier, LORA)
    train(model, rows)
    added = {name.removesuffix(".lora_B.default.weight"): values for name, values in weights(model).items()}
    expected = model.predict(rows, batch_size=8)
    assert not np.allclose(expected.probability, start.probability, atol=1e-3)
    merge_lora(model.classifier)
    after = weights(model)
    assert list(model.state_dict()) == list(plain)
    for name in wanted:
        stem = name.removesuffix(".weight")
        addition = after[name] - before[name]
        torch.testing.assert_close(addition, 6 / 2 * added[stem] @ added[f"{stem}.lora_A.default.weight"])
        assert torch.linalg.matrix_rank(addition, atol=1e-5) == LORA.rank
    assert {name for name in changed(before, after) if part_of(model, name) != "decision"} == set(wanted)

    save_headed(model, load_tokenizer(folder), tmp_path)
    for one in (model, load_headed(tmp_path)):
        predictions = one.predict(rows, batch_size=8)
        np.testing.assert_allclose(predictions.probability, expected.probability, atol=1e-5)
        np.testing.assert_allclose(predictions.others["intensity"], expected.others["intensity"], atol=1e-5)


def test_merging_a_model_without_adapters_changes_nothing(encoder: Path) -> None:
    model = new_headed(encoder, LABELS, HEADS, dropout=0.0, seed=0)
    before = weights(model)
    merge_lora(model.classifier)
    assert not changed(before, weights(model))
    assert list(weights(model)) == list(before)


def test_adapters_use_the_configured_dropout_in_training(encoder: Path, rows: TokenRows) -> None:
    batch = Collate(0, {})([rows[index] for index in range(8)])
    for dropout in (0.0, 0.5):
        model = new_headed(encoder, LABELS, HEADS, dropout=0.0, seed=0)
        adapt(model.classifier, Adaptation(kind="lora", dropout=dropout))
        train(model, rows)
        first, second = (model.train()(**batch)["intensity"] for _ in range(2))
        assert torch.equal(first, second) == (dropout == 0)
        first, second = (model.eval()(**batch)["intensity"] for _ in range(2))
        assert torch.equal(first, second)


def test_more_trainable_blocks_than_exist_are_refused(model: Headed) -> None:
    with pytest.raises(StageError, match=r"params\.yaml: finetune\.adaptation\.layers is 4, but the encoder has 3$"):
        adapt(model.classifier, Adaptation(kind="top", layers=4))


@pytest.mark.parametrize("adaptation", [FULL, FROZEN, PROBE, LORA], ids=["full", "frozen", "probe", "lora"])
def test_the_number_of_trainable_weights_is_reported(
    encoder: Path, adaptation: Adaptation, caplog: pytest.LogCaptureFixture
) -> None:
    model = new_headed(encoder, LABELS, HEADS, dropout=0.0, seed=0)
    with caplog.at_level("INFO", logger="decortique"):
        adapt(model.classifier, adaptation)
    learning, every = (
        sum(v.numel() for v in model.classifier.parameters() if v.requires_grad or all_) for all_ in (False, True)
    )
    assert f"{adaptation.kind}: {learning} of {every} weights are trained" in caplog.text
    assert (learning == every) == (adaptation == FULL)
