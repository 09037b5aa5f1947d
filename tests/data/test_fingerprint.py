import pytest

from decortique.data.corpus import fingerprint


@pytest.mark.parametrize(
    "other", ["A  FILM, I say", "a film I say!", "“A film”, I say…", "\uff21 film i say", "A film\nI say"]
)
def test_texts_that_differ_in_case_spaces_or_punctuation_are_the_same(other: str) -> None:
    assert fingerprint(other) == fingerprint("A film I say")


@pytest.mark.parametrize("other", ["A film I said", "A filmI say", "I say A film"])
def test_texts_that_differ_in_words_are_different(other: str) -> None:
    assert fingerprint(other) != fingerprint("A film I say")


def test_accents_count_but_not_how_they_are_encoded() -> None:
    assert fingerprint("été") == fingerprint("e\u0301te\u0301")
    assert fingerprint("été") != fingerprint("ete")
