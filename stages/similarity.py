"""Stage `similarity`: vectors of words + people's judgments of likeness → rank correlations."""

import logging

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.command import run
from stages.pictures.representations import draw_similarity
from stages.representations.judging import judged
from stages.representations.states import Reader
from stages.representations.static import static_vectors
from stages.settings.chain import Compute, EncoderName
from stages.settings.evaluate import Evaluate
from stages.settings.languages import LanguageSection
from stages.settings.similarity import Similarity
from stages.words.judgments import read_judgments

log = logging.getLogger(__name__)


def similarity(code: str) -> None:
    """Checks static vectors, the encoder's table of input embeddings, and bare words at each of its layers."""
    about, bootstrap = LanguageSection.named(code), Evaluate.load()
    sets = {name: read_judgments(name) for name in about.judgments}
    if not sets:
        log.warning("language.%s names no judgments: nothing to measure vectors on", code)
    words = sorted({word for found in sets.values() for one in found for word in (one.first, one.second)})
    reader = Reader.load(EncoderName.load().root, Compute.load(), Similarity.load().batch_size)
    bare, static = reader.bare(words), static_vectors(code, about.vectors)
    vectors = {
        **{name: {word: found[word] for word in words if word in found} for name, found in static.items()},
        "input embeddings": dict(zip(words, reader.rows(words), strict=True)),
        **{f"layer {n}": dict(zip(words, states, strict=True)) for n, states in enumerate(bare.states)},
    }
    report = {str(name): judged(judgments, vectors, bootstrap) for name, judgments in sets.items()}
    split = float((bare.pieces > 1).mean()) if words else 0.0
    write_json(paths.metrics("similarity", code), {"words": len(words), "split_in_pieces": split, "sets": report})
    with new_folder(paths.plots("similarity", code)) as folder:
        draw_similarity(folder / "similarity.png", report)


if __name__ == "__main__":
    run(similarity)
