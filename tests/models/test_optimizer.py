import re
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.adaptation import adapt
from decortique.models.heads import Headed, new_headed
from decortique.models.settings import Adaptation, Optimizer, Scheduler
from decortique.models.training import new_optimizer, new_scheduler, parameter_groups
from tests.models.made_transformer import training

HEADS: dict[str, Head] = {
    "polarity": ClassificationHead(kind="classification", column="label", loss="cross_entropy"),
    "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
}
LAYERS = 2
# Those with required options; the others need none.
NEEDED: dict[str, dict[str, float]] = {"cosine_with_min_lr": {"min_lr_rate": 0.1}}


def headed(encoder: Path) -> Headed:
    return new_headed(encoder, ["negative", "positive"], HEADS, dropout=0.0, seed=0)


@pytest.fixture
def model(encoder: Path) -> Headed:
    return headed(encoder)


def grouped(model: Headed, key: str, **changes: Any) -> dict[str, float]:
    """Return the rate or the decay of each weight, by its name."""
    names = {id(values): name for name, values in model.named_parameters()}
    built = [
        (names[id(values)], group[key])
        for group in parameter_groups(model, training(**changes))
        for values in group["params"]
    ]
    assert len(dict(built)) == len(built)
    return dict(built)


def expected_rate(model: Headed, name: str) -> float:
    """Return the learning rate of a weight by its name, where each layer has half the rate of the one above it."""
    backbone = f"classifier.{model.classifier.base_model_prefix}."
    if not name.startswith(backbone) or ".pooler." in name:
        return 1.0
    if ".embeddings." in name:
        return 0.5 ** (LAYERS + 1)
    block = re.search(r"\.layers?\.(\d+)\.", name)
    return 0.5 ** (LAYERS - int(block[1])) if block else 0.5


def test_each_layer_of_each_family_learns_at_half_the_rate_of_the_one_above(every_family: Path) -> None:
    model = headed(every_family)
    rates = grouped(model, "lr", learning_rate=1.0, layer_decay=0.5)
    assert rates == {name: expected_rate(model, name) for name, _ in model.named_parameters()}
    assert set(rates.values()) == {1.0, 0.5, 0.25, 0.125}


def test_every_layer_learns_at_one_rate_where_no_decay_is_asked_for(model: Headed) -> None:
    assert set(grouped(model, "lr", learning_rate=3e-4, layer_decay=1.0).values()) == {3e-4}


def test_matrices_are_pulled_to_zero_but_biases_norms_and_words_are_not(every_family: Path) -> None:
    model = headed(every_family)
    words = model.word_embeddings().weight
    decays = grouped(model, "weight_decay", weight_decay=0.1)
    assert decays == {
        name: 0.1 if values.ndim == 2 and values is not words else 0.0 for name, values in model.named_parameters()
    }
    assert {name for name, decay in decays.items() if decay and re.search(r"bias|norm", name, re.IGNORECASE)} == set()


@pytest.mark.parametrize(
    "adaptation", [Adaptation(kind="probe"), Adaptation(kind="top", layers=1), Adaptation(kind="lora")]
)
def test_frozen_weights_are_not_given_to_the_optimiser(every_family: Path, adaptation: Adaptation) -> None:
    model = headed(every_family)
    adapt(model.classifier, adaptation)
    rates = grouped(model, "lr", learning_rate=1.0, layer_decay=0.5)
    learning = [name for name, values in model.named_parameters() if values.requires_grad]
    assert rates == {name: expected_rate(model, name) for name in learning}
    assert set(rates.values()) == {"probe": {1.0}, "top": {1.0, 0.5}, "lora": {1.0, 0.5, 0.25}}[adaptation.kind]


def test_the_logged_rate_is_that_of_the_head(model: Headed) -> None:
    """The curve shows that of the last group."""
    settings = training(learning_rate=1e-3, layer_decay=0.5, lr_scheduler_type="constant")
    scheduler = new_scheduler(new_optimizer(model, settings), settings, 10)
    assert scheduler.get_last_lr()[-1] == 1e-3 == max(scheduler.get_last_lr())


def cost(model: Headed) -> torch.Tensor:
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 20, 15, 9, 3]])
    outputs = model(input_ids=ids, attention_mask=torch.ones_like(ids))
    return torch.stack([(values - 1).square().mean() for values in outputs.values()]).sum()


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
def test_every_configurable_optimiser_lowers_the_loss(model: Headed, optimizer: str) -> None:
    settings = training(optim=optimizer, learning_rate=1e-2)
    before = {name: values.detach().clone() for name, values in model.named_parameters()}
    first, built = cost(model).item(), new_optimizer(model, settings)
    for _ in range(10):
        torch.autograd.backward(cost(model))
        built.step()
        built.zero_grad()
    assert cost(model).item() < first
    changed = {name for name, values in model.named_parameters() if not torch.equal(values, before[name])}
    assert len(changed) > 0.9 * len(before)


