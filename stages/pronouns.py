"""Stage `pronouns`: words of the corpora in and out of context → how contextual they are, and what pronouns carry."""

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.points import write_points
from stages.command import run
from stages.pictures.representations import draw_antecedents, draw_contextuality, draw_probes
from stages.progress import progress
from stages.representations.antecedents import antecedents
from stages.representations.carried import of_contexts, of_forms
from stages.representations.contextuality import contextuality, values_by_word
from stages.representations.sampled import draw
from stages.representations.states import Reader
from stages.representations.static import static_vectors
from stages.representations.tables import curve_points, word_points
from stages.settings.chain import Compute, EncoderName, Tasks
from stages.settings.evaluate import Evaluate
from stages.settings.languages import LanguageSection
from stages.settings.pronouns import Pronouns
from stages.words.corpus import Sentences, count_spellings
from stages.words.probe_sets import read_references
from stages.words.studied import PRONOUNS, choose_words


def pronouns(code: str) -> None:
    """Compares pronouns, other stop words and content words of a language, layer by layer, in and out of context."""
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
    reader = Reader.load(EncoderName.load().root, Compute.load(), settings.batch_size)
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
    write_json(paths.metrics("pronouns", code), report)
    write_points(paths.words(code), word_points(read.words, values, studied))
    with new_folder(paths.plots("pronouns", code)) as folder:
        write_points(folder / "contextuality.csv", curve_points(report))
        draw_contextuality(folder / "contextuality.png", report)
        draw_probes(folder / "probes.png", report["probes"])
        draw_antecedents(folder / "antecedents.png", report["antecedents"])


if __name__ == "__main__":
    run(pronouns)
