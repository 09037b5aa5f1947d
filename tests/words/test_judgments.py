import pytest

from decortique.words.similarity import read_judgments


@pytest.mark.parametrize(
    ("name", "pairs", "first"), [("wordsim353", 353, ("love", "sex", 6.77)), ("simlex999", 999, ("old", "new", 1.58))]
)
def test_each_set_is_read_whole(name: str, pairs: int, first: tuple[str, str, float]) -> None:
    found = read_judgments(name)
    assert len(found) == pairs
    assert (found[0].first, found[0].second, found[0].score) == first
    assert all(one.first == one.first.lower() and 0 <= one.score <= 10 for one in found)
