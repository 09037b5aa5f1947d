from pathlib import Path
from typing import get_args

import pytest

from decortique.core.files import StageError
from decortique.diagnosis.perturbations import rules_of
from decortique.diagnosis.settings import Rewrite
from tests.diagnosis.made_rewriting import random
from tests.words.made import write_wordnet

ALL = list(get_args(Rewrite))


def test_english_with_wordnet_has_every_rule_of_the_settings(tmp_path: Path) -> None:
    rules, left_out = rules_of(ALL, "en", 0.1, write_wordnet(tmp_path))
    assert list(rules) == ALL
    assert left_out == {}
    assert rules["upper_case"]("It's bad", random()) == "IT'S BAD"
    assert rules["lower_case"]("It's BAD", random()) == "it's bad"
    assert rules["negation"]("It is bad", random()) == "It is not bad"
    assert rules["typos"]("awful", random()) != "awful"


def test_rewrites_a_language_lacks_are_skipped_with_the_reason(tmp_path: Path) -> None:
    rules, left_out = rules_of(ALL, "fr", 0.1, tmp_path / "fr")
    assert rules["negation"]("Il est beau", random()) == "Il n'est pas beau"
    assert left_out == {
        "contractions": "there are rules for en, none for fr",
        "synonyms": f"{tmp_path / 'fr'} holds no WordNet: a part of the task's source may bring it",
    }
    assert set(rules_of(ALL, "de", 0.1, tmp_path)[1]) == {"contractions", "synonyms", "negation"}


def test_an_incomplete_wordnet_is_an_error_and_not_a_missing_one(tmp_path: Path) -> None:
    (write_wordnet(tmp_path) / "data.adv").unlink()
    with pytest.raises(StageError, match=r"data\.adv is missing"):
        rules_of(["synonyms"], "en", 0.1, tmp_path)
