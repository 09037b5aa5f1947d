"""A small project in a temporary folder: texts in two languages, vectors, probe sets, and the small encoder."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from decortique.core import paths
from decortique.core.settings import Compute, EncoderName, Tasks
from decortique.data.settings import Language, LanguageSection
from decortique.evaluation.settings import Evaluate
from decortique.words.settings import Polysemy, Pronouns, Word2vec
from decortique.words.vectors import VECTORS, save_vectors
from tests.words.made import vectors, write_corpus
from tests.words.made_representations import BOOTSTRAP
from tests.words.test_vectors import settings as word2vec_settings

ROOT = Path(__file__).parents[2]
SUBJECTS = ["the film", "a story", "the plot", "an actor", "this day"]
ENDINGS = ["and it was good", "and she was dull", "but we like it", "for they know it well", "he said to you"]
ENGLISH = [
    (f"{subject} is {word} {ending}", label)
    for subject in SUBJECTS
    for ending in ENDINGS
    for word, label in (("good", "good"), ("great", "good"), ("bad", "bad"), ("awful", "bad"))
]
FRENCH = [(f"{subject} , je le dis , il est {word}", None) for subject in "abcdefghij" for word in ("beau", "bon")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Path, one_thread: Compute) -> None:
    """Set up a project with small settings."""
    about = {code: LanguageSection.named(code, ROOT / "params.yaml") for code in ("en", "fr")}
    few = {"a": {"lemma": "a", "person": 1, "number": "singular"}}
    small = {
        "en": about["en"].model_copy(update={"judgments": ["wordsim353"]}),
        "fr": about["fr"],
        "de": Language.model_validate(
            {"source": None, "vectors": {}, "wordnet": False, "judgments": [], "pronouns": few}
        ),
    }
    monkeypatch.chdir(tmp_path)
    chosen: dict[type, Any] = {
        Compute: one_thread,
        EncoderName: EncoderName("small"),
        Tasks: Tasks(["film", "discours"]),
        Evaluate: BOOTSTRAP,
        Word2vec: word2vec_settings(),
        Pronouns: Pronouns(
            stop_words=4, occurrences=6, random_words=40, max_words=20, probe_occurrences=40, folds=3, ridge=1.0, seed=0
        ),
        Polysemy: Polysemy(candidates=20, neighbours=3, max_examples=2, seed=0),
    }
    for kind, value in chosen.items():
        monkeypatch.setattr(kind, "load", lambda value=value: value)
    monkeypatch.setattr(LanguageSection, "named", small.__getitem__)
    shutil.copytree(encoder, paths.encoder("small"))
    shutil.copytree(ROOT / "probes", "probes")
    write_corpus("film", "en", {"train": ENGLISH[:80], "test": ENGLISH[80:]})
    write_corpus("discours", "fr", {"train": FRENCH})
    known = {"film": [1.0, 0.0], "bank": [0.5, 0.5], "she": [0.2, 0.1], "car": [0.1, 0.9], "good": [0.3, 0.3]}
    for code in ("en", "fr", "de"):
        for path in (paths.word2vec(code) / VECTORS, paths.language(code) / "glove.bin"):
            path.parent.mkdir(parents=True)
            save_vectors(vectors(known), path)
