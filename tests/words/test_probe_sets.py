"""The probe sets are sound, and balanced in everything that could reveal the answer."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest

from decortique.core.files import StageError
from decortique.data.text import forms
from decortique.words.antecedents import read_references
from decortique.words.senses import read_senses

LANGUAGES = ["en", "fr"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_sentences_of_a_pair_differ_in_one_word_after_both_nouns(code: str) -> None:
    references = read_references(code)
    assert len(references) >= 60
    for one, other in zip(references[::2], references[1::2], strict=True):
        words, others = forms(one.text), forms(other.text)
        (changed,) = [index for index, pair in enumerate(zip(words, others, strict=True)) if len(set(pair)) == 2]
        assert max(one.index(one.antecedent), one.index(one.distractor)) < min(changed, one.index(one.pronoun))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_order_of_the_nouns_does_not_reveal_the_antecedent(code: str) -> None:
    first = [one.index(one.antecedent) < one.index(one.distractor) for one in read_references(code)]
    assert sum(first) == len(first) / 2
    assert sum(first[::2]) == len(first) / 4  # nor does the order in which the sentences of a pair are written


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_pair_is_written_twice(code: str) -> None:
    texts = [one.text for one in read_references(code)] + [one.text for one in read_senses(code)]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("code", LANGUAGES)
def test_twenty_words_have_eight_sentences_in_each_of_two_senses(code: str) -> None:
    counted = Counter((one.word, one.sense) for one in read_senses(code))
    assert set(counted.values()) == {8}
    assert Counter(word for word, _ in counted) == dict.fromkeys({word for word, _ in counted}, 2)
    assert len(counted) == 40


@pytest.mark.parametrize("code", LANGUAGES)
def test_neither_length_nor_position_reveals_the_sense(code: str) -> None:
    result: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in read_senses(code):
        length = len(forms(one.text))
        result[one.word][one.sense].append((length, one.index / length))
    for senses in result.values():
        lengths, positions = ([mean(one[of] for one in several) for several in senses.values()] for of in (0, 1))
        assert abs(lengths[0] - lengths[1]) <= 1.5
        assert abs(positions[0] - positions[1]) <= 0.15


def test_a_language_without_probe_sets_has_none() -> None:
    assert read_references("xx") == []
    assert read_senses("xx") == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("word\tsense\n", "must begin with a line of the columns word, sense, text"),
        ("word\tsense\ttext\nbank\tmoney\n", "line 2: needs 3 columns"),
        ("word\tsense\ttext\nbank\t\ta bank\n", "line 2: needs 3 columns"),
        ("word\tsense\ttext\nbank\tmoney\tBank or bank\n", "line 2: 'bank' stands 2 times"),
        ("word\tsense\ttext\nbank\tmoney\tthe banks\n", "line 2: 'bank' stands 0 times"),
    ],
)
def test_an_invalid_line_is_reported_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("probes/en").mkdir(parents=True)
    Path("probes/en/senses.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(StageError, match=complaint):
        read_senses("en")


HEADER = "pair\ttext\tpronoun\tantecedent\tdistractor"
ONE = "01\tThe cat saw the dog when it ran\tit\tcat\tdog"
OTHER = "01\tThe cat saw the dog when it fell\tit\tdog\tcat"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([ONE], "the last sentence has no other"),
        ([ONE, ONE], "are no pair"),
        ([ONE, OTHER.replace("01", "02")], "are no pair"),
        ([ONE, OTHER.replace("\tit\t", "\tthe\t")], "'the' stands 2 times"),
    ],
)
def test_sentences_that_do_not_form_a_pair_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("probes/en").mkdir(parents=True)
    Path("probes/en/antecedents.tsv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    with pytest.raises(StageError, match=complaint):
        read_references("en")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_sentences_of_a_word_are_listed_together(code: str) -> None:
    words = [one.word for one in read_senses(code)]
    assert sum(one != other for one, other in pairwise(words)) == 19
