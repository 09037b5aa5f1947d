from collections import Counter

from decortique.words.corpus import sample_any, sample_by_word
from tests.words.made import sentence

TEXTS = [sentence(f"it is number {number} and it ends") for number in range(40)]


def test_each_text_is_as_likely_as_any_other() -> None:
    drawn = Counter(
        one.sentence.text
        for seed in range(400)
        for one in sample_by_word(TEXTS, {"number": "number"}, count=4, seed=seed)["number"]
    )
    assert len(drawn) == len(TEXTS)
    assert min(drawn.values()) >= 20
    assert max(drawn.values()) <= 65  # 40 expected


def test_a_text_gives_one_occurrence_of_a_word_and_each_of_its_places_has_a_chance() -> None:
    drawn = [one for seed in range(20) for one in sample_by_word(TEXTS[:1], {"it": "it"}, count=4, seed=seed)["it"]]
    assert len(drawn) == 20
    assert {one.index for one in drawn} == {0, 5}
    assert {one.form for one in drawn} == {"it"}


def test_a_rare_word_has_fewer_and_an_absent_one_none() -> None:
    found = sample_by_word(TEXTS, {"7": "7", "absent": "absent"}, count=4, seed=0)
    assert [one.index for one in found["7"]] == [3]
    assert found["absent"] == []


def test_a_word_is_sampled_as_it_is_usually_written() -> None:
    texts = [sentence("It is it"), sentence("IT is"), sentence("i and I")]
    found = sample_by_word(texts, {"it": "it", "i": "I"}, count=4, seed=0)
    assert [(one.sentence.text, one.index) for one in found["it"]] == [("It is it", 2)]
    assert [one.index for one in found["i"]] == [2]


def test_what_is_kept_does_not_grow_with_the_texts() -> None:
    endless = (sentence(f"it is {number}") for number in range(2000))
    assert len(sample_by_word(endless, {"it": "it"}, count=5, seed=0)["it"]) == 5


def test_words_of_any_kind_come_from_different_texts() -> None:
    found = sample_any(TEXTS, 30, seed=0)
    assert len({one.sentence.text for one in found}) == len(found) == 30
    assert len({one.index for one in found}) > 3
    assert found == sample_any(TEXTS, 30, seed=0)
    assert found != sample_any(TEXTS, 30, seed=1)
    assert len(sample_any(TEXTS[:4], 30, seed=0)) == 4
