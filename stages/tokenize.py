"""Stage `tokenize`: the rows of each split → token ids, with padding and truncation made visible."""

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.progress import progress
from decortique.core.run_settings import EncoderName
from decortique.core.tables import TOKENS, count_rows, read_batches, splits, write_table
from decortique.models.settings import Tokenize
from decortique.models.tokenizer import TokenStatistics, load_tokenizer, tokenize_texts

BATCH = 1000  # texts in memory at once: those that `padding: longest` makes of one length


def tokenize(task: str) -> None:
    """Tokenizes a task's texts for the encoder of the run, and measures what this costs them."""
    settings, encoder = Tokenize.load(), EncoderName.load().root
    tokenizer = load_tokenizer(paths.encoder(encoder), settings)
    corpus = paths.corpus(task)
    metadata = {"encoder": encoder, "tokenize": settings.model_dump()}
    measured = {}
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
                    strategy = settings.padding
                    padded = tokenizer.pad(
                        {"input_ids": tokenized.input_ids}, strategy, settings.max_length, verbose=False
                    )
                    statistics.add(texts, tokenized, padded["attention_mask"])
                    append(
                        {
                            "id": ids,
                            "input_ids": padded["input_ids"],
                            "attention_mask": padded["attention_mask"],
                            "length": tokenized.lengths,
                            "truncated": [length > settings.max_length for length in tokenized.lengths],
                        }
                    )
                    bar.update(len(ids))
            measured[split] = statistics.summary()
    write_json(paths.results("tokenize", task), {"encoder": encoder, **measured})


if __name__ == "__main__":
    run(tokenize)
