from collections import Counter

from decortique.words.corpus import sample_any, sample_by_word
from tests.words.made import sentence

TEXTS = [sentence(f"it is number {number} and it ends") for number in range(40)]


def test_each_text_is_equally_likely_to_be_sampled() -> None:
    sampled = Counter(
        one.sentence.text
        for seed in range(400)
        for one in sample_by_word(TEXTS, {"number": "number"}, count=4, seed=seed)["number"]
    )
    assert len(sampled) == len(TEXTS)
    assert min(sampled.values()) >= 20
    assert max(sampled.values()) <= 65  # 40 expected


def test_a_text_gives_one_occurrence_from_any_position_of_a_word() -> None:
    sampled = [one for seed in range(20) for one in sample_by_word(TEXTS[:1], {"it": "it"}, count=4, seed=seed)["it"]]
    assert len(sampled) == 20
    assert {one.index for one in sampled} == {0, 5}
    assert {one.form for one in sampled} == {"it"}


def test_a_rare_word_has_fewer_occurrences_and_an_absent_word_none() -> None:
    sample = sample_by_word(TEXTS, {"7": "7", "absent": "absent"}, count=4, seed=0)
    assert [one.index for one in sample["7"]] == [3]
    assert sample["absent"] == []


def test_a_word_is_sampled_in_its_usual_spelling() -> None:
    texts = [sentence("It is it"), sentence("IT is"), sentence("i and I")]
    sample = sample_by_word(texts, {"it": "it", "i": "I"}, count=4, seed=0)
    assert [(one.sentence.text, one.index) for one in sample["it"]] == [("It is it", 2)]
    assert [one.index for one in sample["i"]] == [2]


def test_the_size_of_a_sample_does_not_grow_with_the_texts() -> None:
    endless = (sentence(f"it is {number}") for number in range(2000))
    assert len(sample_by_word(endless, {"it": "it"}, count=5, seed=0)["it"]) == 5


def test_words_of_any_kind_come_from_different_texts() -> None:
    sample = sample_any(TEXTS, 30, seed=0)
    assert len({one.sentence.text for one in sample}) == len(sample) == 30
    assert len({one.index for one in sample}) > 3
    assert sample == sample_any(TEXTS, 30, seed=0)
    assert sample != sample_any(TEXTS, 30, seed=1)
    assert len(sample_any(TEXTS[:4], 30, seed=0)) == 4
