"""Stage `polysemy`: words of several senses in context → which sense, by layer, compared with word2vec."""

from decortique.core import paths
from decortique.core.command import LanguageCode, run
from decortique.core.files import new_folder, write_json
from decortique.core.headlines import headline_of_polysemy, write_metrics
from decortique.core.settings import Compute, EncoderName
from decortique.data.settings import LanguageSection
from decortique.evaluation.settings import Evaluate
from decortique.words import senses
from decortique.words.plots import draw_senses, draw_words
from decortique.words.settings import Polysemy, WordPairs
from decortique.words.states import Reader
from decortique.words.vectors import frequent_words, static_vectors


def polysemy(code: LanguageCode) -> None:
    """Measure how well each layer of the encoder separates the senses of a word, in a language of the run."""
    settings, bootstrap, language = Polysemy.load(), Evaluate.load(), LanguageSection.named(code)
    counts = senses.make_word_pairs(code, WordPairs.load(), wordnet=language.wordnet)
    static = static_vectors(code, language.vectors)
    reader = Reader.load(EncoderName.load().root, Compute.load())
    pairs = senses.predict_pairs(reader, senses.read_pairs(paths.word_pairs(code)), static, bootstrap)
    sentences = senses.read_senses(code)
    states = reader.read([(one.text, one.index) for one in sentences]).states
    induced = senses.induce_senses(states, sentences, static, bootstrap, seed=settings.seed)
    candidates = frequent_words(code, static, settings.candidates)
    bare = reader.bare(candidates).states[-1]
    neighbours = senses.neighbour_table(states[-1], sentences, candidates, bare, static, settings.neighbours)
    examples = dict(list(neighbours.items())[: settings.max_examples])
    report = {"pairs": pairs, "senses": induced, "neighbours": examples}
    write_json(paths.results("polysemy", code, "senses"), report)
    write_json(paths.results("polysemy", code, "word_pairs"), counts)
    write_metrics("polysemy", code, headline_of_polysemy(report))
    write_json(paths.neighbours(code), neighbours)
    with new_folder(paths.plots("polysemy", code)) as folder:
        draw_senses(folder / "senses.png", pairs, induced)
        draw_words(folder / "words.png", states, sentences, settings.max_examples)


if __name__ == "__main__":
    run(polysemy, compute=Compute.load)
