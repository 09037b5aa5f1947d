"""Stage `word2vec`: the texts of a language → static vectors of its words."""

import logging

from decortique.core import paths
from decortique.core.command import LanguageCode, run
from decortique.core.files import new_folder, progress, write_json
from decortique.core.settings import Compute, Tasks
from decortique.words.corpus import Sentences
from decortique.words.settings import Word2vec
from decortique.words.vectors import VECTORS, save_vectors
from decortique.words.word2vec import Words, train_word2vec, write_card

log = logging.getLogger(__name__)


def word2vec(code: LanguageCode) -> None:
    """Train word2vec on all texts of the run's tasks in a language, labelled or not: it needs no labels."""
    settings, sentences = Word2vec.load(), Sentences(code, Tasks.load().root)
    with progress("word2vec", None, "text") as bar:
        texts = Words(sentences, bar.update)
        vectors = train_word2vec(texts, settings)
    counts = {
        "texts": texts.texts,
        "words": texts.words,
        "vocabulary": len(vectors),
        "words_with_vector": sum(vectors.get_vecattr(word, "count") for word in vectors.index_to_key) / texts.words,
    }
    log.info("%d words of %d texts: vectors of %d", counts["words"], counts["texts"], counts["vocabulary"])
    with new_folder(paths.word2vec(code)) as folder:
        save_vectors(vectors, folder / VECTORS)
        write_card(folder, code, sorted({task for task, _ in sentences.tables()}), settings, counts)
    write_json(paths.results("word2vec", code), counts)


if __name__ == "__main__":
    run(word2vec, compute=Compute.load)
