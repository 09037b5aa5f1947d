"""Encoders small enough to be trained in a test: a vocabulary of a few words, and weights from a seed."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from decortique.core import settings
from decortique.core.settings import Compute
from decortique.models.settings import Tokenize

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from decortique.models.batches import TokenRows

WORKER = "PYTEST_XDIST_WORKER" in os.environ
LONGEST = {"test_changes", "test_experiments", "test_failures"}
if WORKER:  # those of `make test` share the cores
    os.environ["OMP_NUM_THREADS"] = "1"

# A shell that starts the tests in the background has them ignore Ctrl-C, and so all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["a", "the", "is", "was", "not", "very", "film", "plot", "actor", "story", ".", ",", "!", "##s", "##ly"]
WORDS += ["good", "great", "fine", "bad", "awful", "dull"]
VOCABULARY = [*SPECIAL, *WORDS]
POSITIONS = 32

# 32 sentences of up to 14 tokens whose class is told by one word.
GOOD, BAD = ["good", "great", "fine", "very good"], ["bad", "awful", "dull", "very bad"]
SUBJECTS = ["the film", "a story", "the plot , the actor and the film", "actors"]
TEXTS = [f"{subject} was {word} ." for subject in SUBJECTS for word in [*GOOD, *BAD]]
CLASSES = [int(word in GOOD) for _ in SUBJECTS for word in [*GOOD, *BAD]]


FAMILIES = ["bert", "distilbert", "roberta", "camembert", "deberta-v2", "modernbert"]
# What the published models of a family have, and transformers' defaults do not: DeBERTa's blocks share their positions,
# ModernBERT's look at near tokens only but for every third (here with windows small enough to show in a sentence).
PUBLISHED: dict[str, dict[str, Any]] = {
    "deberta-v2": {
        "relative_attention": True,
        "position_buckets": 8,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "modernbert": {"local_attention": 4},
}


def write_encoder(folder: Path, family: str = "bert", *, layers: int = 2, seed: int = 0, **config: Any) -> Path:
    """Write an encoder of random weights as the hub gives them: config, weights, tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModel

    from decortique.models.pretrained import save_classifier

    sizes = (
        {"dim": 16, "n_layers": layers, "n_heads": 2, "hidden_dim": 32}
        if family == "distilbert"
        else {"hidden_size": 16, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 32}
    )
    # RoBERTa and CamemBERT count positions from their padding id + 1.
    positions = POSITIONS + (1 if family in {"roberta", "camembert"} else 0)
    described = AutoConfig.for_model(
        family,
        vocab_size=len(VOCABULARY),
        pad_token_id=0,
        max_position_embeddings=positions,
        # Ten times the usual, so that what a text says shows in its vector though nothing was trained.
        **{**sizes, "initializer_range": 0.2, **PUBLISHED.get(family, {}), **config},
    )
    torch.manual_seed(seed)
    save_classifier(AutoModel.from_config(described), write_tokenizer(folder), folder)
    return folder


def write_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """Write a WordPiece tokenizer of `VOCABULARY`."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("".join(f"{piece}\n" for piece in VOCABULARY), encoding="utf-8")
    return BertTokenizerFast(vocab=str(vocabulary), model_max_length=POSITIONS)


def edit_json(path: Path, **changes: Any) -> None:
    """Change some keys of a JSON file; None removes the key."""
    content = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), encoding="utf-8")


@contextmanager
def project_in(folder: Path) -> Iterator[None]:
    """Work in a folder, with the settings that stand there: a stage runs without a process of its own."""
    with chdir(folder):
        settings._validated.cache_clear()
        try:
            yield
        finally:
            settings._validated.cache_clear()


def tokenize_settings(**changes: Any) -> Tokenize:
    """Settings of `tokenize` that fit the small encoders."""
    return Tokenize(
        **{
            "max_length": 16,
            "truncation_side": "right",
            "padding": "max_length",
            "padding_side": "right",
            **changes,
        }
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has all workers busy to the end: one begins with rehearsing the chain, the others need not wait for that.

    A file is tested by one worker. So the longest of those that wait for the chain come once it is there, and small
    ones last.
    """
    waiting = {item.path for item in items if "rehearsed" in getattr(item, "fixturenames", ())}

    def turn(item: pytest.Item) -> int:
        room = item.path.parent.name
        if item.path.stem == "test_chain":
            return 0
        if item.path in waiting:
            return 4 if item.path.stem in LONGEST else 5
        return {"pipeline": 1, "models": 2, "distillation": 3}.get(room, 6)

    if WORKER:
        items.sort(key=turn)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers, 16 wide."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / "bert")


@pytest.fixture(scope="session", params=["bert", "distilbert", "roberta"])
def any_encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of each family."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / request.param, request.param)


@pytest.fixture(scope="session", params=FAMILIES)
def every_family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of each family, those included whose inside looks different."""
    return write_encoder(tmp_path_factory.mktemp("families") / request.param, request.param)


@pytest.fixture
def tokenizer(encoder: Path) -> "PreTrainedTokenizerBase":
    from decortique.models.tokenizer import load_tokenizer

    return load_tokenizer(encoder)


@pytest.fixture
def rows(tokenizer: "PreTrainedTokenizerBase") -> "TokenRows":
    """The token ids of `TEXTS`."""
    from decortique.models.batches import TokenRows
    from decortique.models.tokenizer import tokenize_texts

    return TokenRows.of(tokenize_texts(tokenizer, TEXTS).input_ids)


@pytest.fixture
def classifier(encoder: Path) -> "PreTrainedModel":
    """The small BERT with a fresh prediction between two classes."""
    from decortique.models.pretrained import new_classifier

    return new_classifier(encoder, ["negative", "positive"], dropout=0.0, seed=0)


@pytest.fixture
def one_thread() -> Compute:
    return Compute(threads=1, device="cpu", batch_size=8)
