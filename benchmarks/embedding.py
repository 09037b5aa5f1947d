"""How fast sentences are embedded: beside sentence-transformers, and as a share of what the processor can do.

All three are measured in turn, round after round in one process, so that a machine whose speed drifts is the same for
all of them; medians are printed.

    pip install sentence-transformers && python -m benchmarks.embedding
"""

import logging
import statistics
import sys
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

from benchmarks.timing import seconds
from decortique.core import paths
from decortique.core.settings import Compute, EncoderName
from decortique.core.tables import read_columns
from decortique.models.batches import TokenRows, encode
from decortique.models.encoder import load_encoder, sentence_vectors
from decortique.models.pretrained import prepare_device
from decortique.models.settings import Embed
from decortique.models.tokenizer import load_tokenizer, tokenize_texts

ROUNDS = 5
TEXTS = 1000
PRODUCT = 1536  # rows and columns of the square matrices multiplied: far above the size where speed stops growing


def operations(tokens: int, squares: int, config: object) -> float:
    """Return the multiplications and additions of an encoder's matrix products, without softmax, norms and activations.

    Args:
        tokens: of all texts, padding not counted.
        squares: sum over the texts of the square of their length.
        config: of the encoder.
    """
    width, inner = config.hidden_size, config.intermediate_size  # type: ignore[attr-defined]
    layers = config.num_hidden_layers  # type: ignore[attr-defined]
    per_token = 2 * (4 * width * width + 2 * width * inner)
    return layers * (tokens * per_token + squares * 4 * width)


def main() -> None:
    """Print sentences per second, the share of the matrix-product rate, and the ratio to the peer."""
    logging.disable(logging.INFO)
    settings, compute = Embed.load(), Compute.load()
    device = prepare_device(compute)
    folder: Path = paths.encoder(EncoderName.load().root)
    texts = read_columns(paths.corpus("opinion") / "train.parquet", ["text"])["text"][:TEXTS]
    tokenizer, encoder = load_tokenizer(folder), load_encoder(folder, settings).to(device)
    peer = SentenceTransformer(str(folder))  # a folder without its modules.json is pooled by the mean, as ours is
    rows = TokenRows.of(tokenize_texts(tokenizer, texts).input_ids)
    matrix = torch.rand(PRODUCT, PRODUCT)

    def ours() -> object:
        rows = TokenRows.of(tokenize_texts(tokenizer, texts).input_ids)
        return encode(
            rows,
            lambda batch: sentence_vectors(encoder, batch, settings),
            batch_size=compute.batch_size,
            padding_id=encoder.config.pad_token_id,
            device=device,
        )

    def theirs() -> object:
        return peer.encode(texts, batch_size=compute.batch_size, normalize_embeddings=True, show_progress_bar=False)

    def product() -> object:
        return [matrix @ matrix for _ in range(10)]

    works = {"ours": ours, "theirs": theirs, "product": product}
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(ROUNDS + 1):
        for name, work in works.items():
            taken = seconds(work)
            if turn:  # the first round warms up
                times[name].append(taken)
    median = {name: statistics.median(found) for name, found in times.items()}
    lengths = rows.lengths
    peak = 10 * 2 * PRODUCT**3 / median["product"]
    rate = operations(int(lengths.sum()), int((lengths**2).sum()), encoder.config) / median["ours"]
    ratio = statistics.median(b / a for a, b in zip(times["ours"], times["theirs"], strict=True))
    sys.stdout.write(
        f"{TEXTS} sentences of {lengths.mean():.1f} tokens, {compute.threads} threads, median of {ROUNDS} rounds\n"
        f"fp32 matrix product:     {peak / 1e9:6.0f} GFLOP/s\n"
        f"stages.embed:            {TEXTS / median['ours']:6.0f} sentences/s, tokenization included\n"
        f"                         {rate / 1e9:6.0f} GFLOP/s, {rate / peak:.0%} of the matrix product\n"
        f"sentence-transformers:   {TEXTS / median['theirs']:6.0f} sentences/s\n"
        f"ratio, round by round:   {ratio:6.2f} x as fast\n"
    )


if __name__ == "__main__":
    main()