@pytest.mark.parametrize(
    ("optimizer", "options", "expected"),
    [
        ("adamw", {"betas": [0.8, 0.9], "eps": 1e-6}, {"betas": (0.8, 0.9), "eps": 1e-6, "fused": True}),
        ("adamw", {"fused": False, "amsgrad": True}, {"fused": False, "amsgrad": True}),
        ("nadam", {"betas": [0.8, 0.9]}, {"betas": (0.8, 0.9)}),
        ("sgd", {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", {"alpha": 0.9, "centered": True}, {"alpha": 0.9, "centered": True}),
        ("adafactor", {"beta2_decay": -0.5}, {"beta2_decay": -0.5}),
    ],
)
def test_an_optimiser_uses_its_options(
    model: Headed, optimizer: str, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    built = new_optimizer(model, training(optim=optimizer, optim_args=options))
    for group in built.param_groups:
        assert {name: group[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("optimizer", "options", "reason"),
    [
        ("adamw", {"momentum": 0.9}, "momentum"),
        ("sgd", {"betas": [0.9, 0.999]}, "betas"),
        ("adam", {"betas": [0.9, 1.5]}, "beta.*1.5"),
        ("nadam", {"betas": [0.9]}, "index"),
        ("sgd", {"nesterov": True}, "Nesterov"),
        ("rmsprop", {"alpha": -1.0}, "alpha"),
        ("adamw", {"foreach": True}, "fused.*foreach"),
    ],
)
def test_options_that_an_optimiser_does_not_have_are_refused_in_one_line(
    model: Headed, optimizer: str, options: dict[str, Any], reason: str
) -> None:
    pattern = rf"^params\.yaml: optim_args do not suit {optimizer}: .*{reason}"
    with pytest.raises(StageError, match=pattern) as caught:
        new_optimizer(model, training(optim=optimizer, optim_args=options))
    assert "\n" not in str(caught.value)


def rates(model: Headed, scheduler: str, **options: float) -> list[float]:
    """Return the rate of the heads at each of 20 steps, of which 4 warm up, and after the last."""
    settings = training(lr_scheduler_type=scheduler, lr_scheduler_kwargs=options, warmup_ratio=0.2, learning_rate=1.0)
    optimizer = new_optimizer(model, settings)
    built = new_scheduler(optimizer, settings, 20)
    gone = [float(built.get_last_lr()[-1])]
    for _ in range(20):
        optimizer.step()
        built.step()
        gone.append(float(built.get_last_lr()[-1]))
    return gone


@pytest.mark.parametrize("scheduler", get_args(Scheduler))
def test_every_scheduler_warms_up_and_never_exceeds_the_learning_rate(model: Headed, scheduler: str) -> None:
    built = rates(model, scheduler, **NEEDED.get(scheduler, {}))
    assert max(built) == pytest.approx(1.0)
    assert min(built) >= 0
    if scheduler == "constant":  # named for having no warm-up
        assert built == [1.0] * 21
    else:
        assert built[:5] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    constant = {"constant", "constant_with_warmup"}
    assert (built[-2] < 0.9) == (scheduler not in constant)


@pytest.mark.parametrize(
    ("scheduler", "options", "expected"),
    [
        ("linear", {}, 0.5),
        ("cosine", {"num_cycles": 1.0}, 0.0),
        ("cosine_with_restarts", {"num_cycles": 2.0}, 1.0),
        ("cosine_with_min_lr", {"min_lr": 0.2}, 0.6),
        ("cosine_with_min_lr", {"min_lr_rate": 0.4}, 0.7),
        ("polynomial", {"power": 2.0, "lr_end": 0.2}, 0.2 + 0.8 * 0.25),
        ("inverse_sqrt", {"timescale": 4.0}, (4 / 12) ** 0.5),
        ("warmup_stable_decay", {"num_decay_steps": 16.0}, 0.5),
    ],
)
def test_a_scheduler_uses_its_options(
    model: Headed, scheduler: str, options: dict[str, float], expected: float
) -> None:
    """Half way through the steps after the warm-up."""
    assert rates(model, scheduler, **options)[12] == pytest.approx(expected)


def test_a_stable_rate_decays_at_the_end_for_as_long_as_it_warmed_up(model: Headed) -> None:
    built = rates(model, "warmup_stable_decay")
    assert built[4:17] == pytest.approx([1.0] * 13)
    assert built[17:] == sorted(built[17:], reverse=True)
    assert built[17] < 1.0
    assert built[-1] == pytest.approx(0, abs=1e-6)
    longer = rates(model, "warmup_stable_decay", num_decay_steps=10)
    assert longer[4:11] == pytest.approx([1.0] * 7)
    assert longer[11] < 1.0


def test_layers_keep_their_rate_ratios_with_every_scheduler(model: Headed) -> None:
    for scheduler in get_args(Scheduler):
        settings = training(
            lr_scheduler_type=scheduler,
            lr_scheduler_kwargs=NEEDED.get(scheduler, {}),
            learning_rate=1.0,
            layer_decay=0.5,
        )
        optimizer = new_optimizer(model, settings)
        built = new_scheduler(optimizer, settings, 20)
        for _ in range(10):
            optimizer.step()
            built.step()
        first, *_, last = built.get_last_lr()
        assert first == pytest.approx(last * 0.5 ** (LAYERS + 1)), scheduler


@pytest.mark.parametrize(
    ("scheduler", "options", "reason"),
    [
        ("linear", {"num_cycles": 2.0}, "num_cycles"),
        ("cosine", {"min_lr": 1e-5}, "min_lr"),
        ("cosine_with_min_lr", {}, "min_lr.*should be set"),
        ("polynomial", {"lr_end": 2.0}, "lr_end"),
        ("warmup_stable_decay", {"cycles": 2.0}, "cycles"),
    ],
)
def test_options_that_a_scheduler_does_not_have_are_refused_in_one_line(
    model: Headed, scheduler: str, options: dict[str, float], reason: str
) -> None:
    pattern = rf"^params\.yaml: lr_scheduler_kwargs do not suit {scheduler}: .*{reason}"
    with pytest.raises(StageError, match=pattern) as caught:
        rates(model, scheduler, **options)
    assert "\n" not in str(caught.value)
