"""Stage `pronouns`: words out of and in context → agreement with people, how contextual, what pronouns carry."""

import logging
from collections.abc import Mapping
from typing import Any

from gensim.models import KeyedVectors

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json, write_points
from decortique.core.progress import progress
from decortique.core.run_settings import Compute, EncoderName, Tasks
from decortique.data.settings import LanguageSection
from decortique.evaluation.settings import Evaluate
from decortique.report.headlines import headline_of_pronouns, write_metrics
from decortique.words.antecedents import antecedents
from decortique.words.contextuality import contextuality, curve_points, values_by_word, word_points
from decortique.words.corpus import Sentences, count_spellings
from decortique.words.plots import draw_antecedents, draw_contextuality, draw_probes, draw_similarity
from decortique.words.probe_sets import read_references
from decortique.words.probing import of_contexts, of_forms
from decortique.words.settings import Pronouns
from decortique.words.similarity import judged, read_judgments
from decortique.words.states import Reader
from decortique.words.studied import PRONOUNS, choose_words, draw
from decortique.words.vectors import static_vectors

log = logging.getLogger(__name__)


def pronouns(code: str) -> None:
    """Compares pronouns, other stop words and content words of a language, layer by layer, in and out of context.

    Out of context, vectors of words are also compared with people's judgments of similarity.
    """
    settings, bootstrap, about = Pronouns.load(), Evaluate.load(), LanguageSection.named(code)
    sentences = Sentences(code, Tasks.load().root, settings.longest, shortest=2)
    studied = choose_words(
        count_spellings(sentences),
        about.pronouns,
        code,
        least=settings.occurrences,
        stop_words=settings.words,
        seed=settings.seed,
    )
    sample = draw(sentences, studied, settings)
    reader = Reader.load(EncoderName.load().root, Compute.load())
    with progress("pronouns", len(sample.texts), "text") as bar:
        read = sample.read(reader, bar.update)
    static = static_vectors(code, about.vectors)
    bare = reader.bare([studied.spelled[word] for word in read.words]).states
    values = values_by_word(read, bare)
    places = [place for place, word in enumerate(read.words) if word in studied.groups[PRONOUNS]]
    report = {
        **contextuality(read, bare, values, studied, bootstrap),
        "probes": {
            **of_contexts(read.probed, sample.probed, static, settings, bootstrap),
            **of_forms(
                read.studied[places],
                [read.words[place] for place in places],
                about.pronouns,
                static,
                settings,
                bootstrap,
            ),
        },
        "antecedents": antecedents(reader, read_references(code), static, bootstrap),
    }
    likeness = similarity(code, reader, static)
    write_json(paths.results("pronouns", code, "contextuality"), report)
    write_json(paths.results("pronouns", code, "similarity"), likeness)
    write_metrics("pronouns", code, headline_of_pronouns(report, likeness))
    write_points(paths.words(code), word_points(read.words, values, studied))
    with new_folder(paths.plots("pronouns", code)) as folder:
        write_points(folder / "contextuality.csv", curve_points(report))
        draw_contextuality(folder / "contextuality.png", report)
        draw_probes(folder / "probes.png", report["probes"])
        draw_antecedents(folder / "antecedents.png", report["antecedents"])
        draw_similarity(folder / "similarity.png", likeness["sets"])


def similarity(code: str, reader: Reader, static: Mapping[str, KeyedVectors]) -> dict[str, Any]:
    """Compares static vectors, the encoder's input embeddings and bare words at each of its layers with people."""
    sets = {name: read_judgments(name) for name in LanguageSection.named(code).judgments}
    if not sets:
        log.warning("catalogue/languages/%s.yaml names no judgments: nothing to compare vectors with", code)
    words = sorted({word for found in sets.values() for one in found for word in (one.first, one.second)})
    bare, bootstrap = reader.bare(words), Evaluate.load()
    vectors = {
        **{name: {word: found[word] for word in words if word in found} for name, found in static.items()},
        "input embeddings": dict(zip(words, reader.rows(words), strict=True)),
        **{f"layer {n}": dict(zip(words, states, strict=True)) for n, states in enumerate(bare.states)},
    }
    split = float((bare.pieces > 1).mean()) if words else 0.0
    judged_sets = {str(name): judged(judgments, vectors, bootstrap) for name, judgments in sets.items()}
    return {"words": len(words), "split_in_pieces": split, "sets": judged_sets}


if __name__ == "__main__":
    run(pronouns)
