from decortique.diagnosis.near_duplicates import count_overlap, count_pairs, leaked, near_pairs
from tests.diagnosis.made_auditing import row

FILM = "the film is good and the plot is {}"  # two of these share 8 of 12 pairs of words
CORPUS = {
    "train": [row("t1", FILM.format("thin")), row("t2", "Thank you."), row("t3", "thank you!", "positive")],
    "validation": [row("v1", "nothing of the kind")],
    "test": [row("e1", "THANK YOU"), row("e2", FILM.format("flat"), "positive"), row("e3", "only here")],
    "pool": [row("p1", FILM.format("dull"), None)],
    "transfer-far": [row("f1", "nothing of the kind"), row("f2", "elsewhere")],
    "unlabelled": [row("u1", "elsewhere", None)],
}
PAIRS = near_pairs(CORPUS, 0.6)


def test_pairs_are_listed_by_decreasing_similarity_then_corpus_order() -> None:
    listed = [(*(one.id for one in pair.rows), round(pair.similarity, 3)) for pair in PAIRS]
    assert listed == [
        ("t2", "t3", 1.0),
        ("t2", "e1", 1.0),
        ("t3", "e1", 1.0),
        ("v1", "f1", 1.0),
        ("f2", "u1", 1.0),
        ("t1", "e2", 0.667),
        ("t1", "p1", 0.667),
        ("e2", "p1", 0.667),
    ]


def test_pairs_are_counted_by_split_and_by_agreement_of_labels() -> None:
    counted = count_pairs(CORPUS, PAIRS)
    assert counted == {
        "train": {
            "train": {"exact": 1, "near": 0, "contradict": 1},
            "test": {"exact": 2, "near": 1, "contradict": 2},  # t3 and e1, t1 and e2
            "pool": {"exact": 0, "near": 1, "contradict": 0},
        },
        "validation": {"transfer-far": {"exact": 1, "near": 0, "contradict": 0}},
        "test": {"pool": {"exact": 0, "near": 1, "contradict": 0}},
        "transfer-far": {"unlabelled": {"exact": 1, "near": 0, "contradict": 0}},
    }
    assert list(counted) == [split for split in CORPUS if split in counted]


def test_a_text_with_two_near_duplicates_in_training_is_one_leak() -> None:
    assert count_overlap(CORPUS, PAIRS) == {
        "validation": {"texts": 1, "train": {"exact": 0, "near": 0}, "pool": {"exact": 0, "near": 0}},
        "test": {
            "texts": 3,
            "train": {"exact": 1, "near": 1},
            "pool": {"exact": 0, "near": 1},
            "validation": {"exact": 0, "near": 0},
        },
        "transfer-far": {
            "texts": 2,
            "train": {"exact": 0, "near": 0},
            "pool": {"exact": 0, "near": 0},
            "validation": {"exact": 1, "near": 0},
        },
    }
    assert leaked(PAIRS, "test") == {"e1", "e2"}
    assert leaked(PAIRS, "transfer-far") == set()  # validation texts are not trained on


def test_a_copy_is_not_also_counted_as_a_near_duplicate() -> None:
    corpus = {"train": [row("a", "one two"), row("b", "one two two")], "test": [row("c", "One, two!")]}
    assert count_overlap(corpus, near_pairs(corpus, 0.5))["test"]["train"] == {"exact": 1, "near": 0}


def test_a_text_that_repeats_another_is_a_near_duplicate_but_no_copy() -> None:
    """Both have the same pairs of words: a similarity of 1.0, although the texts differ."""
    corpus = {"train": [row("a", "ha ha ha")], "validation": [], "test": [row("b", "ha ha ha ha")]}
    (pair,) = near_pairs(corpus, 0.9)
    assert (pair.similarity, pair.exact) == (1.0, False)


def test_a_corpus_of_three_splits_without_a_pair_is_sound() -> None:
    corpus = {"train": [row("a", "one")], "validation": [row("b", "two")], "test": [row("c", "three")]}
    pairs = near_pairs(corpus, 0.6)
    assert count_pairs(corpus, pairs) == {}
    assert count_overlap(corpus, pairs)["test"] == {
        "texts": 1,
        "train": {"exact": 0, "near": 0},
        "validation": {"exact": 0, "near": 0},
    }


def test_a_line_holds_both_texts_and_their_positions() -> None:
    assert PAIRS[5].line() == {
        "similarity": 0.666667,
        "exact": False,
        "first": {"split": "train", "id": "t1", "label": "negative", "text": FILM.format("thin")},
        "second": {"split": "test", "id": "e2", "label": "positive", "text": FILM.format("flat")},
    }
