"""Models to dissect: small encoders of random weights with fresh predictions."""

from pathlib import Path
from typing import Any

from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.batches import TokenRows
from decortique.models.heads import Headed, new_headed
from decortique.models.tokenizer import load_tokenizer, tokenize_texts

LABELS = ["negative", "neutral", "positive"]
# Of different lengths, and not sorted by them.
SENTENCES = ["the film was good .", "a story", "the plot , the actor and the film was very good ."]


def heads(**first: Any) -> dict[str, Head]:
    """Return a head of each kind; `first` changes the primary one."""
    return {
        "polarity": ClassificationHead(
            **{"kind": "classification", "column": "label", "loss": "cross_entropy", **first}
        ),
        "mood": ClassificationHead(kind="classification", column="label", loss="binary"),
        "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
    }


def made(folder: Path, names: tuple[str, ...] = ("polarity", "mood", "intensity"), **first: Any) -> Headed:
    """Return the encoder of a folder with some of `heads` on it."""
    chosen = {name: head for name, head in heads(**first).items() if name in names}
    return new_headed(folder, LABELS, chosen, dropout=None, seed=0).eval()


def rows_of(folder: Path, texts: list[str] = SENTENCES) -> TokenRows:
    """Return the token ids of some texts."""
    return TokenRows.of(tokenize_texts(load_tokenizer(folder), texts).input_ids)
