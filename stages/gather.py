"""Stage `gather`: raw files + encoder → the texts of a collection in groups, a vector for each, people's summaries."""

from decortique.core import paths
from decortique.core.command import CollectionName, run
from decortique.core.files import new_folder, write_json
from decortique.core.settings import Compute, EncoderName
from decortique.core.tables import CORPUS, write_rows
from decortique.data.collections import by_group, hold_out, read_archive, sample_groups, sentence_rows, without_repeats
from decortique.data.readers import check_bad_rows, read
from decortique.data.settings import HELD_OUT, REFERENCES, SEEN, CollectionSection, Prepare
from decortique.data.source_settings import ArchiveReader
from decortique.models.encoder import SentenceEncoder
from decortique.models.settings import Embed, Tokenize


def gather(name: CollectionName) -> None:
    """Sample groups of a collection that are large enough, hold a share of their texts out, and embed them.

    The vectors are those of the run's encoder, as it is (not fine-tuned).
    """
    collection, allowed = CollectionSection.named(name), Prepare.load().bad_rows
    references: dict[str, list[str]] = {}
    if isinstance(collection.reader, ArchiveReader):
        rows, references = read_archive(paths.raw(name) / collection.reader.file, collection.reader)
    else:
        raw = read(collection, paths.raw(name))
        check_bad_rows(raw.bad, allowed)
        rows = [row for part in raw.rows.values() for row in part]
    groups = by_group(sentence_rows(rows, collection.language) if collection.split_sentences else rows)
    # A text in both parts would be compared with itself. In a document that is summarised as a whole, it is emphasis.
    distinct = without_repeats(groups) if collection.held_out else groups
    chosen = sample_groups(
        distinct, min_texts=collection.min_texts, max_groups=collection.max_groups, seed=collection.seed
    )
    seen, held_out = hold_out(chosen, collection.held_out, collection.seed)

    settings, encoder = Embed.load(), EncoderName.load().root
    metadata = {"encoder": encoder, "embed": settings.model_dump()}
    reader = SentenceEncoder.load(paths.encoder(encoder), settings, Compute.load(), Tokenize.load())
    with new_folder(paths.embeddings(name)) as folder:
        for part, texts in ((SEEN, seen), (HELD_OUT, held_out)):
            tokens = [([row.id for row in texts], reader.tokens([row.text for row in texts]))]
            reader.write(folder / f"{part}.parquet", tokens, len(texts), metadata)
    about = {"collection": name, "language": collection.language}
    kept = [group[0].group for group in chosen]
    with new_folder(paths.collection(name)) as folder:
        for part, texts in ((SEEN, seen), (HELD_OUT, held_out)):
            write_rows(folder / f"{part}.parquet", CORPUS, texts, about)
        write_json(folder / REFERENCES, {group: references[group] for group in kept if group in references})
    results = {
        "texts": {"all": len(rows), SEEN: len(seen), HELD_OUT: len(held_out)},
        "groups": {"all": len(groups), "kept": len(kept), "with_references": sum(one in references for one in kept)},
        "repeats_removed": sum(map(len, groups)) - sum(map(len, distinct)),
    }
    write_json(paths.results("gather", name), results)


if __name__ == "__main__":
    run(gather, compute=Compute.load)
