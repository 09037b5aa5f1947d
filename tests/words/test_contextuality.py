import numpy as np
import pytest

from decortique.words.contextuality import (
    MEASURES,
    SampleStates,
    baselines,
    contextuality,
    self_similarity,
    values_by_word,
)
from decortique.words.corpus import CONTENT_WORDS, PRONOUNS, STOP_WORDS, StudiedWords
from tests.words.made_representations import BOOTSTRAP

RANDOM = np.random.default_rng(0)
LAYERS, OCCURRENCES, WIDTH = 3, 8, 30
PRONOUN = [f"pronoun{number}" for number in range(6)]
CONTENT = [f"content{number}" for number in range(6)]
WORDS = [*PRONOUN, *CONTENT]
GROUPS = {PRONOUNS: PRONOUN, STOP_WORDS: [], CONTENT_WORDS: CONTENT}
STUDIED = StudiedWords(
    GROUPS, dict(zip(PRONOUN, CONTENT, strict=True)), {word: word for word in WORDS}, dict.fromkeys(WORDS, 9)
)


def states() -> np.ndarray:
    """Return states in which context counts more in deeper layers, and twice as much for pronouns."""
    own = RANDOM.normal(size=(len(WORDS), LAYERS, 1, WIDTH))
    noise = RANDOM.normal(size=(len(WORDS), LAYERS, OCCURRENCES, WIDTH))
    depth = np.arange(LAYERS).reshape(1, -1, 1, 1) * 0.4 + 0.2
    kind = np.array([2.0] * 6 + [1.0] * 6).reshape(-1, 1, 1, 1)
    return own + depth * kind * noise


READ = SampleStates(
    WORDS,
    states(),
    RANDOM.normal(size=(len(WORDS), LAYERS, OCCURRENCES, WIDTH)),
    [WORDS[number % 20] if number % 20 < len(WORDS) else "another" for number in range(64)],
    RANDOM.normal(size=(LAYERS, 64, WIDTH)) + 1.0,
    RANDOM.normal(size=(LAYERS, 64, WIDTH)) + 1.0,
    np.empty((LAYERS, 0, WIDTH)),
    0.0,
)
BARE = RANDOM.normal(size=(LAYERS, len(WORDS), WIDTH))
VALUES = values_by_word(READ, BARE)
RESULT = contextuality(READ, BARE, VALUES, STUDIED, BOOTSTRAP)


def test_each_word_has_each_measure_at_each_layer() -> None:
    assert {name: values.shape for name, values in VALUES.items()} == dict.fromkeys(MEASURES, (len(WORDS), LAYERS))
    alone, there = BARE[2, 3], READ.states[3, 2]
    cosines = there @ alone / np.linalg.norm(there, axis=1) / np.linalg.norm(alone)
    assert VALUES["out_of_context"][3, 2] == pytest.approx(cosines.mean())
    rest = READ.rest[3, 2]
    cosines = (there * rest).sum(axis=1) / np.linalg.norm(there, axis=1) / np.linalg.norm(rest, axis=1)
    assert VALUES["intra_sentence"][3, 2] == pytest.approx(cosines.mean())


def test_the_value_of_random_words_is_subtracted() -> None:
    random = baselines(READ, BARE, BOOTSTRAP)
    assert random["self_similarity"][1].value == pytest.approx(self_similarity(READ.random[1]))
    for measure in ("self_similarity", "explained_variance"):
        result = RESULT["measures"][measure][PRONOUNS]["1"]
        assert result["raw"]["value"] - result["corrected"]["value"] == pytest.approx(random[measure][1].value)
        assert result["corrected"]["low"] < result["corrected"]["value"] < result["corrected"]["high"]
    # Eight random words are compared with a word's eight occurrences: fewer would be explained better.
    assert 0.3 < random["explained_variance"][0].value < 0.9


def test_each_measure_is_corrected_by_that_of_unrelated_words() -> None:
    random = baselines(READ, BARE, BOOTSTRAP)
    of_any, alone, elsewhere = READ.random[2], BARE[2], READ.random_rest[2]
    cosines = [
        [
            one @ other / np.linalg.norm(one) / np.linalg.norm(other)
            for word, other in zip(WORDS, alone, strict=True)
            if word != form
        ]
        for form, one in zip(READ.random_forms, of_any, strict=True)
    ]
    assert random["out_of_context"][2].value == pytest.approx(np.mean([np.mean(several) for several in cosines]))
    shifted = [
        one @ other / np.linalg.norm(one) / np.linalg.norm(other)
        for one, other in zip(of_any, np.roll(elsewhere, 1, axis=0), strict=True)
    ]
    assert random["intra_sentence"][2].value == pytest.approx(np.mean(shifted))
    # Texts here have nothing to do with their words: no word is nearer to its own.
    assert all(abs(one["value"]) < 0.1 for one in RESULT["sentences"].values())


def test_words_are_compared_with_words_of_similar_frequency() -> None:
    compared = RESULT["compared"]["self_similarity"][PRONOUNS]
    assert compared["pairs"] == 6
    difference = VALUES["self_similarity"][:6, 2].mean() - VALUES["self_similarity"][6:, 2].mean()
    assert compared["layers"]["2"]["value"] == pytest.approx(difference)
    assert compared["layers"]["2"]["high"] < 0
    assert compared["layers"]["2"]["wilcoxon_p"] == pytest.approx(2 / 2**6)
    assert compared["layers"]["2"]["holm_p"] == pytest.approx(3 * 2 / 2**6)
    assert STOP_WORDS not in RESULT["compared"]["self_similarity"]  # there are none


def test_a_decrease_with_depth_is_measured() -> None:
    assert RESULT["depth"]["self_similarity"]["all"]["value"] == pytest.approx(-1.0)
    assert set(RESULT["measures"]["self_similarity"]) == {"all", PRONOUNS, CONTENT_WORDS}
