"""An encoder, used as it is, that turns texts into vectors."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.artifacts.tables import embeddings_schema, write_table
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.embed import Embed
from stages.transformer.batches import TokenRows
from stages.transformer.device import prepare_device
from stages.transformer.encoding import encode
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts
from stages.transformer.trunk import load_trunk, sentence_vectors


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
