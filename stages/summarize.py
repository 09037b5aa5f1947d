"""Stage `summarize`: sentences → clusters → summaries; of a collection, compared with baselines."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import StageError, new_folder, progress, read_json, write_json, write_json_lines
from decortique.core.headlines import headline_of_summaries, write_metrics
from decortique.core.settings import Compute, EncoderName
from decortique.data.settings import HELD_OUT, REFERENCES, SEEN, CollectionSection
from decortique.data.text import forms
from decortique.evaluation.settings import Evaluate
from decortique.models.settings import Embed, Tokenize
from decortique.summarization.choosing import Budget, choose_sentences
from decortique.summarization.groups import groups_of, predict_opinions, rows, summarize_group, write_page
from decortique.summarization.plots import draw_summaries
from decortique.summarization.rating import compare
from decortique.summarization.settings import ENCODER, Cluster, Summarize
from decortique.summarization.vectors import Texts, read_sentences, represented

log = logging.getLogger(__name__)


def summarize(
    collection: Annotated[str, typer.Argument(help="A collection of params.yaml; none for a text of your own.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text of your own; without it, standard input.")] = None,
    sentences: Annotated[int | None, typer.Option(min=1, help="The most sentences of its summary.")] = None,
    words: Annotated[int | None, typer.Option(min=1, help="The most words of its summary.")] = None,
    language: Annotated[
        str, typer.Option(help="Two-letter code of its language, by whose rules sentences end.")
    ] = "en",
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Each line is one sentence.")] = False,
) -> None:
    """Summarise a text by some of its sentences, one of each cluster of them, and print it with the clusters' sizes.

    Each group of a collection is summarised in this way and by baselines, whose ROUGE and coverage are compared.
    """
    if not collection:
        # Without a budget, as many as one reads at a glance.
        budget = Budget(5 if sentences is None and words is None else sentences, words)
        summarize_text(read_sentences(file, language, by_line=lines), language, budget)
    elif file or sentences or words or lines:
        raise StageError(f"options are for a text of your own; what {collection} is summarised by is in params.yaml")
    elif Path(collection).exists() and not CollectionSection.file(collection).exists():
        raise StageError(f"{collection} is a file, not a collection: name it with --file {collection}")
    else:
        summarize_collection(collection)


def summarize_text(texts: list[str], language: str, budget: Budget) -> None:
    """Print the summary of some sentences."""
    if not texts:
        log.warning("there is no sentence to summarise: nothing holds a letter or a digit")
        return
    settings, compute, embedded = Summarize.load().clusters, Compute.load(), np.empty((len(texts), 0), np.float32)
    if settings.representation == ENCODER:
        from decortique.models.encoder import SentenceEncoder  # takes seconds that other vectors do not need

        encoder = SentenceEncoder.load(paths.encoder(EncoderName.load().root), Embed.load(), compute, Tokenize.load())
        with progress("embed", len(texts), "sentence") as bar:
            embedded = encoder.vectors(texts, bar.update)
    vectors_of = represented(settings.representation, Texts.of(texts, language, embedded))
    summary = choose_sentences(texts, vectors_of(np.arange(len(texts))), budget, settings, Cluster.load().candidates)
    if not summary.chosen:
        shortest = min(len(forms(text)) for text in texts)
        log.warning("no sentence is as short as --words asks for: the shortest has %d words", shortest)
    typer.echo(summary.lines(texts, language), nl=False)


def summarize_collection(name: str) -> None:
    """Summarise each group of a collection by each approach, and compare the summaries."""
    settings, collection = Summarize.load(), CollectionSection.named(name)
    seen, held_out = Texts.read(name, [SEEN]), Texts.read(name, [HELD_OUT])
    opinions = predict_opinions(seen.texts, settings.opinion, Compute.load()) if collection.opinion else None
    references = read_json(paths.collection(name) / REFERENCES)
    groups = groups_of(seen, held_out, represented(settings.clusters.representation, seen), references, opinions)
    summaries, candidates = [], Cluster.load().candidates
    with progress("summarize", len(set(seen.groups)), "group") as bar:
        for group in groups:
            summaries.append(summarize_group(group, collection.sentences, settings, candidates))
            bar.update()
    scores, random_scores = [one.scores for one in summaries], [one.random_scores for one in summaries]
    comparison = compare(scores, random_scores, Evaluate.load(), unseen=bool(held_out.texts))
    report = {"sentences": collection.sentences, **comparison}
    write_json(paths.results("summarize", name), report)
    write_metrics("summarize", name, headline_of_summaries(report))
    with new_folder(paths.summaries(name)) as folder:
        write_json_lines(folder / "summaries.jsonl", (row for one in summaries for row in rows(one)))
        write_page(folder / "index.html", collection, summaries[: settings.max_examples])
    with new_folder(paths.plots("summarize", name)) as folder:
        draw_summaries(folder / "summaries.png", report)


if __name__ == "__main__":
    run(summarize, compute=Compute.load)
