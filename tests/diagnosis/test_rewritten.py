import numpy as np

from decortique.diagnosis.robustness import distinct_texts, predict_rewritten, rewrite, sample_texts
from tests.diagnosis.made_rewriting import Fake

IDS = [f"t{place}" for place in range(6)]
TEXTS = ["good", "GOOD film", "...", "Bad", "fine", "good"]


def test_only_texts_that_change_and_are_not_emptied_count() -> None:
    found = rewrite("lower", lambda text, _: text.lower().strip("."), IDS, TEXTS, range(6), seed=0)
    assert found.indices.tolist() == [1, 3]
    assert found.before == ["GOOD film", "Bad"]
    assert found.after == ["good film", "bad"]


def test_what_becomes_of_a_text_does_not_depend_on_the_others() -> None:
    def at_random(text: str, draws: np.random.Generator) -> str:
        return f"{text} {draws.integers(10**9)}"

    whole = rewrite("any", at_random, IDS, TEXTS, range(6), seed=0)
    some = rewrite("any", at_random, IDS, TEXTS, [4, 1], seed=0)
    assert some.after == [whole.after[4], whole.after[1]]
    assert len(set(whole.after)) == 6  # equal texts have draws of their own
    assert rewrite("any", at_random, IDS, TEXTS, range(6), seed=1).after != whole.after
    assert rewrite("other", at_random, IDS, TEXTS, range(6), seed=0).after != whole.after


def test_some_texts_are_drawn_in_their_order_and_all_without_a_number() -> None:
    assert sample_texts(5, None, seed=0) == [0, 1, 2, 3, 4]
    found = sample_texts(100, 10, seed=0)
    assert len(set(found)) == 10
    assert found == sorted(found)
    assert found != sample_texts(100, 10, seed=1)


def test_an_approach_reads_each_text_once_and_its_outputs_come_in_order() -> None:
    upper = rewrite("upper", lambda text, _: text.upper(), IDS, TEXTS, range(6), seed=0)
    shouted = rewrite("shouted", lambda text, _: f"{text}!", IDS, TEXTS, range(6), seed=0)
    fake, counts = Fake(lambda text: "good" in text), list[int]()
    found = predict_rewritten({"upper": upper, "shouted": shouted}, fake, counts.append)
    assert len(fake.read) == len(set(fake.read)) == sum(counts)
    assert fake.read == distinct_texts({"upper": upper, "shouted": shouted})
    assert found["upper"].flipped.tolist() == [True, False, False, False, True]  # good, GOOD film, Bad, fine, good
    assert not found["shouted"].flipped.any()
    assert found["upper"].before[:, 1].tolist() == [0.9, 0.1, 0.1, 0.1, 0.9]
