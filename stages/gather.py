"""Stage `gather`: raw files + encoder → the texts of a collection in groups, a vector for each, people's summaries."""

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.run_settings import Compute, EncoderName
from decortique.core.tables import CORPUS, write_table
from decortique.data.collections import by_group, chosen_groups, cut_rows, hold_out, read_archive, without_repeats
from decortique.data.reading import read, tolerate
from decortique.data.settings import HELD_OUT, REFERENCES, SEEN, ArchiveReader, CollectionSection, Prepare
from decortique.models.sentences import SentenceEncoder
from decortique.models.settings import Embed


def gather(name: str) -> None:
    """Reads a collection, draws groups that are large enough, holds a share of their texts out, and embeds them.

    The vectors are those of the run's encoder, as it is (not fine-tuned).
    """
    collection, allowed = CollectionSection.named(name), Prepare.load().bad_rows
    references: dict[str, list[str]] = {}
    if isinstance(collection.reader, ArchiveReader):
        rows, references = read_archive(paths.raw(name) / collection.reader.file, collection.reader)
    else:
        found = read(collection, paths.raw(name))
        tolerate(found.bad, allowed)
        rows = [row for part in found.rows.values() for row in part]
    groups = by_group(cut_rows(rows, collection.language) if collection.cut else rows)
    # What stands in both parts would be held against itself. In a text that is summarised as a whole, it is emphasis.
    distinct = without_repeats(groups) if collection.held_out else groups
    chosen = chosen_groups(distinct, least=collection.least, most=collection.groups, seed=collection.seed)
    seen, held_out = hold_out(chosen, collection.held_out, collection.seed)

    settings, encoder = Embed.load(), EncoderName.load().root
    made_with = {"encoder": encoder, "embed": settings.model_dump()}
    reader = SentenceEncoder.load(paths.encoder(encoder), settings, Compute.load())
    with new_folder(paths.embeddings(name)) as folder:
        for part, texts in ((SEEN, seen), (HELD_OUT, held_out)):
            tokens = [([row.id for row in texts], reader.tokens([row.text for row in texts]))]
            reader.write(folder / f"{part}.parquet", tokens, len(texts), made_with)
    about = {"collection": name, "language": collection.language}
    kept = [group[0].group for group in chosen]
    with new_folder(paths.collection(name)) as folder:
        for part, texts in ((SEEN, seen), (HELD_OUT, held_out)):
            with write_table(folder / f"{part}.parquet", CORPUS, about) as append:
                append({field: [getattr(row, field) for row in texts] for field in CORPUS.names})
        write_json(folder / REFERENCES, {group: references[group] for group in kept if group in references})
    write_json(
        paths.results("gather", name),
        {
            "texts": {"all": len(rows), SEEN: len(seen), HELD_OUT: len(held_out)},
            "groups": {
                "all": len(groups),
                "kept": len(kept),
                "with_references": sum(one in references for one in kept),
            },
            "repeats_removed": sum(map(len, groups)) - sum(map(len, distinct)),
        },
    )


if __name__ == "__main__":
    run(gather)
