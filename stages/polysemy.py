"""Stage `polysemy`: words of several senses in context → which sense, by layer, beside word2vec."""

import logging
from typing import Any

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.run_settings import Compute, EncoderName
from decortique.core.tables import WORD_PAIRS, write_table
from decortique.data.settings import LanguageSection
from decortique.data.wordnet import read_synsets, uses
from decortique.evaluation.settings import Evaluate
from decortique.report.headlines import headline_of_polysemy, write_metrics
from decortique.words.pairs import SPLITS, deal, pairs_by_family, read_pairs
from decortique.words.plots import draw_senses, draw_words
from decortique.words.probe_sets import read_senses
from decortique.words.senses import induced_senses, neighbour_table, predicted_pairs
from decortique.words.settings import Polysemy, WordPairs
from decortique.words.states import Reader
from decortique.words.vectors import frequent_words, static_vectors

log = logging.getLogger(__name__)


def polysemy(code: str) -> None:
    """Asks of each layer of the encoder whether it tells the senses of a word apart, in a language of the run."""
    settings, bootstrap = Polysemy.load(), Evaluate.load()
    counted = make_word_pairs(code)
    static = static_vectors(code, LanguageSection.named(code).vectors)
    reader = Reader.load(EncoderName.load().root, Compute.load())
    predicted = predicted_pairs(reader, read_pairs(paths.word_pairs(code)), static, bootstrap)
    senses = read_senses(code)
    states = reader.read([(one.text, one.place) for one in senses]).states
    found = induced_senses(states, senses, static, bootstrap, seed=settings.seed)
    candidates = frequent_words(code, static, settings.candidates)
    table = neighbour_table(
        states[-1], senses, candidates, reader.bare(candidates).states[-1], static, settings.neighbours
    )
    shown = dict(list(table.items())[: settings.shown])
    report = {"pairs": predicted, "senses": found, "neighbours": shown}
    write_json(paths.results("polysemy", code, "senses"), report)
    write_json(paths.results("polysemy", code, "word_pairs"), counted)
    write_metrics("polysemy", code, headline_of_polysemy(report))
    write_json(paths.neighbours(code), table)
    with new_folder(paths.plots("polysemy", code)) as folder:
        draw_senses(folder / "senses.png", predicted, found)
        draw_words(folder / "words.png", states, senses, settings.shown)


def make_word_pairs(code: str) -> dict[str, Any]:
    """Makes pairs of texts with a word in common, half of them in one sense of it; no word is in two splits.

    They come from the examples of WordNet's senses.
    """
    settings = WordPairs.load()
    if LanguageSection.named(code).wordnet:
        synsets = read_synsets(paths.language(code))
        made = pairs_by_family(uses(synsets, settings.shortest), at_most=settings.per_family, seed=settings.seed)
    else:
        log.warning("catalogue/languages/%s.yaml has no WordNet: no word-in-context pairs", code)
        made = {}
    dealt = deal(made, {split: getattr(settings, split) for split in SPLITS}, settings.seed)
    with new_folder(paths.word_pairs(code)) as folder:
        for split, pairs in dealt.items():
            with write_table(folder / f"{split}.parquet", WORD_PAIRS, {"language": code}) as append:
                append({field: [getattr(pair, field) for pair in pairs] for field in WORD_PAIRS.names})
    counted = {
        split: {"pairs": len(pairs), "same": sum(pair.same for pair in pairs), "lemmas": len({p.lemma for p in pairs})}
        for split, pairs in dealt.items()
    }
    return {"to_choose_from": sum(map(len, made.values())), **counted}


if __name__ == "__main__":
    run(polysemy)
