"""Attributions: coefficients of a bag of words, integrated gradients of a transformer.

Integrated gradients (Sundararajan, Taly & Yan, ICML 2017) follow the margin of a prediction from a text whose tokens
are all hidden to the text itself, on a straight line between the vectors that enter the model. A token's share is its
way along that line times the mean slope of the margin there (their equation 1, by the midpoint rule). The shares of all
tokens add up to the difference of the margins at both ends, by which one sees whether there were enough steps.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import MultinomialNB
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.errors import StageError
from decortique.core.run_settings import Compute
from decortique.diagnosis.explainer import Attributed, Done, Explainer, Span, Worded, margins, shared_out
from decortique.diagnosis.settings import Explain
from decortique.models.bag_of_words import BagOfWordsClassifier, feature_weights, stemmed
from decortique.models.batches import Collate, TokenRows, by_length
from decortique.models.folder import Kind, Predictions
from decortique.models.heads import TransformerClassifier
from decortique.models.tokenizer import frame


class BagOfWordsExplainer:
    """Weight times value of each feature, shared equally by its occurrences, and of an n-gram by its words."""

    def __init__(self, classifier: BagOfWordsClassifier) -> None:
        """Takes a fitted classifier."""
        self.classifier = classifier
        self.vectorizer, self.model = classifier.pipeline[0], classifier.pipeline[-1]

    @classmethod
    def load(cls, folder: Path) -> "BagOfWordsExplainer":
        """Loads a folder of the stage `bag_of_words`."""
        return cls(BagOfWordsClassifier.load(folder))

    @property
    def method(self) -> dict[str, Any]:
        """See `Explainer`."""
        return {"method": "weight times value"}

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Explainer`."""
        return self.classifier.predict(texts, done)

    def attribute(self, worded: Worded, predicted: np.ndarray, done: Done) -> Attributed:
        """See `Explainer`."""
        values = self._values([*worded.texts, ""])
        scores = self._scores(values)
        found = []
        for place, (text, spans, label) in enumerate(zip(worded.texts, worded.words, predicted.tolist(), strict=True)):
            there, held = values[[place]].indices, values[[place]].data
            adds = margins(self._weights[:, there].T, np.full(len(there), label)) * held
            places = {feature: number for number, feature in enumerate(there.tolist())}
            occurring = [(places[name], owners) for name, owners in self._occurrences(text, spans) if name in places]
            features = np.array([number for number, _ in occurring], int)
            each = (adds / np.bincount(features, minlength=len(there)).clip(min=1))[features]
            found.append(shared_out(each, [owners for _, owners in occurring], len(spans)))
            done(1)
        return Attributed(
            [shares for shares, _ in found],
            np.array([rest for _, rest in found]),
            margins(scores[:-1] - scores[-1], predicted),
        )

    def _values(self, texts: Sequence[str]) -> Any:
        """Gives the (texts, features) sparse matrix that the model reads."""
        return self.vectorizer.transform(stemmed(texts, self.classifier.stemmer_language))

    @cached_property
    def _weights(self) -> np.ndarray:
        """Gives (classes, features): what one unit of each feature adds to each score of `_scores`."""
        rows = feature_weights(self.classifier)
        # Of two labels a linear model has one row, which speaks for the one as much as against the other.
        return rows / 2 if len(rows) == 2 and not isinstance(self.model, MultinomialNB) else rows

    def _scores(self, values: Any) -> np.ndarray:
        """Gives (texts, classes): logarithms of probabilities up to a constant, or margins of a linear SVM."""
        model = self.model
        if isinstance(model, MultinomialNB):
            return model.predict_joint_log_proba(values)
        if isinstance(model, CalibratedClassifierCV):  # its classifiers calibrate one and the same SVM
            model = model.calibrated_classifiers_[0].estimator.estimator
        scores = model.decision_function(values)
        return np.stack([-scores, scores], axis=1) / 2 if scores.ndim == 1 else scores

    def _occurrences(self, text: str, words: Sequence[Span]) -> Iterator[tuple[int, set[int]]]:
        """Yields each feature as often as it occurs, with the numbers of the words it is made of."""
        read, owners = self._read(text, words)
        stop_words = self.vectorizer.get_stop_words() or ()
        tokens = [
            (found[0], {owner for owner in owners[found.start() : found.end()] if owner >= 0})
            for found in re.finditer(self.vectorizer.token_pattern, read)
            if found[0] not in stop_words
        ]
        shortest, longest = self.vectorizer.ngram_range
        vocabulary = self.vectorizer.vocabulary_
        for length in range(shortest, longest + 1):
            for start in range(len(tokens) - length + 1):
                part = tokens[start : start + length]
                feature = vocabulary.get(" ".join(token for token, _ in part))
                if feature is not None:
                    yield feature, set().union(*(owned for _, owned in part))

    def _read(self, text: str, words: Sequence[Span]) -> tuple[str, list[int]]:
        """Gives a text as the vectorizer cuts it, and for each of its characters the word it comes from, or -1."""
        pieces: list[tuple[str, int]] = []
        end = 0
        for number, (start, behind) in enumerate(words):
            word = stemmed([text[start:behind]], self.classifier.stemmer_language)[0]
            pieces += [(text[end:start], -1), (word, number)]
            end = behind
        pieces.append((text[end:], -1))
        if self.vectorizer.lowercase:  # some letters are two in lower case
            owners = [owner for piece, owner in pieces for letter in piece for _ in letter.lower()]
            return "".join(piece for piece, _ in pieces).lower(), owners
        return "".join(piece for piece, _ in pieces), [owner for piece, owner in pieces for _ in piece]


