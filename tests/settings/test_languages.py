from pathlib import Path

import pytest

from stages.settings.languages import Languages, LanguageSection
from tests.settings.conftest import Params, Written, complaint

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
        ({"languages": ["xx"]}, ("languages", "'xx' is not described under language (en, fr)")),
        ({"languages": ["fr"]}, ("languages", "no task of `tasks` is in 'fr'", "(en)", "or []")),
        ({"languages": ["english"]}, ("languages.0",)),
        ({"language/en/pronouns": {}}, ("language.en.pronouns",)),
        (
            {"language/en/pronouns": {"I": {"lemma": "i"}}},
            ("language.en.pronouns", "'I' is not one word in lower"),
        ),
        ({"language/en/pronouns": {"each other": {"lemma": "each"}}}, ("language.en.pronouns", "'each other'")),
        ({"language/en/pronouns/i": {"lemma": "i", "person": 4}}, ("language.en.pronouns.i.person",)),
        ({"language/en/vectors/glove/file": "other.json"}, ("language.en", "source brings no other.json")),
        ({"language/en/vectors/glove/format": "pickle"}, ("language.en.vectors.glove.format", "wink")),
        ({"language/fr/wordnet": True}, ("language.fr", "source brings no data.noun")),
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
    path: Path = written({"language/de": GERMAN, "languages": ["de"], "task/opinion/language": "de"})
    assert LanguageSection.load(path).one("de").pronouns["ich"].number == "singular"
