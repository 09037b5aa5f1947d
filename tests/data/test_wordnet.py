from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.lexicon import read_synsets, uses
from tests.words.made import WORDNET, write_wordnet


def test_senses_are_read_with_their_words_links_and_examples(tmp_path: Path) -> None:
    result = {one.name: one for one in read_synsets(write_wordnet(tmp_path))}
    assert list(result) == ["n1", "n2", "n3", "n4", "n5", "v6", "a7", "r8"]
    assert result["n1"].examples == ("he cashed a check at the bank", "the bank lends him money")
    assert (result["n1"].field, result["n2"].field) == ("14", "17")
    assert result["n4"].near == {"n5"}
    assert result["n5"].lemmas == ("plant",)  # a lemma of two words is not one
    assert result["a7"].lemmas == ("fine",)  # without the mark of where it stands
    assert result["r8"].examples == ()


def test_a_lemma_is_found_in_its_base_and_inflected_forms(tmp_path: Path) -> None:
    result = list(uses(read_synsets(write_wordnet(tmp_path)), min_words=3))
    assert [(one.lemma, one.spelling, one.place) for one in result if one.synset.kind == "v"] == [("run", "runs", 1)]
    assert {one.text for one in result if one.lemma == "bank"} == {
        text
        for name in ("n1", "n2", "n3")
        for one in read_synsets(tmp_path)
        if one.name == name
        for text in one.examples
    }


def test_a_short_example_or_one_with_the_word_twice_is_skipped(tmp_path: Path) -> None:
    lines = ['00000001 14 n 01 bank 0 000 | "a bank"; "from bank to bank he went"; "the bank was closed today"']
    result = list(uses(read_synsets(write_wordnet(tmp_path, {**WORDNET, "data.noun": lines})), min_words=3))
    assert [one.text for one in result if one.lemma == "bank"] == ["the bank was closed today"]


def test_a_missing_or_damaged_file_is_reported_with_its_line(tmp_path: Path) -> None:
    write_wordnet(tmp_path, {**WORDNET, "data.verb": ["no sense at all"]})
    with pytest.raises(StageError, match=r"data\.verb line 2 is no sense of WordNet"):
        list(read_synsets(tmp_path))
    (tmp_path / "data.verb").unlink()
    with pytest.raises(StageError, match=r"data\.verb is missing: run `dvc repro`"):
        list(read_synsets(tmp_path))
