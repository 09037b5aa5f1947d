"""Stage `summarize`: sentences → clusters → summaries; those of a collection beside baselines, rated and shown."""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder, read_json, write_json
from decortique.core.progress import progress
from decortique.core.run_settings import Compute, EncoderName
from decortique.data.settings import HELD_OUT, REFERENCES, SEEN, CollectionSection
from decortique.data.text import forms
from decortique.evaluation.settings import Evaluate
from decortique.models.settings import Embed
from decortique.report.headlines import headline_of_summaries, write_metrics
from decortique.summarization.choosing import Budget, choose
from decortique.summarization.groups import groups_of, opinions_of, rankers, rows, summarize_group
from decortique.summarization.own_text import read_sentences, told
from decortique.summarization.page import write_page
from decortique.summarization.plots import draw_summaries
from decortique.summarization.rating import compared
from decortique.summarization.settings import ENCODER, Cluster, Summarize
from decortique.summarization.vectors import Texts, Vectors, represent, word_vectors

log = logging.getLogger(__name__)


def summarize(
    collection: Annotated[str, typer.Argument(help="One of params.yaml; none for a text of your own.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text of your own; without it, standard input.")] = None,
    sentences: Annotated[int | None, typer.Option(min=1, help="Sentences of its summary at most.")] = None,
    words: Annotated[int | None, typer.Option(min=1, help="Words of its summary at most.")] = None,
    language: Annotated[str, typer.Option(help="Two-letter code: by its rules sentences end.")] = "en",
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Each line is a sentence: the text is not cut.")] = False,
) -> None:
    """Summarises sentences by some of them: they are clustered, and one speaks for each cluster.

    Of a text of your own, the summary is printed, behind each sentence for how many it speaks. Of a collection, each
    group is summarised so and in other ways, which are rated and compared.
    """
    if not collection:
        # Without a budget, as many as can be taken in at a glance.
        budget = Budget(5 if sentences is None and words is None else sentences, words)
        summarize_text(read_sentences(file, language, by_line=lines), language, budget)
    elif file or sentences or words or lines:
        raise StageError(f"options are for a text of your own; what {collection} is summarised by is in params.yaml")
    elif Path(collection).exists() and not CollectionSection.file(collection).exists():
        raise StageError(f"{collection} is a file, not a collection: name it with --file {collection}")
    else:
        summarize_collection(collection)


def summarize_text(texts: list[str], language: str, budget: Budget) -> None:
    """Prints the summary of some sentences."""
    if not texts:
        log.warning("there is no sentence to summarise: nothing holds a letter or a digit")
        return
    settings, compute, embedded = Summarize.load().clusters, Compute.load(), np.empty((len(texts), 0), np.float32)
    if settings.representation == ENCODER:
        from decortique.models.sentences import SentenceEncoder  # takes seconds that other vectors do not need

        encoder = SentenceEncoder.load(paths.encoder(EncoderName.load().root), Embed.load(), compute)
        with progress("embed", len(texts), "sentence") as bar:
            embedded = encoder.vectors(texts, bar.update)
    represented = _represented(settings.representation, Texts.of(texts, language, embedded))
    found = choose(texts, represented(np.arange(len(texts))), budget, settings, Cluster.load().candidates)
    if not found.chosen:
        shortest = min(len(forms(text)) for text in texts)
        log.warning("no sentence is as short as --words asks for: the shortest has %d words", shortest)
    typer.echo(told(texts, found, language), nl=False)


def summarize_collection(name: str) -> None:
    """Summarises each group of a collection by each approach, and compares what the summaries are worth."""
    settings, collection = Summarize.load(), CollectionSection.named(name)
    seen, held = Texts.read(name, [SEEN]), Texts.read(name, [HELD_OUT])
    opinions = opinions_of(seen.texts, settings.opinion, Compute.load()) if collection.opinion else None
    references = read_json(paths.collection(name) / REFERENCES)
    groups = groups_of(seen, held, _represented(settings.clusters.representation, seen), references, opinions)
    found, known = [], rankers(seen.language)
    with progress("summarize", len(set(seen.groups)), "group") as bar:
        for group in groups:
            found.append(summarize_group(group, collection.sentences, settings, Cluster.load().candidates, known))
            bar.update()
    report = {"sentences": collection.sentences, **compared(found, Evaluate.load(), unseen=bool(held.texts))}
    write_json(paths.results("summarize", name), report)
    write_metrics("summarize", name, headline_of_summaries(report))
    with new_folder(paths.summaries(name)) as folder:
        made = "".join(json.dumps(row, ensure_ascii=False) + "\n" for one in found for row in rows(one))
        (folder / "summaries.jsonl").write_text(made, encoding="utf-8")
        write_page(folder / "index.html", collection, found[: settings.shown])
    with new_folder(paths.plots("summarize", name)) as folder:
        draw_summaries(folder / "summaries.png", report)


def _represented(name: str, texts: Texts) -> Callable[[np.ndarray], Vectors]:
    return partial(represent, name, texts, word_vectors([name], texts.language))


if __name__ == "__main__":
    run(summarize)
