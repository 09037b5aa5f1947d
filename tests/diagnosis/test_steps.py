from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from decortique.diagnosis.anatomy import Step, Trace, decision_parts, encoder_parts, recording, trace
from decortique.models.heads import Headed
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import write_encoder
from tests.diagnosis.made_anatomy import made, rows_of

# The modules between the last block and the primary head, and beside the blocks.
DECISIONS = {
    "bert": ["pooler.dense", "classifier"],
    "distilbert": ["pre_classifier", "classifier"],
    "roberta": ["classifier.dense", "classifier.out_proj"],
    "camembert": ["classifier.dense", "classifier.out_proj"],
    "deberta-v2": ["pooler.dense", "classifier"],
    "modernbert": ["head.dense", "head.norm", "classifier"],
}
LAST = {"modernbert": ["final_norm"]}
NOT_IN_STEPS = {"deberta-v2": {"encoder.rel_embeddings": 16 * 16, "encoder.LayerNorm": 2 * 16}}


def walked(folder: Path, model: Headed) -> Trace:
    return trace(model, load_tokenizer(folder), rows_of(folder))


def test_every_step_of_every_family_is_named_in_its_order(every_family: Path) -> None:
    family = every_family.name
    traced = walked(every_family, made(every_family))
    assert [step.name for step in traced.steps] == [
        *("tokenizer", "embeddings", "block 1", "block 2", *LAST.get(family, [])),
        *("polarity: pooling", *(f"polarity: {layer}" for layer in DECISIONS[family]), "polarity: probabilities"),
        *("mood: pooling", "mood: linear", "mood: probabilities"),
        *("intensity: pooling", "intensity: linear", "intensity: number"),
    ]
    assert traced.not_in_steps == NOT_IN_STEPS.get(family, {})


def test_a_model_with_one_head_ends_with_that_head(every_family: Path) -> None:
    steps = walked(every_family, made(every_family, ("polarity",))).steps
    assert steps[-1] == Step("polarity: probabilities", "softmax", (3, 3), (3, 3))


def test_each_step_takes_the_output_of_the_step_before(every_family: Path) -> None:
    traced = walked(every_family, made(every_family))
    assert traced.steps[0].input == (3,)
    assert traced.steps[0].output == (3, 14)  # the longest text, its [CLS] and [SEP] counted
    before = traced.steps[0]
    for step in traced.steps[1:]:
        if step.name.endswith("pooling"):  # each head starts from the output of the encoder
            assert step.input == (3, 14, 16)
        else:
            assert step.input == before.output, step.name
        before = step


def test_each_head_ends_in_its_prediction(every_family: Path) -> None:
    traced = walked(every_family, made(every_family))
    ends = {step.name.split(":")[0]: step.output for step in traced.steps}
    assert ends["polarity"] == traced.predictions.probability.shape
    assert {name: ends[name] for name in ("mood", "intensity")} == {
        name: values.shape for name, values in traced.predictions.others.items()
    }


@pytest.mark.parametrize("names", [("polarity",), ("polarity", "mood", "intensity")])
def test_the_parameters_of_the_steps_add_up_to_those_of_the_model(every_family: Path, names: tuple[str, ...]) -> None:
    model = made(every_family, names)
    traced = walked(every_family, model)
    total = sum(step.parameters for step in traced.steps) + sum(traced.not_in_steps.values())
    assert total == sum(values.numel() for values in model.parameters())


def test_a_layer_between_two_blocks_is_a_step_between_them(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "deberta", "deberta-v2", conv_kernel_size=3)
    traced = walked(folder, made(folder))
    assert [step.name for step in traced.steps][1:5] == ["embeddings", "block 1", "encoder.conv.LayerNorm", "block 2"]
    assert "encoder.conv.conv" in traced.not_in_steps


@pytest.mark.parametrize(
    ("loss", "options", "kind"),
    [("cross_entropy", {}, "softmax"), ("focal", {"gamma": 2.0}, "softmax"), ("binary", {}, "sigmoid")],
)
def test_the_trace_shows_how_logits_become_probabilities(
    encoder: Path, loss: str, options: dict[str, float], kind: str
) -> None:
    steps = {step.name: step for step in walked(encoder, made(encoder, loss=loss, options=options)).steps}
    assert steps["polarity: probabilities"].module == kind
    assert steps["mood: probabilities"].module == "sigmoid"


def moved(model: Headed, folder: Path, tokens: slice) -> dict[str, bool]:
    """Return which predictions change when the encoder gives other states of some tokens."""
    encoder_modules = list(encoder_parts(model.classifier).items())
    last = encoder_modules[-1][1] if encoder_modules[-1][0] == "final_norm" else dict(encoder_modules)["block 2"]

    def disturb(_: nn.Module, __: Any, output: Any) -> Any:
        states = (output[0] if isinstance(output, tuple) else output).clone()
        states[:, tokens] += torch.linspace(-3, 3, states.shape[-1])
        return (states, *output[1:]) if isinstance(output, tuple) else states

    rows = rows_of(folder, ["the film was good ."])
    before = model.predict(rows, batch_size=1)
    handle = last.register_forward_hook(disturb)
    after = model.predict(rows, batch_size=1)
    handle.remove()
    changed = {name: bool((values != after.others[name]).any()) for name, values in before.others.items()}
    return {"polarity": bool((before.probability != after.probability).any()), **changed}


def pooling_texts(model: Headed, folder: Path) -> dict[str, str]:
    return {step.name.split(":")[0]: step.module for step in walked(folder, model).steps if "pooling" in step.name}


def test_the_primary_head_reads_the_first_token_and_the_others_read_all(every_family: Path) -> None:
    model, mean = made(every_family), "mean of the tokens"
    assert pooling_texts(model, every_family) == {"polarity": "first token", "mood": mean, "intensity": mean}
    assert moved(model, every_family, slice(0, 1)) == {"polarity": True, "mood": True, "intensity": True}
    assert moved(model, every_family, slice(1, None)) == {"polarity": False, "mood": True, "intensity": True}


def test_a_modernbert_with_mean_pooling_is_described_as_such(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "modernbert", "modernbert", classifier_pooling="mean")
    model = made(folder, ("polarity",))
    assert pooling_texts(model, folder) == {"polarity": "mean of the tokens"}
    assert moved(model, folder, slice(1, None)) == {"polarity": True}


def test_predictions_do_not_depend_on_whether_steps_are_recorded(every_family: Path) -> None:
    model, rows = made(every_family), rows_of(every_family)
    alone = model.predict(rows, batch_size=3)
    recorded = walked(every_family, model).predictions
    assert (recorded.probability == alone.probability).all()
    assert all((recorded.others[name] == values).all() for name, values in alone.others.items())


def test_nothing_is_recorded_afterwards_even_after_an_error(encoder: Path) -> None:
    model, rows = made(encoder), rows_of(encoder)
    with recording(decision_parts(model)) as recorded:
        model.predict(rows, batch_size=3)
    with pytest.raises(ZeroDivisionError), recording(decision_parts(model)) as failed:
        _ = 1 / 0
    assert len(recorded) == 4
    model.predict(rows, batch_size=3)
    assert (len(recorded), len(failed)) == (4, 0)
