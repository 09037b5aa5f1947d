"""An encoder, used as it is: vectors of texts, and the label whose description is nearest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import read_json
from decortique.core.measures import probabilities
from decortique.core.progress import progress
from decortique.core.run_settings import Compute
from decortique.core.tables import embeddings_schema, write_table
from decortique.models.batches import TokenRows, encode
from decortique.models.folder import ZERO_SHOT, Done, Predictions
from decortique.models.pretrained import load_trunk, prepare_device, sentence_vectors
from decortique.models.settings import Embed
from decortique.models.tokenizer import load_tokenizer, tokenize_texts


@dataclass(frozen=True, slots=True)
class SentenceEncoder:
    """Texts → tokens → trunk → one vector per text."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: Embed
    batch_size: int

    @classmethod
    def load(cls, folder: Path, settings: Embed, compute: Compute) -> Self:
        """Loads an encoder onto the device of the run.

        Raises:
            StageError: the folder holds no encoder, or it has no such layer.
        """
        model = load_trunk(folder, settings).to(prepare_device(compute))
        return cls(model, load_tokenizer(folder), settings, compute.batch_size)

    def tokens(self, texts: Sequence[str]) -> TokenRows:
        """Tokenizes texts, truncated to what the encoder reads."""
        return TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)

    def encode(self, rows: TokenRows, done: Callable[[int], object] = lambda _: None) -> np.ndarray:
        """Gives (texts, width) float32; `done` is told how many texts each step took."""
        return encode(
            rows,
            lambda batch: sentence_vectors(self.model, batch, self.settings),
            batch_size=self.batch_size,
            padding_id=self.model.config.pad_token_id,
            device=self.model.device,
            done=done,
        )

    def write(self, path: Path, rows: Iterable[tuple[Any, TokenRows]], texts: int, metadata: dict[str, Any]) -> None:
        """Writes the table of a set of texts' vectors.

        Args:
            path: the Parquet file, named after its part in a folder named after the set.
            rows: ids, and the tokens of the same texts.
            texts: how many there are in all.
            metadata: of the table.
        """
        width = self.model.config.hidden_size
        with (
            write_table(path, embeddings_schema(width), metadata) as append,
            progress(f"embed {path.parent.name} {path.stem}", texts, "text") as bar,
        ):
            for ids, tokens in rows:
                flat = pa.array(self.encode(tokens, bar.update).reshape(-1))
                append({"id": ids, "embedding": pa.FixedSizeListArray.from_arrays(flat, width)})

    def vectors(self, texts: Sequence[str], done: Callable[[int], object] = lambda _: None) -> np.ndarray:
        """Gives (texts, width) float32; `done` is told how many texts each step took."""
        return self.encode(self.tokens(texts), done)


class ZeroShotClassifier:
    """Predicts for the label whose description lies nearest to the text, by cosine."""

    def __init__(self, encoder: SentenceEncoder, descriptions: Sequence[str], *, temperature: float) -> None:
        """Takes an encoder whose vectors are of length one, and a description of each label, in their order."""
        self.encoder, self.temperature = encoder, temperature
        self.anchors = encoder.vectors(descriptions)  # (classes, width)

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute) -> Self:
        """Loads a folder of the stage `off_the_shelf`."""
        settings = read_json(folder / ZERO_SHOT)
        vector = Embed(pooling="mean", layer=-1, normalize=True, splits=[])
        descriptions = [settings["descriptions"][label] for label in labels]
        return cls(SentenceEncoder.load(folder, vector, compute), descriptions, temperature=settings["temperature"])

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Takes the softmax of cosines over the temperature for probabilities."""
        cosines = self.encoder.vectors(texts, done) @ self.anchors.T
        return Predictions(probabilities(cosines / self.temperature))
