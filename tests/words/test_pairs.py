from collections import Counter
from pathlib import Path

import pytest

from decortique.core import paths
from decortique.data.lexicon import Synset, Use, read_synsets, uses
from decortique.data.text import forms
from decortique.words.senses import Pair, make_word_pairs, pairs_by_family, read_pairs, split_families
from decortique.words.settings import WordPairs
from tests.words.made import write_wordnet


def use(lemma: str, sense: int, text: str, field: str = "", form: str = "", near: tuple[str, ...] = ()) -> Use:
    synset = Synset(f"n{sense}", "n", field or str(sense), (lemma,), frozenset(near), (text,))
    return Use(lemma, synset, f"{text} of {lemma} {sense}", 0, form or lemma, lemma)


def many(lemma: str) -> list[Use]:
    return [use(lemma, sense, f"text {number}") for sense in (1, 2) for number in range(6)]


def test_each_word_has_as_many_pairs_of_one_sense_as_of_two() -> None:
    sampled = pairs_by_family([*many("bank"), *many("plant")], at_most=4, seed=0)
    for pairs in sampled.values():
        assert Counter(pair.same for pair in pairs) == {True: 2, False: 2}
        texts = [text for pair in pairs for text in (pair.first, pair.second)]
        assert len(set(texts)) == len(texts)
    assert sampled == pairs_by_family([*many("bank"), *many("plant")], at_most=4, seed=0)


def test_the_texts_of_a_pair_match_its_senses() -> None:
    for pair in pairs_by_family(many("bank"), at_most=8, seed=0)["bank"]:
        assert (pair.first[-1] == pair.second[-1]) == pair.same


def test_both_uses_of_a_pair_have_the_same_spelling() -> None:
    mixed = [
        use("run", sense, f"{form} {n}", form=form) for sense in (1, 2) for n in range(4) for form in ("run", "runs")
    ]
    for pair in pairs_by_family(mixed, at_most=8, seed=0)["run"]:
        first, second = (next(one for one in mixed if one.text == text) for text in (pair.first, pair.second))
        assert first.spelling == second.spelling


@pytest.mark.parametrize(
    "other",
    [
        {"field": "1"},  # the same field of meaning
        {"near": ("n1",)},  # linked directly
        {"near": ("n9",)},  # both linked to a third
    ],
)
def test_closely_related_senses_do_not_make_a_pair_of_two_senses(other: dict[str, str]) -> None:
    first = [use("bank", 1, f"text {n}", near=("n9",)) for n in range(3)]
    second = [use("bank", 2, f"text {n}", **other) for n in range(3)]  # type: ignore[arg-type]
    assert pairs_by_family([*first, *second], at_most=4, seed=0) == {}


def test_a_text_is_in_one_pair_and_a_family_keeps_its_limit() -> None:
    shared = [
        one._replace(stem="bank", lemma=lemma, spelling=lemma) for lemma in ("bank", "banks") for one in many("bank")
    ]
    result = pairs_by_family(shared, at_most=4, seed=0)
    assert list(result) == ["bank"]
    assert len(result["bank"]) == 4
    texts = [text for pair in pairs_by_family(shared, at_most=20, seed=0)["bank"] for text in (pair.first, pair.second)]
    assert len(set(texts)) == len(texts) >= 8


def test_no_word_is_in_two_splits() -> None:
    pairs = pairs_by_family([one for n in range(30) for one in many(f"word{n}")], at_most=2, seed=0)
    splits = split_families(pairs, {"train": 10, "validation": 10, "test": 100}, seed=0)
    assert {split: len(split_pairs) for split, split_pairs in splits.items()} == {
        "train": 10,
        "validation": 10,
        "test": 40,
    }
    lemmas = [pair.lemma for split_pairs in splits.values() for pair in split_pairs]
    assert max(Counter(lemmas).values()) == 2
    assert not {pair.lemma for pair in splits["train"]} & {pair.lemma for pair in splits["test"]}


SETTINGS = WordPairs(train=2, validation=2, test=2, per_family=2, min_words=3, seed=0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def words_of(pair: Pair) -> tuple[str, str]:
    return forms(pair.first)[pair.first_place], forms(pair.second)[pair.second_place]


@pytest.mark.usefixtures("project")
def test_the_pairs_of_a_language_with_wordnet_are_written() -> None:
    write_wordnet(paths.language("en"))
    counted = make_word_pairs("en", SETTINGS, wordnet=True)
    (same, apart) = sorted(read_pairs(paths.word_pairs("en"))["train"], key=lambda pair: not pair.same)
    assert same.same
    assert not apart.same
    assert words_of(same) == words_of(apart) == ("bank", "bank")
    assert counted["train"] == {"pairs": 2, "same": 1, "lemmas": 1}
    # `plant` has two senses that WordNet links: no pair is left.
    assert read_pairs(paths.word_pairs("en"))["test"] == []


@pytest.mark.usefixtures("project")
def test_a_language_without_wordnet_has_no_pairs_and_reports_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_word_pairs("fr", SETTINGS, wordnet=False)
    assert "languages/fr.yaml has no WordNet" in caplog.text
    assert read_pairs(paths.word_pairs("fr"))["test"] == []


def test_every_word_of_a_pair_is_at_its_recorded_position(tmp_path: Path) -> None:
    for result in pairs_by_family(uses(read_synsets(write_wordnet(tmp_path)), 3), at_most=2, seed=0).values():
        assert all(words_of(pair) == (pair.lemma, pair.lemma) for pair in result)
