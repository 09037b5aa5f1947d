import numpy as np
import pytest

from decortique.evaluation.decoding import FLOOR, SequencePrior, Streams, run_length_distribution
from tests.evaluation.made_decoding import one_stream


def test_interrupted_steps_are_counted_separately() -> None:
    # Each count has half a text added:
    #   a: 1 →direct 2 →direct 3 →interrupted 5 →direct 6, classes 0 1 1 1 0
    #   b: 4 →direct 5 →interrupted 9, classes 0 0 1
    #   c: 7, class 1
    groups, positions = list("aaaaabbbc"), [1, 2, 3, 5, 6, 4, 5, 9, 7]
    prior = SequencePrior.of(Streams.of(groups, positions), np.array([0, 1, 1, 1, 0, 0, 0, 1, 1]), classes=2)
    np.testing.assert_allclose(prior.start, [2.5 / 4, 1.5 / 4])
    np.testing.assert_allclose(prior.transitions[0], [[1.5 / 3, 1.5 / 3], [1.5 / 3, 1.5 / 3]])
    np.testing.assert_allclose(prior.transitions[1], [[0.5 / 2, 1.5 / 2], [0.5 / 2, 1.5 / 2]])
    assert prior.present == pytest.approx(3.5 / 4)
    np.testing.assert_allclose(prior.length, run_length_distribution([3, 1, 1]))


def test_transitions_of_three_classes_lead_from_row_to_column() -> None:
    prior = SequencePrior.of(one_stream(6), np.array([0, 1, 1, 2, 2, 2]), classes=3)
    np.testing.assert_allclose(
        prior.transitions[0],
        [[0.5 / 2.5, 1.5 / 2.5, 0.5 / 2.5], [0.5 / 3.5, 1.5 / 3.5, 1.5 / 3.5], [0.5 / 3.5, 0.5 / 3.5, 2.5 / 3.5]],
    )
    np.testing.assert_allclose(prior.transitions[1], np.full((3, 3), 1 / 3))  # no interruption
    np.testing.assert_allclose(prior.transitions.sum(axis=2), 1)


def test_unseen_transitions_stay_possible() -> None:
    streams = Streams.of(list("aabb"), [0, 1, 2, 3])
    never, always = (SequencePrior.of(streams, np.full(4, number), classes=2) for number in (0, 1))
    assert never.present == pytest.approx(0.5 / 3)
    assert always.present == pytest.approx(2.5 / 3)
    for prior in (never, always):
        assert (prior.start > 0).all()
        assert (prior.transitions > 0).all()
        assert (prior.length > 0).all()


def test_the_estimate_converges_to_the_true_chain() -> None:
    random = np.random.default_rng(0)
    true = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.7], [0.6, 0.4]]])
    positions = np.cumsum(random.choice([1, 2], size=20_000))
    truth = [0]
    for step in np.diff(positions):
        truth.append(int(random.random() < true[step - 1, truth[-1], 1]))
    prior = SequencePrior.of(Streams.of(["a"] * 20_000, positions.tolist()), np.array(truth), classes=2)
    np.testing.assert_allclose(prior.transitions, true, atol=0.02)


@pytest.mark.parametrize("seen", [[3, 4], [10, 12, 11, 30], [1, 1, 1, 2], [5] * 40 + [40], [200, 7]])
def test_run_lengths_up_to_twice_the_longest_are_possible_and_sum_to_one(seen: list[int]) -> None:
    distribution = run_length_distribution(seen)
    assert len(distribution) == 2 * max(seen)
    assert distribution.sum() == pytest.approx(1)
    assert distribution.min() >= FLOOR / len(distribution) - 1e-12


def test_observed_run_lengths_are_likelier_than_others() -> None:
    distribution = run_length_distribution([18, 19, 20, 20, 20, 21, 22])
    assert distribution.argmax() + 1 == 20
    assert distribution[17:22].sum() > 0.6
    rise, fall = np.diff(distribution[:20]), np.diff(distribution[19:])
    assert (rise >= -1e-12).all()
    assert (fall <= 1e-12).all()


def test_a_mixture_of_short_and_long_runs_has_two_modes() -> None:
    distribution = run_length_distribution([4, 5, 5, 6] * 10 + [49, 50, 50, 51] * 10)
    assert distribution[4] > distribution[24] < distribution[49]


@pytest.mark.parametrize(("seen", "longest"), [([], 2), ([1], 2), ([7], 14), ([7, 7, 7], 14)])
def test_too_few_runs_give_a_uniform_distribution_of_lengths(seen: list[int], longest: int) -> None:
    np.testing.assert_allclose(run_length_distribution(seen), np.full(longest, 1 / longest))
