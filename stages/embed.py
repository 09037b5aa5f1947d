"""Stage `embed`: token ids + encoder → one vector per text."""

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.artifacts.tables import count_rows, read_batches
from stages.command import run
from stages.settings.chain import Compute, EncoderName
from stages.settings.embed import Embed
from stages.transformer.batches import TokenRows
from stages.transformer.sentences import SentenceEncoder


def embed(task: str) -> None:
    """Embeds a task's texts with the encoder of the run, as it is (not fine-tuned)."""
    settings, encoder = Embed.load(), EncoderName.load().root
    reader = SentenceEncoder.load(paths.encoder(encoder), settings, Compute.load())
    metadata = {"encoder": encoder, "embed": settings.model_dump()}
    with new_folder(paths.embeddings(task)) as folder:
        for split in settings.splits:
            path = paths.tokens(task) / f"{split}.parquet"
            batches = read_batches(path, ["id", "input_ids", "attention_mask"])
            rows = ((batch.column("id"), TokenRows.of_batch(batch)) for batch in batches)
            reader.write(folder / path.name, rows, count_rows(path), metadata)


if __name__ == "__main__":
    run(embed)
