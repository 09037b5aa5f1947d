"""Stage `pronouns`: words out of and in context → agreement with people, how contextual, what pronouns carry."""

from decortique.core import paths
from decortique.core.command import LanguageCode, run
from decortique.core.files import new_folder, write_json, write_points
from decortique.core.headlines import headline_of_pronouns, write_metrics
from decortique.core.settings import Compute, EncoderName, Tasks
from decortique.data.settings import LanguageSection
from decortique.evaluation.settings import Evaluate
from decortique.words.antecedents import antecedents, read_references
from decortique.words.contextuality import contextuality, curve_points, read_sample, values_by_word, word_points
from decortique.words.corpus import PRONOUNS, Sentences, choose_words, count_spellings, sample_occurrences
from decortique.words.plots import draw_antecedents, draw_contextuality, draw_probes, draw_similarity
from decortique.words.probing import probe_contexts, probe_forms
from decortique.words.settings import Pronouns
from decortique.words.similarity import similarity
from decortique.words.states import Reader
from decortique.words.vectors import static_vectors


def pronouns(code: LanguageCode) -> None:
    """Compare pronouns, other stop words and content words of a language, layer by layer, in and out of context.

    Out of context, vectors of words are also compared with people's judgments of similarity.
    """
    settings, bootstrap, language = Pronouns.load(), Evaluate.load(), LanguageSection.named(code)
    sentences = Sentences(code, Tasks.load().root, max_words=settings.max_words, min_words=2)
    studied = choose_words(count_spellings(sentences), language.pronouns, code, settings)
    sample = sample_occurrences(sentences, studied, settings)
    reader, static = Reader.load(EncoderName.load().root, Compute.load()), static_vectors(code, language.vectors)
    read = read_sample(reader, sample)
    bare = reader.bare([studied.spelled[word] for word in read.words]).states
    values = values_by_word(read, bare)
    forms = [word for word in read.words if word in studied.groups[PRONOUNS]]
    of_forms = read.states[[read.words.index(word) for word in forms]]
    report = {
        **contextuality(read, bare, values, studied, bootstrap),
        "probes": {
            **probe_contexts(read.probed, sample.probed, static, settings, bootstrap),
            **probe_forms(of_forms, forms, language.pronouns, static, settings, bootstrap),
        },
        "antecedents": antecedents(reader, read_references(code), static, bootstrap),
    }
    similarities = similarity(code, language.judgments, reader, static, bootstrap)
    write_json(paths.results("pronouns", code, "contextuality"), report)
    write_json(paths.results("pronouns", code, "similarity"), similarities)
    write_metrics("pronouns", code, headline_of_pronouns(report, similarities))
    write_points(paths.words(code), word_points(read.words, values, studied))
    with new_folder(paths.plots("pronouns", code)) as folder:
        write_points(folder / "contextuality.csv", curve_points(report))
        draw_contextuality(folder / "contextuality.png", report)
        draw_probes(folder / "probes.png", report["probes"])
        draw_antecedents(folder / "antecedents.png", report["antecedents"])
        draw_similarity(folder / "similarity.png", similarities["sets"])


if __name__ == "__main__":
    run(pronouns, compute=Compute.load)