class GradientsExplainer:
    """Integrated gradients of the margin, from the hidden text to the text."""

    def __init__(self, classifier: TransformerClassifier, steps: int) -> None:
        """Takes a classifier, whose weights will not learn any more, and how many points of the line are looked at.

        Raises:
            StageError: the classifier is of a kind that cannot be explained.
        """
        self.classifier, self.tokenizer, self.steps = classifier, classifier.tokenizer, steps
        model = classifier.model.classifier
        family = model.config.model_type
        if "inputs_embeds" not in inspect.signature(model.forward).parameters:
            raise StageError(f"a {family} takes no vectors in place of tokens, to explain it: choose another encoder")
        if not self.tokenizer.is_fast:
            raise StageError(f"the tokenizer of this {family} does not tell where tokens stand: choose another encoder")
        self.model = model.eval().requires_grad_(requires_grad=False)

    @classmethod
    def load(cls, folder: Path, settings: Explain, compute: Compute) -> "GradientsExplainer":
        """Loads a folder of the stages `finetune` or `distill`."""
        return cls(TransformerClassifier.load(folder, compute), settings.steps)

    @property
    def method(self) -> dict[str, Any]:
        """See `Explainer`."""
        return {"method": "integrated gradients", "steps": self.steps, "hidden_by": hiding(self.tokenizer)[0]}

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Explainer`."""
        return self.classifier.predict(texts, done)

    def attribute(self, worded: Worded, predicted: np.ndarray, done: Done) -> Attributed:
        """See `Explainer`; words that were cut off a long text have no share."""
        if not worded.texts:
            return Attributed([], np.empty(0), np.empty(0))
        encoded = self.tokenizer(worded.texts, truncation=True, padding=False, return_offsets_mapping=True)
        rows = TokenRows.of(encoded["input_ids"])
        # Not by their offsets: those of an encoder's prefix lie on the first letter of the text.
        before, behind = (len(ids) for ids in frame(self.tokenizer))
        tokens, whole = integrated_gradients(
            self.model,
            rows,
            predicted,
            hidden=hiding(self.tokenizer)[1],
            frame=(before, behind),
            steps=self.steps,
            batch_size=self.classifier.batch_size,
            done=done,
        )
        found = [
            shared_out(shares[before:], [touched(place, spans) for place in places[before:]], len(spans))
            for shares, places, spans in zip(tokens, encoded["offset_mapping"], worded.words, strict=True)
        ]
        return Attributed([shares for shares, _ in found], np.array([rest for _, rest in found]), whole)


def hiding(tokenizer: PreTrainedTokenizerBase) -> tuple[str, int]:
    """Gives the token that hides others, and its id: the mask, else the padding.

    A mask says that there is a token, and not which. From it, the classifiers of this pipeline are nearer to undecided
    than from padding, which they have learnt never to look at.
    """
    name = tokenizer.mask_token or tokenizer.pad_token
    return str(name), int(tokenizer.convert_tokens_to_ids(name))


def touched(place: Span, words: Sequence[Span]) -> set[int]:
    """Gives the numbers of the words in which a token has a letter."""
    return {number for number, (start, end) in enumerate(words) if start < place[1] and place[0] < end}


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
    """Shares out the margins of predictions among tokens.

    Args:
        model: gives `logits`; none of its weights needs a gradient.
        rows: token ids of the texts.
        predicted: (texts,) class numbers.
        hidden: id of the token that stands in for each one at the beginning of the line.
        frame: number of tokens before and behind each text that stay what they are.
        steps: points of the line, in the middles of as many equal parts of it.
        batch_size: points at once, of one text or of several.
        done: told how many texts each batch ended.

    Returns:
        By text, (tokens,) shares, 0 for those that stay; and (texts,) differences of the margins at both ends.
    """
    shares = [np.zeros(length) for length in rows.lengths]
    line = Line(model, rows, predicted, hidden, frame)
    for texts, at in _points(rows, steps, batch_size):
        begin, way, mask = line.of(texts)
        share = torch.tensor((at + 0.5) / steps, dtype=way.dtype, device=way.device)[:, None, None]
        between = (begin + share * way).requires_grad_()
        (slopes,) = torch.autograd.grad(line.margins(texts, between, mask).sum(), between)
        along = (way * slopes).sum(-1).double().cpu().numpy() / steps
        for text, values in zip(texts, along, strict=True):
            shares[text] += values[: len(shares[text])]
        done(int((at == steps - 1).sum()))
    ends = np.empty((len(rows), 2))
    with torch.no_grad():
        for texts, at in _points(rows, 2, batch_size):
            begin, way, mask = line.of(texts)
            share = torch.tensor(at, dtype=way.dtype, device=way.device)[:, None, None]
            ends[texts, at] = line.margins(texts, begin + share * way, mask).cpu().numpy()
    return shares, ends[:, 1] - ends[:, 0]


@dataclass(frozen=True, slots=True)
class Line:
    """The straight lines from hidden texts to the texts, and the margins on them; arguments as above."""

    model: PreTrainedModel
    rows: TokenRows
    predicted: np.ndarray
    hidden: int
    frame: tuple[int, int]

    def of(self, texts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Gives where the lines of some texts begin and how far they go, (texts, length, width), and their mask."""
        collate, vectors = Collate(self.model.config.pad_token_id, {}), self.model.get_input_embeddings()
        batch = collate([self.rows[text] for text in texts])
        stays = batch["attention_mask"] == 0
        for row, length in enumerate(self.rows.lengths[texts].tolist()):
            stays[row, : self.frame[0]] = stays[row, length - self.frame[1] : length] = True
        begun = torch.where(stays, batch["input_ids"], self.hidden)
        begin, end = (vectors(ids.to(self.model.device)) for ids in (begun, batch["input_ids"]))
        return begin, end - begin, batch["attention_mask"].to(self.model.device)

    def margins(self, texts: np.ndarray, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Gives (texts,): the logit of the label predicted for, less the mean of the others'."""
        logits = self.model(inputs_embeds=vectors, attention_mask=mask).logits
        own = logits.gather(1, torch.tensor(self.predicted[texts], device=logits.device)[:, None]).squeeze(1)
        return own - (logits.sum(1) - own) / (logits.shape[1] - 1)


def _points(rows: TokenRows, count: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields batches of (texts, numbers of points), `count` of each text, the longest texts first."""
    order = by_length(np.arange(len(rows)), rows.lengths)
    texts, points = np.repeat(order, count), np.tile(np.arange(count), len(order))
    for start in range(0, len(texts), batch_size):
        yield texts[start : start + batch_size], points[start : start + batch_size]


def open_explainer(folder: Path, kind: Kind, settings: Explain, compute: Compute) -> Explainer:
    """Opens a model folder.

    Args:
        folder: one of `data/models/<task>/`.
        kind: what its manifest says: `bag-of-words` or `transformer`.
        settings: of integrated gradients.
        compute: threads, device and how many points at once, likewise.

    Raises:
        StageError: the folder is missing or damaged, or a model of its family cannot be explained.
    """
    # Each is imported only where it is needed: a bag of words should not wait for transformers.
    if kind == "bag-of-words":
        return BagOfWordsExplainer.load(folder)

    return GradientsExplainer.load(folder, settings, compute)
