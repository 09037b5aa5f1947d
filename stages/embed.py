"""Stage `embed`: token ids + encoder → one vector per text."""

import pyarrow as pa

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.artifacts.tables import count_rows, embeddings_schema, read_batches, write_table
from stages.command import run
from stages.progress import progress
from stages.settings.chain import Compute, EncoderName
from stages.settings.embed import Embed
from stages.transformer.batches import TokenRows
from stages.transformer.device import prepare_device
from stages.transformer.encoding import encode
from stages.transformer.trunk import load_trunk, sentence_vectors


def embed(task: str) -> None:
    """Embeds a task's texts with the encoder of the run, as it is (not fine-tuned)."""
    settings, encoder = Embed.load(), EncoderName.load().root
    device = prepare_device(Compute.load())
    model = load_trunk(paths.encoder(encoder), settings).to(device)
    schema = embeddings_schema(model.config.hidden_size)
    metadata = {"encoder": encoder, "embed": settings.model_dump()}
    with new_folder(paths.embeddings(task)) as folder:
        for split in settings.splits:
            tokens = paths.tokens(task) / f"{split}.parquet"
            with (
                write_table(folder / f"{split}.parquet", schema, metadata) as append,
                progress(f"embed {split}", count_rows(tokens), "text") as bar,
            ):
                for batch in read_batches(tokens, ["id", "input_ids", "attention_mask"]):
                    vectors = encode(
                        TokenRows.of_batch(batch),
                        lambda tensors: sentence_vectors(model, tensors, settings),
                        batch_size=settings.batch_size,
                        padding_id=model.config.pad_token_id,
                        device=device,
                        done=bar.update,
                    )
                    flat = pa.array(vectors.reshape(-1))
                    append(
                        {
                            "id": batch.column("id"),
                            "embedding": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
                        }
                    )


if __name__ == "__main__":
    run(embed)
