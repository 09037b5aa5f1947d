"""Stage `tokenize`: the rows of each split → token ids, with padding and truncation made visible."""

from typing import Any

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, progress, write_json
from decortique.core.settings import EncoderName
from decortique.core.tables import TOKENS, count_rows, read_batches, splits, write_table
from decortique.models.settings import Tokenize
from decortique.models.tokenizer import TokenStatistics, load_tokenizer, tokenize_texts

BATCH = 1000  # texts in memory at once, which `padding: longest` pads to one length


def tokenize(task: TaskName) -> None:
    """Tokenize a task's texts for the encoder of the run, and count what truncation and padding do to them."""
    settings, encoder = Tokenize.load(), EncoderName.load().root
    tokenizer = load_tokenizer(paths.encoder(encoder), settings)
    corpus, metadata = paths.corpus(task), {"encoder": encoder, "tokenize": settings.model_dump()}
    results: dict[str, Any] = {"encoder": encoder}
    with new_folder(paths.tokens(task)) as folder:
        for split in splits(corpus):
            statistics = TokenStatistics(settings.max_length, tokenizer.unk_token_id)
            with (
                write_table(folder / f"{split}.parquet", TOKENS, metadata) as append,
                progress(f"tokenize {split}", count_rows(corpus / f"{split}.parquet"), "text") as bar,
            ):
                for batch in read_batches(corpus / f"{split}.parquet", ["id", "text"], BATCH):
                    ids, texts = batch.column("id").to_pylist(), batch.column("text").to_pylist()
                    tokenized = tokenize_texts(tokenizer, texts)
                    ragged = {"input_ids": tokenized.input_ids}
                    padded = tokenizer.pad(ragged, settings.padding, settings.max_length, verbose=False)
                    statistics.add(texts, tokenized, padded["attention_mask"])
                    truncated = [length > settings.max_length for length in tokenized.lengths]
                    append({"id": ids, **padded, "length": tokenized.lengths, "truncated": truncated})
                    bar.update(len(ids))
            results[split] = statistics.summary()
    write_json(paths.results("tokenize", task), results)


if __name__ == "__main__":
    run(tokenize)
