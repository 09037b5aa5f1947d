import pytest

from decortique.models.tokenizer import Tokenized, TokenStatistics

UNKNOWN = 1


def statistics(unknown: int | None = UNKNOWN) -> TokenStatistics:
    """Count two batches of texts with a limit of 5 tokens: one is cut by 2, one word is unknown."""
    counted = TokenStatistics(5, unknown)
    counted.add(
        ["the film was good !", "dull"],
        Tokenized([[2, 6, 12, 8, 3], [2, 1, 3]], lengths=[7, 3]),
        [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]],
    )
    counted.add(["don't"], Tokenized([[2, 5, 5, 3]], lengths=[4]), [[0, 1, 1, 1, 1]])
    return counted


def test_token_statistics_are_those_computed_by_hand() -> None:
    assert statistics().summary() == {
        "texts": 3,
        "truncated": pytest.approx(1 / 3),
        "tokens_cut": pytest.approx(2 / 14),
        "padding": pytest.approx(3 / 15),
        "fertility": pytest.approx(14 / 9),  # 5 words with the exclamation mark, 1, and don ' t
        "unknown": pytest.approx(1 / 12),
        "length": {"p50": 4, "p90": 7, "p95": 7, "p99": 7, "p100": 7},
    }


def test_a_vocabulary_of_bytes_has_nothing_unknown() -> None:
    assert statistics(unknown=None).summary()["unknown"] == 0.0


def test_a_text_of_exactly_the_limit_is_not_truncated() -> None:
    counted = TokenStatistics(5, UNKNOWN)
    counted.add(["a b c"], Tokenized([[2, 5, 5, 5, 3]], lengths=[5]), [[1, 1, 1, 1, 1]])
    assert (counted.summary()["truncated"], counted.summary()["tokens_cut"]) == (0.0, 0.0)


def test_percentiles_are_lengths_of_actual_texts() -> None:
    counted = TokenStatistics(1000, UNKNOWN)
    for length in range(1, 101):
        counted.add(["a"], Tokenized([[5] * length], lengths=[length]), [[1] * length])
    assert counted.summary()["length"] == {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p100": 100}


def test_a_split_without_texts_has_measures_too() -> None:
    assert TokenStatistics(5, UNKNOWN).summary() == {
        "texts": 0,
        "truncated": 0.0,
        "tokens_cut": 0.0,
        "padding": 0.0,
        "fertility": 0.0,
        "unknown": 0.0,
        "length": {"p50": 0, "p90": 0, "p95": 0, "p99": 0, "p100": 0},
    }
