import socket

import numpy as np
import pytest

from decortique.summarization.groups import RANKERS, nearest_to_centroid, rank_sentences, rankers
from tests.summarization.made_summaries import BATTERY, FRENCH, PRICE, REVIEWS

FILMS = [
    "Le film est une histoire.",
    "L'histoire d'un film.",
    "Les films racontent des histoires.",
    "La pluie tombe.",
    "Il fait froid en été.",
    "Les histoires des films, la pluie.",
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every network connection fail."""

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_sentences_nearest_to_the_centre_match_a_calculation_by_hand() -> None:
    vectors = np.array([[0.0, 1], [0.8, 0.6], [1, 0], [0.6, 0.8], [1, 0]])  # mean (0.68, 0.48)
    assert nearest_to_centroid(vectors, 1) == [1]
    assert nearest_to_centroid(vectors, 2) == [1, 3]
    assert nearest_to_centroid(vectors, 3) == [1, 2, 3]  # of two equal ones, the first
    assert nearest_to_centroid(vectors, 9) == [0, 1, 2, 3, 4]
    short = np.array([True, False, True, True, True])
    assert nearest_to_centroid(vectors, 2, short) == [2, 3]  # the centre stays that of all


@pytest.mark.parametrize("name", RANKERS)
@pytest.mark.parametrize(("texts", "language"), [(REVIEWS, "en"), (FRENCH, "fr"), ([*REVIEWS, *FRENCH], "fr")])
def test_rankers_need_no_network_and_return_indices_in_order(
    offline: None, name: str, texts: list[str], language: str
) -> None:
    indices = rank_sentences(name, texts, 3, language)
    assert len(set(indices)) == 3
    assert indices == sorted(indices)
    assert set(indices) <= set(range(len(texts)))
    assert indices == rank_sentences(name, texts, 3, language)


@pytest.mark.parametrize("name", RANKERS)
def test_a_ranker_chooses_sentences_that_share_words_with_many(offline: None, name: str) -> None:
    texts = ["Blue sky above.", *PRICE[:1], *BATTERY, "Green grass below."]
    assert set(rank_sentences(name, texts, 2, "en")) <= set(range(2, 8))


@pytest.mark.parametrize("name", RANKERS)
def test_french_words_are_stemmed_in_french(offline: None, name: str) -> None:
    """`film` and `films`, `histoire` and `histoires` are one word each, `la` and `des` are none."""
    indices = rank_sentences(name, FILMS, 3, "fr")
    assert set(indices) <= {0, 1, 2, 5}
    assert indices != rank_sentences(name, FILMS, 3, "en")


@pytest.mark.parametrize("name", RANKERS)
def test_repeated_sentences_have_an_index_each(offline: None, name: str) -> None:
    texts = [BATTERY[0], "Something else altogether.", BATTERY[0], BATTERY[0], "the battery lasts two days"]
    assert rank_sentences(name, texts, 5, "en") == [0, 1, 2, 3, 4]
    assert len(set(rank_sentences(name, texts, 3, "en"))) == 3


@pytest.mark.parametrize("name", RANKERS)
@pytest.mark.parametrize(
    "texts", [[], ["One."], ["...", "?!", ""], ["film"] * 4, ["the", "it is"], ["film film film", "Film", "..."]]
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")  # sumy's, of no words at all
def test_a_ranker_handles_very_few_sentences(offline: None, name: str, texts: list[str]) -> None:
    assert rank_sentences(name, texts, 2, "en") == sorted(set(rank_sentences(name, texts, 2, "en")))
    assert len(rank_sentences(name, texts, 2, "en")) == min(2, len(texts))


def test_a_language_without_rankers_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert rankers("en") == rankers("fr") == list(RANKERS)
    assert not caplog.records
    assert rankers("xx") == []
    assert "no LexRank and no TextRank in 'xx'" in caplog.text
