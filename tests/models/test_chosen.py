from pathlib import Path

import pytest

from decortique.core.files import StageError, write_json
from decortique.models.bag_of_words import chosen_candidate
from decortique.models.settings import BagOfWords
from tests.models.test_bag_of_words import settings as candidate

PLAIN, STYLE = candidate(), candidate(lowercase=False)
SETTINGS = BagOfWords(candidates={"plain": PLAIN, "style": STYLE}, select_by="log_loss", strongest=3)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_choice(name: str) -> None:
    write_json(Path("data/results/bag_of_words/film.json"), {"chosen": name, "regularization": 2.0})


def test_the_chosen_baseline_is_the_one_fitted_again() -> None:
    write_choice("style")
    assert chosen_candidate(SETTINGS, "film") == STYLE.model_copy(update={"regularization": [2.0]})


def test_a_candidate_removed_since_the_choice_is_named() -> None:
    write_choice("other")
    with pytest.raises(
        StageError, match=r"data/results/bag_of_words/film\.json chose 'other', which is not in params\.yaml"
    ):
        chosen_candidate(SETTINGS, "film")


def test_a_missing_choice_is_reported_with_the_command_that_makes_it() -> None:
    with pytest.raises(StageError, match=r"film\.json is missing: run `dvc repro`"):
        chosen_candidate(SETTINGS, "film")
