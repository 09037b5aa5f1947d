"""Stage `word_pairs`: the examples of WordNet's senses → word-in-context pairs."""

import logging

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.tables import WORD_PAIRS, write_table
from stages.command import run
from stages.settings.languages import LanguageSection
from stages.settings.word_pairs import WordPairs
from stages.words.pairs import SPLITS, deal, pairs_by_family
from stages.words.wordnet import read_synsets, uses

log = logging.getLogger(__name__)


def word_pairs(code: str) -> None:
    """Makes pairs of texts with a word in common, half of them in one sense of it; no word is in two splits."""
    settings = WordPairs.load()
    if LanguageSection.named(code).wordnet:
        synsets = read_synsets(paths.language(code))
        made = pairs_by_family(uses(synsets, settings.shortest), at_most=settings.per_family, seed=settings.seed)
    else:
        log.warning("language.%s has no WordNet: no word-in-context pairs", code)
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
    write_json(paths.metrics("word_pairs", code), {"to_choose_from": sum(map(len, made.values())), **counted})


if __name__ == "__main__":
    run(word_pairs)
