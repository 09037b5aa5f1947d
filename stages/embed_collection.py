"""Stage `embed_collection`: the texts of a collection + encoder → one vector per text."""

import pyarrow as pa

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.artifacts.tables import embeddings_schema, read_columns, write_table
from stages.command import run
from stages.progress import progress
from stages.settings.chain import Compute, EncoderName
from stages.settings.collections import HELD_OUT, SEEN
from stages.settings.embed import Embed
from stages.transformer.sentences import SentenceEncoder


def embed_collection(name: str) -> None:
    """Embeds the texts of a collection with the encoder of the run, as it is (not fine-tuned)."""
    settings, encoder = Embed.load(), EncoderName.load().root
    reader = SentenceEncoder.load(paths.encoder(encoder), settings, Compute.load())
    width = reader.model.config.hidden_size
    metadata = {"encoder": encoder, "embed": settings.model_dump()}
    with new_folder(paths.embeddings(name)) as folder:
        for part in (SEEN, HELD_OUT):
            texts = read_columns(paths.collection(name) / f"{part}.parquet", ["id", "text"])
            with progress(f"embed {part}", len(texts["id"]), "text") as bar:
                vectors = reader.vectors(texts["text"], bar.update)
            with write_table(folder / f"{part}.parquet", embeddings_schema(width), metadata) as append:
                flat = pa.array(vectors.reshape(-1))
                append({"id": texts["id"], "embedding": pa.FixedSizeListArray.from_arrays(flat, width)})


if __name__ == "__main__":
    run(embed_collection)
