from decortique.diagnosis.robustness import flip_examples
from tests.diagnosis.made_rewriting import all_rewritten, outputs, rows

#                  flips, unsure; flips, sure; stays, sure; stays
FIRST = outputs((0.6, 0.4), (0.9, 0.2), (0.9, 0.95), (0.3, 0.2))
SECOND = outputs((0.9, 0.9), (0.9, 0.9), (0.2, 0.6), (0.1, 0.1))
ROWS = rows([1, 1, 0, 0, 1, 0])
OUTPUTS = {"first": FIRST, "second": SECOND}


def test_the_surest_flipped_texts_come_first() -> None:
    result = list(flip_examples("typos", all_rewritten(4, first=1), OUTPUTS, ROWS))
    assert [(one["id"], one["surprise"]) for one in result] == [("t2", 0.8), ("t1", 0.6), ("t3", 0.6)]
    assert result[0] == {
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


def test_a_text_is_ranked_by_its_surest_flip() -> None:
    both = {"first": outputs((0.6, 0.4)), "second": outputs((0.9, 0.2))}
    result = list(flip_examples("negation", all_rewritten(1), both, rows([1], graded=True)))
    assert [(one["id"], one["surprise"], one["should"]) for one in result] == [("t0", 0.8, "flip")]


def test_texts_without_a_flip_are_no_examples() -> None:
    assert list(flip_examples("typos", all_rewritten(1), {"one": outputs((0.9, 0.8))}, ROWS)) == []
