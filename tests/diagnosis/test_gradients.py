import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead
from decortique.diagnosis.attributions import Attribution, SplitTexts
from decortique.diagnosis.integrated_gradients import GradientsExplainer, hiding_token, integrated_gradients
from decortique.models.batches import TokenRows
from decortique.models.encoder_files import prefix_texts
from decortique.models.heads import TransformerClassifier, new_headed
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import tokenize_settings

LABELS = ["negative", "neutral", "positive"]
TEXTS = ["the film was very good .", "Dull, dull story!", "a plot", "the plot , the actor and the film was not bad ."]


def explainer(
    folder: Path, steps: int = 24, batch_size: int = 7, labels: list[str] = LABELS, **changes: Any
) -> GradientsExplainer:
    head = ClassificationHead(kind="classification", column="label", loss=changes.pop("loss", "cross_entropy"))
    model = new_headed(folder, labels, {"polarity": head}, dropout=0.0, seed=0).eval()
    tokenizer = load_tokenizer(folder, tokenize_settings(**changes))
    return GradientsExplainer(TransformerClassifier(model, tokenizer, batch_size), steps)


def attributed(one: GradientsExplainer, predicted: list[int], texts: list[str] = TEXTS) -> Attribution:
    return one.attribute(SplitTexts.of(texts), np.array(predicted), lambda _: None)


@torch.no_grad()
def margin(one: GradientsExplainer, ids: list[int], label: int) -> float:
    """Return the margin of the model for token ids alone, without padding."""
    tokens = torch.tensor([ids])
    logits = one.model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits[0].double()
    return float(logits[label] - np.delete(logits.numpy(), label).mean())


def test_shares_add_up_to_the_output_minus_that_of_the_masked_text(every_family: Path) -> None:
    one = explainer(every_family, steps=64)
    predicted = [0, 1, 2, 1]
    attribution = attributed(one, predicted)
    mask = one.tokenizer.mask_token_id
    for text, label, whole in zip(TEXTS, predicted, attribution.whole, strict=True):
        ids = one.tokenizer(text)["input_ids"]
        hidden = [ids[0], *[mask] * (len(ids) - 2), ids[-1]]
        assert whole == pytest.approx(margin(one, ids, label) - margin(one, hidden, label), abs=1e-5)
        assert abs(whole) > 1e-3
    assert attribution.error().max() < 0.03
    assert attribution.elsewhere.tolist() == [0, 0, 0, 0]
    assert [len(shares) for shares in attribution.words] == [6, 5, 2, 12]


def test_more_integration_steps_reduce_the_error(encoder: Path) -> None:
    few, many = (attributed(explainer(encoder, steps), [0, 0, 0, 0]).error().mean() for steps in (2, 64))
    assert many < few / 5


def test_attributions_do_not_depend_on_the_batch(any_encoder: Path) -> None:
    first, *others = (
        attributed(explainer(any_encoder, steps=4, batch_size=size), [1, 0, 2, 1]) for size in (1, 5, 200)
    )
    for other in others:
        for one, same in zip(first.words, other.words, strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)
        np.testing.assert_allclose(first.whole, other.whole, atol=1e-5)


def test_evidence_for_one_of_two_labels_is_evidence_against_the_other(encoder: Path) -> None:
    one = explainer(encoder, labels=["no", "yes"], loss="binary")
    yes, no = (attributed(one, [label] * 4) for label in (1, 0))
    for a, b in zip(yes.words, no.words, strict=True):
        np.testing.assert_allclose(a, -b, atol=1e-5)


