import numpy as np

from decortique.words.senses import Sense, indices_by_word, induce_senses, neighbour_table
from tests.words.made import vectors
from tests.words.made_representations import BOOTSTRAP

SENSES = [
    Sense(word, sense, f"{word} {sense} {number}")
    for word in ("bank", "bat")
    for sense in ("one", "two")
    for number in range(8)
]
STATIC = {"glove": vectors({"one": [1.0, 0.0], "two": [0.0, 1.0], "bank": [1.0, 1.0], "money": [1.0, 0.9]})}
DIRECTIONS = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]])
OUTPUTS = np.array([DIRECTIONS[int(sense.sense == "two")] for sense in SENSES])
STATES = np.stack([np.ones((32, 4)) + 0.01 * np.eye(4)[np.arange(32) % 4], np.ones((32, 4)) + OUTPUTS])


def test_a_layer_that_knows_the_sense_is_distinguished_from_one_that_does_not() -> None:
    result = induce_senses(STATES, SENSES, STATIC, BOOTSTRAP, seed=0)
    assert (result["words"], result["sentences"]) == (2, 32)
    assert result["vectors"]["layer 1"]["adjusted_rand"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert result["vectors"]["layer 0"]["adjusted_rand"]["value"] < 0.5
    # The other words of the text name the sense here.
    assert result["vectors"]["glove, mean of the text"]["v_measure"]["value"] == 1.0


def test_senses_near_the_same_word_differ_in_their_distinctive_words() -> None:
    candidates = ["like-both", "like-one", "like-two", "bank"]
    bare = np.array([[1.0, 1, 1, 1], [1.0, 0, 0, 0.5], [0, 1.0, 0, 0.5], [2.0, 2, 2, 2]])
    table = neighbour_table(STATES[1], SENSES, candidates, bare, STATIC, 1)
    senses = table["bank"]["senses"]
    assert [senses[sense]["nearest"] for sense in ("one", "two")] == [["like-both"], ["like-both"]]
    assert [senses[sense]["sets_apart"] for sense in ("one", "two")] == [["like-one"], ["like-two"]]
    assert table["bank"]["static"] == {"glove": []}  # none of the candidates has such a vector


def test_static_neighbours_do_not_depend_on_the_sense() -> None:
    bare = np.eye(4)[:3]
    table = neighbour_table(STATES[1], SENSES, ["one", "money", "bank"], bare, STATIC, 2)
    assert table["bank"]["static"]["glove"] == ["money", "one"]
    assert table["bat"]["static"]["glove"] == []


def test_sentences_are_gathered_by_word() -> None:
    assert {word: len(indices) for word, indices in indices_by_word(SENSES).items()} == {"bank": 16, "bat": 16}
