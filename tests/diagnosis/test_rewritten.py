import numpy as np

from decortique.diagnosis.robustness import distinct_texts, predict_rewritten, rewrite, sample_texts
from tests.diagnosis.made_rewriting import Fake

IDS = [f"t{index}" for index in range(6)]
TEXTS = ["good", "GOOD film", "...", "Bad", "fine", "good"]


def test_only_texts_that_change_and_are_not_emptied_count() -> None:
    result = rewrite("lower", lambda text, _: text.lower().strip("."), IDS, TEXTS, range(6), seed=0)
    assert result.indices.tolist() == [1, 3]
    assert result.before == ["GOOD film", "Bad"]
    assert result.after == ["good film", "bad"]


def test_the_rewrite_of_a_text_does_not_depend_on_other_texts() -> None:
    def at_random(text: str, draws: np.random.Generator) -> str:
        return f"{text} {draws.integers(10**9)}"

    whole = rewrite("any", at_random, IDS, TEXTS, range(6), seed=0)
    some = rewrite("any", at_random, IDS, TEXTS, [4, 1], seed=0)
    assert some.after == [whole.after[4], whole.after[1]]
    assert len(set(whole.after)) == 6  # equal texts have their own random numbers
    assert rewrite("any", at_random, IDS, TEXTS, range(6), seed=1).after != whole.after
    assert rewrite("other", at_random, IDS, TEXTS, range(6), seed=0).after != whole.after


def test_a_sample_keeps_the_order_and_holds_all_texts_without_a_number() -> None:
    assert sample_texts(5, None, seed=0) == [0, 1, 2, 3, 4]
    sample = sample_texts(100, 10, seed=0)
    assert len(set(sample)) == 10
    assert sample == sorted(sample)
    assert sample != sample_texts(100, 10, seed=1)


def test_an_approach_reads_each_text_once_and_its_outputs_come_in_order() -> None:
    upper = rewrite("upper", lambda text, _: text.upper(), IDS, TEXTS, range(6), seed=0)
    shouted = rewrite("shouted", lambda text, _: f"{text}!", IDS, TEXTS, range(6), seed=0)
    fake, counts = Fake(lambda text: "good" in text), list[int]()
    result = predict_rewritten({"upper": upper, "shouted": shouted}, fake, counts.append)
    assert len(fake.read) == len(set(fake.read)) == sum(counts)
    assert fake.read == distinct_texts({"upper": upper, "shouted": shouted})
    assert result["upper"].flipped.tolist() == [True, False, False, False, True]  # good, GOOD film, Bad, fine, good
    assert not result["shouted"].flipped.any()
    assert result["upper"].before[:, 1].tolist() == [0.9, 0.1, 0.1, 0.1, 0.9]
