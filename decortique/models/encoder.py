"""A pretrained encoder, used as it is: texts → token ids → vectors, and the label whose description is nearest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import StageError, progress, read_json
from decortique.core.measures import probabilities
from decortique.core.settings import Compute
from decortique.core.tables import embeddings_schema, write_table
from decortique.models.batches import TokenRows, encode
from decortique.models.folder import Done, Predictions, settings_file
from decortique.models.pretrained import load_model, prepare_device
from decortique.models.settings import Embed, Tokenize
from decortique.models.tokenizer import load_tokenizer, tokenize_texts


def load_encoder(folder: Path, settings: Embed) -> PreTrainedModel:
    """Load an encoder, or raise a StageError if the folder holds none or it has no layer `settings.layer`."""
    model = load_model(AutoModel, folder)
    layers = model.config.num_hidden_layers
    if not -layers - 1 <= settings.layer <= layers:
        raise StageError(f"params.yaml: embed.layer is {settings.layer}, but {folder} has layers 0 to {layers}")
    return model.eval()


def pooled(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Return (batch, hidden) vectors of (batch, length, hidden) states.

    `pooling` is `mean`, over the tokens whose (batch, length) attention mask is 1, or `cls`, the first token's state.
    """
    if pooling == "cls":
        return hidden[:, 0]
    weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def sentence_vectors(model: PreTrainedModel, batch: dict[str, torch.Tensor], settings: Embed) -> torch.Tensor:
    """Return (batch, hidden) vectors of a layer, pooled and, if `settings.normalize`, of length one."""
    last = settings.layer in (-1, model.config.num_hidden_layers)
    output = model(**batch, output_hidden_states=not last)
    hidden = output.last_hidden_state if last else output.hidden_states[settings.layer]
    vectors = pooled(hidden, batch["attention_mask"], settings.pooling)
    return torch.nn.functional.normalize(vectors, dim=-1) if settings.normalize else vectors


@dataclass(frozen=True, slots=True)
class SentenceEncoder:
    """Texts → tokens → encoder → one vector per text."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: Embed
    batch_size: int

    @classmethod
    def load(cls, folder: Path, settings: Embed, compute: Compute, tokenize: Tokenize | None = None) -> Self:
        """Load an encoder onto the device of the run; for `tokenize` see `load_tokenizer`.

        Raises:
            StageError: the folder holds no encoder, or it has no such layer.
        """
        model = load_encoder(folder, settings).to(prepare_device(compute))
        return cls(model, load_tokenizer(folder, tokenize), settings, compute.batch_size)

    def tokens(self, texts: Sequence[str]) -> TokenRows:
        """Tokenize and truncate texts."""
        return TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)

    def encode(self, rows: TokenRows, done: Done = lambda _: None) -> np.ndarray:
        """Return the vectors of texts, (texts, width) float32."""
        return encode(
            rows,
            lambda batch: sentence_vectors(self.model, batch, self.settings),
            batch_size=self.batch_size,
            padding_id=self.model.config.pad_token_id,
            device=self.model.device,
            done=done,
        )

    def vectors(self, texts: Sequence[str], done: Done = lambda _: None) -> np.ndarray:
        """Return the vectors of texts, (texts, width) float32."""
        return self.encode(self.tokens(texts), done)

    def write(self, path: Path, rows: Iterable[tuple[Any, TokenRows]], texts: int, metadata: dict[str, Any]) -> None:
        """Write a table of vectors; `rows` are batches of ids and of the tokens of the same texts, `texts` in all."""
        width = self.model.config.hidden_size
        with (
            write_table(path, embeddings_schema(width), metadata) as append,
            progress(f"embed {path.parent.name} {path.stem}", texts, "text") as bar,
        ):
            for ids, tokens in rows:
                flat = pa.array(self.encode(tokens, bar.update).reshape(-1))
                append({"id": ids, "embedding": pa.FixedSizeListArray.from_arrays(flat, width)})


class ZeroShotClassifier:
    """Predicts the label whose description is nearest to the text, by cosine."""

    def __init__(self, encoder: SentenceEncoder, descriptions: Sequence[str], *, temperature: float) -> None:
        """Take an encoder whose vectors are of length one, and a description of each label, in their order."""
        self.encoder, self.temperature = encoder, temperature
        self.anchors = encoder.vectors(descriptions)  # (classes, width)

    @classmethod
    def load(cls, folder: Path, compute: Compute, labels: Sequence[str]) -> Self:
        """Load a folder of the stage `off_the_shelf`."""
        settings = read_json(folder / settings_file("zero-shot"))
        embed = Embed(pooling="mean", layer=-1, normalize=True, splits=[])
        descriptions = [settings["descriptions"][label] for label in labels]
        return cls(SentenceEncoder.load(folder, embed, compute), descriptions, temperature=settings["temperature"])

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the softmax of the cosines divided by the temperature."""
        cosines = self.encoder.vectors(texts, done) @ self.anchors.T
        return Predictions(probabilities(cosines / self.temperature))