class Made(nn.Module):
    """Return logits that can be computed by hand: 0, and a function of the sum of the token values."""

    def __init__(self, power: int) -> None:
        super().__init__()
        self.table, self.power = nn.Embedding(6, 2), power
        worth = torch.tensor([0.0, 0, 0, 3, 1, 0])
        self.table.weight.data = torch.stack([worth, torch.arange(6.0)], dim=1)
        self.config, self.device = SimpleNamespace(pad_token_id=0), torch.device("cpu")
        self.requires_grad_(requires_grad=False)

    def get_input_embeddings(self) -> nn.Module:
        return self.table

    def forward(self, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        summed = (inputs_embeds[:, :, 0] * attention_mask).sum(1) ** self.power
        return SimpleNamespace(logits=torch.stack([torch.zeros_like(summed), summed], dim=1))


@pytest.mark.parametrize(("power", "expected"), [(1, [0, 3, 0, 1, 0, 0]), (2, [0, 12, 0, 4, 0, 0])])
def test_the_shares_match_a_calculation_by_hand(power: int, expected: list[float]) -> None:
    """Of (3 + 1)², 3 has three quarters and 1 has one: the slope is the same for both along the whole path."""
    rows = TokenRows.of([[4, 3, 5, 4, 5, 3], [4, 5, 3]])  # special tokens have a value, and stay
    model = cast("PreTrainedModel", Made(power))
    for batch_size in (1, 3, 50):
        shares, whole = integrated_gradients(
            model,
            TokenRows.of([[0, 3, 5, 4, 5, 0], [0, 5, 0]]),
            np.array([1, 1]),
            hidden=2,
            frame=(1, 1),
            steps=4,
            batch_size=batch_size,
            done=lambda _: None,
        )
        assert shares[0] == pytest.approx(expected)
        assert shares[1].tolist() == [0, 0, 0]
        assert whole == pytest.approx([sum(expected), 0])
    framed, whole = integrated_gradients(
        model, rows, np.array([1, 0]), hidden=2, frame=(1, 1), steps=4, batch_size=3, done=lambda _: None
    )
    assert framed[0][[0, -1]].tolist() == [0, 0]  # tokens that stay have no share, regardless of their value
    assert framed[0].sum() == pytest.approx(whole[0]) == pytest.approx(8**power - 4**power)


def test_a_word_sums_the_shares_of_its_tokens_and_marks_keep_their_own(encoder: Path) -> None:
    one = explainer(encoder)
    tokens = one.tokenizer.tokenize("actors, actor's")
    assert tokens[:3] == ["actor", "##s", ","]
    attribution = attributed(one, [0], ["actors, actor's"])
    assert len(attribution.words[0]) == 3
    assert attribution.words[0].sum() == pytest.approx(attribution.whole[0], rel=0.1)


def test_truncated_words_have_no_share(encoder: Path) -> None:
    long = " ".join(["good film"] * 20)
    right, left = (attributed(explainer(encoder, truncation_side=side), [2], [long]) for side in ("right", "left"))
    assert np.flatnonzero(right.words[0]).tolist() == list(range(14))
    assert np.flatnonzero(left.words[0]).tolist() == list(range(26, 40))


def test_a_prefix_of_the_encoder_has_no_share(encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prefixed"
    shutil.copytree(encoder, folder)
    prefix_texts(folder, "the plot: ")
    one = explainer(folder)
    text = "good film"
    attribution = attributed(one, [0], [text])
    ids = one.tokenizer(text)["input_ids"]
    mask = one.tokenizer.mask_token_id
    assert len(ids) == 7
    assert attribution.whole[0] == pytest.approx(
        margin(one, ids, 0) - margin(one, [*ids[:4], mask, mask, ids[-1]], 0), abs=1e-5
    )
    assert attribution.words[0].sum() == pytest.approx(attribution.whole[0], rel=0.1)
    assert attribution.elsewhere[0] == 0


def test_tokens_outside_words_are_counted_separately(encoder: Path) -> None:
    one = explainer(encoder)
    text = "good\u0301 film"
    split = SplitTexts([text], [[(0, 4)]])  # as if the film were no word
    attribution = one.attribute(split, np.array([0]), lambda _: None)
    assert attribution.elsewhere[0] != 0
    assert attribution.error()[0] < 0.1


def test_progress_is_reported_for_each_finished_text(encoder: Path) -> None:
    counts: list[int] = []
    explainer(encoder).attribute(SplitTexts.of(TEXTS), np.zeros(4, int), counts.append)
    assert sum(counts) == 4


def test_an_empty_list_of_texts_has_an_empty_attribution(encoder: Path) -> None:
    attribution = attributed(explainer(encoder), [], [])
    assert (attribution.words, attribution.whole.tolist()) == ([], [])


def test_padding_replaces_a_missing_mask_token(encoder: Path) -> None:
    tokenizer = load_tokenizer(encoder)
    assert hiding_token(tokenizer) == ("[MASK]", tokenizer.mask_token_id)
    tokenizer.mask_token = None
    assert hiding_token(tokenizer) == ("[PAD]", tokenizer.pad_token_id)


def test_a_model_without_input_embeddings_is_refused(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = explainer(encoder)
    monkeypatch.setattr(type(one.model), "forward", lambda self, input_ids: input_ids)
    with pytest.raises(StageError, match="a bert takes no vectors in place of tokens, to explain it"):
        explainer(encoder)
