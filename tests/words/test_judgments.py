import pytest

from decortique.words.similarity import read_judgments


@pytest.mark.parametrize(
    ("name", "pairs", "first"), [("wordsim353", 353, ("love", "sex", 6.77)), ("simlex999", 999, ("old", "new", 1.58))]
)
def test_each_set_of_judgments_is_read_completely(name: str, pairs: int, first: tuple[str, str, float]) -> None:
    result = read_judgments(name)
    assert len(result) == pairs
    assert (result[0].first, result[0].second, result[0].score) == first
    assert all(one.first == one.first.lower() and 0 <= one.score <= 10 for one in result)
