"""How long a summary takes: of as many sentences as sumy's rankers can bear, beside them, and of 100 000.

Sentences and vectors are those of the films of the default run (`dvc repro embed_collection@films`). For 100 000, they
are taken again and again, each time with some words left out and noise on their vectors, so that no two are the same.
Embedding is not timed here: `benchmarks.embedding` does that.

    python -m benchmarks.summaries
"""

import resource
import statistics
from functools import partial

import numpy as np
from sklearn.preprocessing import normalize

from benchmarks.timing import seconds
from decortique.data.settings import HELD_OUT, SEEN
from decortique.summarization.choosing import Budget, choose_sentences
from decortique.summarization.groups import RANKERS, rank_sentences
from decortique.summarization.settings import Cluster, Summarize
from decortique.summarization.vectors import Texts, Vectors, tfidf

BESIDE = 500  # sentences: sumy compares each with each in pure Python
MANY = 100_000
SENTENCES = 10
ROUNDS = 3
KEPT = 0.8  # of the words of a repeated sentence
NOISE = 0.02  # of each number of its vector, which are about 0.05


def main() -> None:
    """Print seconds, the ratio to each peer, and peak memory."""
    read = Texts.read("films", [SEEN, HELD_OUT])
    settings, candidates = Summarize.load().clusters, Cluster.load().candidates

    def ours(texts: list[str], vectors: Vectors) -> float:
        return seconds(lambda: choose_sentences(texts, vectors, Budget(SENTENCES), settings, candidates))

    texts, vectors = read.texts[:BESIDE], normalize(read.embedded[:BESIDE])
    rounds = [
        (ours(texts, vectors), *(seconds(partial(rank_sentences, name, texts, SENTENCES, "en")) for name in RANKERS))
        for _ in range(ROUNDS)
    ]
    own, *peers = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"{BESIDE} sentences, once embedded: {own:.2f} s")
    for name, peer in zip(RANKERS, peers, strict=True):
        print(f"  {name} of sumy: {peer:.2f} s, {peer / own:.1f} × as long")

    many, repeated = repeat(read)
    print(f"{MANY:,} sentences, once embedded: {ours(many, repeated):.1f} s, peak memory {peak():.0f} MB")
    print(f"  with TF-IDF in place of vectors: {ours(many, tfidf(many, 'en')):.1f} s, peak memory {peak():.0f} MB")


def repeat(read: Texts) -> tuple[list[str], np.ndarray]:
    """Return many sentences, none like another."""
    random = np.random.default_rng(0)
    places = np.arange(MANY) % len(read.texts)
    vectors = read.embedded[places]
    vectors += random.standard_normal(vectors.shape, np.float32) * np.float32(NOISE)
    words = [read.texts[place].split() for place in places]
    texts = [" ".join(word for word in one if random.random() < KEPT) or one[0] for one in words]
    return texts, normalize(vectors, copy=False)


def peak() -> float:
    """Return the peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
