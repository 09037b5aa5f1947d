"""Stage `embed`: token ids + encoder → one vector per text."""

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder
from decortique.core.settings import Compute, EncoderName
from decortique.core.tables import count_rows, read_batches
from decortique.models.batches import TokenRows
from decortique.models.encoder import SentenceEncoder
from decortique.models.settings import Embed


def embed(task: TaskName) -> None:
    """Embed a task's texts with the encoder of the run, as it is (not fine-tuned)."""
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
    run(embed, compute=Compute.load)
