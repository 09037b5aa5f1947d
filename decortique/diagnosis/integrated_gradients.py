"""Integrated gradients of a transformer (Sundararajan, Taly & Yan, ICML 2017).

A token's share is its distance along the straight line from the hidden text to the text, between the vectors that enter
the model, times the mean slope of the margin there (their equation 1, by the midpoint rule). All shares add up to the
difference of the margins at both ends (completeness), which shows whether there were enough steps.
"""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.diagnosis.attributions import Attribution, BagOfWordsExplainer, Explainer, SplitTexts, share_among_words
from decortique.models.bag_of_words import BagOfWordsClassifier
from decortique.models.batches import Collate, TokenRows, by_length
from decortique.models.folder import Done
from decortique.models.heads import TransformerClassifier
from decortique.models.tokenizer import special_token_affixes


class GradientsExplainer:
    """Explain a transformer by integrated gradients of the margin; raise StageError if its kind cannot be explained."""

    def __init__(self, classifier: TransformerClassifier, steps: int) -> None:
        self.classifier, self.predict = classifier, classifier.predict
        self.tokenizer, self.steps = classifier.tokenizer, steps
        model = classifier.model.classifier
        family = model.config.model_type
        if "inputs_embeds" not in inspect.signature(model.forward).parameters:
            raise StageError(f"a {family} takes no vectors in place of tokens, to explain it: choose another encoder")
        if not self.tokenizer.is_fast:
            raise StageError(f"the tokenizer of this {family} gives no offsets of tokens: choose another encoder")
        self.model = model.eval().requires_grad_(requires_grad=False)

    @property
    def method(self) -> Mapping[str, Any]:
        """See `Explainer`."""
        return {"method": "integrated gradients", "steps": self.steps, "hidden_by": hiding_token(self.tokenizer)[0]}

    def attribute(self, split: SplitTexts, predicted: np.ndarray, done: Done) -> Attribution:
        """See `Explainer`; words that were cut off a long text have no share."""
        if not split.texts:
            return Attribution([], np.empty(0), np.empty(0))
        encoded = self.tokenizer(split.texts, truncation=True, padding=False, return_offsets_mapping=True)
        # Not by their offsets: those of an encoder's prefix are on the first letter of the text.
        before, behind = (len(ids) for ids in special_token_affixes(self.tokenizer))
        tokens, whole = integrated_gradients(
            self.model,
            TokenRows.of(encoded["input_ids"]),
            predicted,
            hidden=hiding_token(self.tokenizer)[1],
            frame=(before, behind),
            steps=self.steps,
            batch_size=self.classifier.batch_size,
            done=done,
        )
        shared = []
        for shares, offsets, words in zip(tokens, encoded["offset_mapping"], split.words, strict=True):
            touched = [
                [number for number, (start, end) in enumerate(words) if start < behind and first < end]
                for first, behind in offsets[before:]
            ]
            shared.append(share_among_words(shares[before:], touched, len(words)))
        return Attribution([shares for shares, _ in shared], np.array([rest for _, rest in shared]), whole)


def load_explainer(folder: Path, kind: str, steps: int, compute: Compute) -> Explainer:
    """Load a model folder of kind `bag-of-words` or `transformer`; raise StageError if it is missing or damaged."""
    if kind == "bag-of-words":
        return BagOfWordsExplainer(BagOfWordsClassifier.load(folder))
    return GradientsExplainer(TransformerClassifier.load(folder, compute), steps)


def hiding_token(tokenizer: PreTrainedTokenizerBase) -> tuple[str, int]:
    """Return the token that hides others, and its id: the mask, else the padding.

    From masks, the classifiers are nearer to undecided than from padding, which they are never shown.
    """
    name = tokenizer.mask_token or tokenizer.pad_token
    return str(name), int(tokenizer.convert_tokens_to_ids(name))


def integrated_gradients(
    model: PreTrainedModel,
    rows: TokenRows,
    predicted: np.ndarray,
    *,
    hidden: int,
    frame: tuple[int, int],
    steps: int,
    batch_size: int,
    done: Done,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return (tokens,) shares of the margin of the class predicted, by text, and (texts,) differences of both ends.

    Each token but those of the `frame`, so many before and behind each text, is `hidden` (a token id) at the beginning
    of the line. There are `steps` points on it, in the middles of as many equal parts; `batch_size` counts points, of
    one text or of several.
    """
    collate, embed = Collate(model.config.pad_token_id, {}), model.get_input_embeddings()

    def line_of(texts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return where the lines of some texts begin and how far they go, (texts, length, width), and their mask."""
        batch = collate([rows[text] for text in texts])
        stays = batch["attention_mask"] == 0
        for row, length in enumerate(rows.lengths[texts].tolist()):
            stays[row, : frame[0]] = stays[row, length - frame[1] : length] = True
        begun = torch.where(stays, batch["input_ids"], hidden)
        begin, end = (embed(ids.to(model.device)) for ids in (begun, batch["input_ids"]))
        return begin, end - begin, batch["attention_mask"].to(model.device)

    def margins(texts: np.ndarray, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (texts,): the logit of the label predicted, less the mean of the others'."""
        logits = model(inputs_embeds=vectors, attention_mask=mask).logits
        own = logits.gather(1, torch.tensor(predicted[texts], device=logits.device)[:, None]).squeeze(1)
        return own - (logits.sum(1) - own) / (logits.shape[1] - 1)

    shares = [np.zeros(length) for length in rows.lengths]
    for texts, at in _points(rows, steps, batch_size):
        begin, way, mask = line_of(texts)
        share = torch.tensor((at + 0.5) / steps, dtype=way.dtype, device=way.device)[:, None, None]
        between = (begin + share * way).requires_grad_()
        (slopes,) = torch.autograd.grad(margins(texts, between, mask).sum(), between)
        along = (way * slopes).sum(-1).double().cpu().numpy() / steps
        for text, values in zip(texts, along, strict=True):
            shares[text] += values[: len(shares[text])]
        done(int((at == steps - 1).sum()))
    ends = np.empty((len(rows), 2))
    with torch.no_grad():
        for texts, at in _points(rows, 2, batch_size):
            begin, way, mask = line_of(texts)
            share = torch.tensor(at, dtype=way.dtype, device=way.device)[:, None, None]
            ends[texts, at] = margins(texts, begin + share * way, mask).cpu().numpy()
    return shares, ends[:, 1] - ends[:, 0]


def _points(rows: TokenRows, count: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of (texts, numbers of points), `count` of each text, the longest texts first."""
    order = by_length(np.arange(len(rows)), rows.lengths)
    texts, points = np.repeat(order, count), np.tile(np.arange(count), len(order))
    for start in range(0, len(texts), batch_size):
        yield texts[start : start + batch_size], points[start : start + batch_size]
