"""Stage `polysemy`: words of several senses in context → which sense, by layer, beside word2vec."""

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.command import run
from stages.pictures.polysemy import draw_senses, draw_words
from stages.representations.deciding import decided_pairs
from stages.representations.inducing import induced_senses, neighbour_table
from stages.representations.states import Reader
from stages.representations.static import frequent_words, static_vectors
from stages.settings.chain import Compute, EncoderName
from stages.settings.evaluate import Evaluate
from stages.settings.languages import LanguageSection
from stages.settings.polysemy import Polysemy
from stages.words.pairs import read_pairs
from stages.words.probe_sets import read_senses


def polysemy(code: str) -> None:
    """Asks of each layer of the encoder whether it tells the senses of a word apart, in a language of the run."""
    settings, bootstrap = Polysemy.load(), Evaluate.load()
    static = static_vectors(code, LanguageSection.named(code).vectors)
    reader = Reader.load(EncoderName.load().root, Compute.load(), settings.batch_size)
    decided = decided_pairs(reader, read_pairs(paths.word_pairs(code)), static, bootstrap)
    senses = read_senses(code)
    states = reader.read([(one.text, one.place) for one in senses]).states
    found = induced_senses(states, senses, static, bootstrap, seed=settings.seed)
    candidates = frequent_words(code, static, settings.candidates)
    table = neighbour_table(
        states[-1], senses, candidates, reader.bare(candidates).states[-1], static, settings.neighbours
    )
    shown = dict(list(table.items())[: settings.shown])
    write_json(paths.metrics("polysemy", code), {"pairs": decided, "senses": found, "neighbours": shown})
    write_json(paths.neighbours(code), table)
    with new_folder(paths.plots("polysemy", code)) as folder:
        draw_senses(folder / "senses.png", decided, found)
        draw_words(folder / "words.png", states, senses, settings.shown)


if __name__ == "__main__":
    run(polysemy)
