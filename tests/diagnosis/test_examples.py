from decortique.diagnosis.robustness import flip_examples
from tests.diagnosis.made_rewriting import all_rewritten, outputs, rows

#                  flips, unsure; flips, sure; stays, sure; stays
FIRST = outputs((0.6, 0.4), (0.9, 0.2), (0.9, 0.95), (0.3, 0.2))
SECOND = outputs((0.9, 0.9), (0.9, 0.9), (0.2, 0.6), (0.1, 0.1))
ROWS = rows([1, 1, 0, 0, 1, 0])
OUTPUTS = {"first": FIRST, "second": SECOND}


def test_the_surest_of_those_who_changed_their_minds_come_first() -> None:
    found = list(flip_examples("typos", all_rewritten(4, first=1), OUTPUTS, ROWS))
    assert [(one["id"], one["surprise"]) for one in found] == [("t2", 0.8), ("t1", 0.6), ("t3", 0.6)]
    assert found[0] == {
        "rewrite": "typos",
        "should": "stay",
        "surprise": 0.8,
        "id": "t2",
        "label": "bad",
        "text": "text 2",
        "rewritten": "new 2",
        "approaches": {
            "first": {
                "flipped": True,
                "before": {"prediction": "good", "probability": 0.9},
                "after": {"prediction": "bad", "probability": 0.8},
            },
            "second": {
                "flipped": False,
                "before": {"prediction": "good", "probability": 0.9},
                "after": {"prediction": "good", "probability": 0.9},
            },
        },
    }


def test_the_surest_of_several_that_flipped_counts() -> None:
    both = {"first": outputs((0.6, 0.4)), "second": outputs((0.9, 0.2))}
    found = list(flip_examples("negation", all_rewritten(1), both, rows([1], graded=True)))
    assert [(one["id"], one["surprise"], one["should"]) for one in found] == [("t0", 0.8, "flip")]


def test_texts_on_which_nobody_flipped_are_none() -> None:
    assert list(flip_examples("typos", all_rewritten(1), {"one": outputs((0.9, 0.8))}, ROWS)) == []
