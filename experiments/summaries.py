"""Summaries, beyond the default run: what the summariser's choices rest on, Opinosis, and French speeches.

1. Each choice of `summarize.clusters` is changed, one at a time, on the films that the default run does not draw: which
   summaries say best what the reviews say that they have not seen?
2. With the choices of params.yaml, Opinosis, of whose topics people wrote summaries.
3. With the same choices and the multilingual encoder, French speeches.

    python -m experiments.summaries                      # on the published files, from the web
    python -m experiments.summaries --opinosis 'file:///…/opinosis.zip#sha256=…' --speeches 'file:///…/learn#sha256=…'

Results: experiments/summaries.json, from which `make readme` writes tables of docs/summaries.md.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import progress, read_json, write_json
from decortique.core.tables import read_columns
from decortique.data.settings import HELD_OUT, SEEN, CollectionSection
from decortique.evaluation.paired_tests import holm, mean_interval, paired
from decortique.evaluation.settings import Evaluate
from decortique.summarization.choosing import Budget, choose_from_clusters, choose_sentences
from decortique.summarization.groups import Group, groups_of
from decortique.summarization.settings import ENCODER, TFIDF, Cluster, Summarize, Summarizer
from decortique.summarization.vectors import Texts, represent
from experiments.clone import ROOT, choose, clone_into, dvc

FILMS, OPINOSIS, SPEECHES = "films", "opinosis", "speeches-fr"
DEFAULT = "params.yaml"
MEASURES = ("coverage", "shared_words", "shared_pairs")
ONE, RANDOM = "one cluster", "random clusters"  # what do clusters bring?
CHANGES: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: {},
    "vectors alone": {"word_weight": 0.0},
    "words count a quarter": {"word_weight": 0.25},
    "words count three quarters": {"word_weight": 0.75},
    "words alone": {"word_weight": 1.0},
    "two clusters per sentence": {"per_sentence": 2},
    "three clusters per sentence": {"per_sentence": 3},
    "number by silhouette": {"per_sentence": None},
    "agglomerative": {"method": "agglomerative"},
    "hdbscan": {"method": "hdbscan"},
    "clusters of TF-IDF": {"representation": TFIDF},
    "no exchange": {"exchange": False},
    "redundancy 0.1": {"redundancy": 0.1},
    "redundancy 0.3": {"redundancy": 0.3},
}


def summaries(
    opinosis: Annotated[str, typer.Option(help="Address of the archive of Opinosis, with its pin.")] = "",
    speeches: Annotated[str, typer.Option(help="Address of the labelled speeches, with its pin.")] = "",
) -> None:
    """Compare choices on films, and rates the summaries of other collections."""
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        report = {"choices": choices(clone)}
        for name, choice in ((OPINOSIS, opinosis_choice(opinosis)), (SPEECHES, speeches_choice(speeches))):
            choose(clone, choice)
            dvc(clone, "repro", f"summarize@{name}")
            report[name] = {stage: read_json(clone / paths.results(stage, name)) for stage in ("gather", "summarize")}
    write_json(ROOT / "experiments" / "summaries.json", report)


def choices(clone: Path) -> dict[str, Any]:
    """Rates each change on the films that the default run leaves."""
    choose(clone, {"collections": [FILMS]})
    dvc(clone, "repro", f"gather@{FILMS}")
    drawn = set(read_columns(clone / paths.collection(FILMS) / f"{SEEN}.parquet", ["group"])["group"])
    choose(clone, {"collections": [FILMS], f"catalogue/collections/{FILMS}.yaml:max_groups": None})
    dvc(clone, "repro", f"embed_collection@{FILMS}")
    with chdir(clone):
        groups = [group for group in read_groups() if group.name not in drawn]
    default, sentences = Summarize.load().clusters, CollectionSection.named(FILMS).sentences
    rated = {}
    with progress("choices", len(CHANGES), "change") as bar:
        for name, change in CHANGES.items():
            rated[name] = rate(groups, default.model_copy(update=change), sentences)
            bar.update()
    random = np.random.default_rng(default.seed)
    rated[ONE] = rate(groups, default, sentences, lambda texts: np.zeros(texts, int))
    rated[RANDOM] = rate(groups, default, sentences, lambda texts: random.permutation(texts) % sentences)
    evaluate = Evaluate.load()
    for found in rated.values():
        found["both"] = (found["coverage"] + found["shared_words"]) / 2
    tests = {
        name: paired(found["both"], rated[DEFAULT]["both"], confidence=evaluate.confidence, seed=evaluate.seed)
        for name, found in rated.items()
        if name != DEFAULT
    }
    for test, corrected in zip(tests.values(), holm([test["p"] for test in tests.values()]), strict=True):
        test["holm_p"] = corrected
    changes = {
        name: {measure: mean_interval(values, evaluate.confidence) for measure, values in found.items()}
        for name, found in rated.items()
    }
    return {"films": len(groups), "changes": changes, "versus_default": tests}


def read_groups() -> Iterator[Group]:
    """Return the films of a run."""
    seen, held = Texts.read(FILMS, [SEEN]), Texts.read(FILMS, [HELD_OUT])
    return groups_of(seen, held, partial(represent, ENCODER, seen, {}), {}, None)


def rate(
    groups: list[Group], settings: Summarizer, sentences: int, clusters: Callable[[int], np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Return (films,) coverage and shared words of the summaries that some choices make, or some clusters."""
    candidates = Cluster.load().candidates
    rated = []
    for group in groups:
        texts = Texts.of(list(group.texts), group.scorer.language, group.scorer.vectors)
        vectors = represent(settings.representation, texts, {}, np.arange(len(group.texts)))
        if clusters:
            found = choose_from_clusters(group.texts, vectors, clusters(len(group.texts)), Budget(sentences), settings)
        else:
            found = choose_sentences(group.texts, vectors, Budget(sentences), settings, candidates)
        rated.append(group.scorer.score(found.indices))
    return {measure: np.array([one[measure] for one in rated]) for measure in MEASURES}


def opinosis_choice(source: str) -> dict[str, Any]:
    """Return the choices of the run on Opinosis."""
    own = (
        {f"catalogue/collections/{OPINOSIS}.yaml:source": {"kind": "url", "url": source, "name": "opinosis.zip"}}
        if source
        else {}
    )
    return {"collections": [OPINOSIS], **own}


def speeches_choice(source: str) -> dict[str, Any]:
    """Return the choices of the run on French speeches, whose vectors are those of the multilingual encoder."""
    learn = {"kind": "url", "url": source, "name": "learn"}
    files = (f"collections/{SPEECHES}", "tasks/author-fr")
    own = {f"catalogue/{file}.yaml:source": learn for file in files} if source else {}
    return {
        "collections": [SPEECHES],
        "tasks": ["author-fr"],
        "languages": ["fr"],
        "encoder": "multilingual-e5-small",
        "summarize.opinion.task": "author-fr",
        "catalogue/tasks/author-fr.yaml:reader.files": {"learn": "all"},
        **own,
    }


if __name__ == "__main__":
    run(summaries)
