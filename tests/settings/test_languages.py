from pathlib import Path

import pytest

from decortique.data.settings import Languages, LanguageSection
from tests.settings.conftest import Params, Written, complaint

FRENCH: Params = {"tasks": ["author-fr"], "languages": ["fr"], "collections": []}
EN, OPINION = "catalogue/languages/en.yaml", "catalogue/tasks/opinion.yaml"
GERMAN: Params = {
    "source": None,
    "vectors": {},
    "wordnet": False,
    "judgments": [],
    "pronouns": {"ich": {"lemma": "ich", "person": 1, "number": "singular"}},
}


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"languages": ["xx"]}, ("languages: catalogue/languages/xx.yaml is missing: catalogue/languages has en, fr",)),
        ({"languages": ["fr"]}, ("languages", "no task of `tasks` is in 'fr'", "(en)", "or []")),
        ({"languages": ["english"]}, ("languages.0",)),
        ({f"{EN}:pronouns": {}}, (f"{EN}: pronouns",)),
        (
            {f"{EN}:pronouns": {"I": {"lemma": "i"}}},
            (f"{EN}: pronouns", "'I' is not one word in lower"),
        ),
        (
            {f"{EN}:pronouns": {"each other": {"lemma": "each"}}},
            (f"{EN}: pronouns", "'each other'"),
        ),
        (
            {f"{EN}:pronouns/i": {"lemma": "i", "person": 4}},
            (f"{EN}: pronouns.i.person",),
        ),
        (
            {f"{EN}:vectors/glove/file": "other.json"},
            (EN, "source brings no other.json"),
        ),
        (
            {f"{EN}:vectors/glove/format": "pickle"},
            (f"{EN}: vectors.glove.format", "wink"),
        ),
        (
            {**FRENCH, "catalogue/languages/fr.yaml:wordnet": True},
            ("catalogue/languages/fr.yaml", "source brings no data.noun"),
        ),
        ({"word_pairs/test": 3}, ("word_pairs.test", "multiple of 2")),
        ({"pronouns/ridge": 0.0}, ("pronouns.ridge",)),
        ({"word2vec/architecture": "glove"}, ("word2vec.architecture", "skip_gram")),
    ],
)
def test_a_language_that_cannot_be_studied_is_refused(
    written: Written, changes: Params, parts: tuple[str, ...]
) -> None:
    message = complaint(written(changes))
    assert all(part in message for part in parts), message


def test_no_language_need_be_studied(written: Written) -> None:
    assert Languages.load(written({"languages": [], "collections": []})).root == []


def test_another_language_needs_only_a_description_and_a_task(written: Written) -> None:
    path: Path = written({"catalogue/languages/de.yaml:": GERMAN, "languages": ["de"], f"{OPINION}:language": "de"})
    assert LanguageSection.named("de", path).pronouns["ich"].number == "singular"
