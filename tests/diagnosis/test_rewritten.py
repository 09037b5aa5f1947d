import numpy as np

from decortique.diagnosis.rewriting import answers, distinct, drawn, rewritten
from tests.diagnosis.made_rewriting import Fake

IDS = [f"t{place}" for place in range(6)]
TEXTS = ["good", "GOOD film", "...", "Bad", "fine", "good"]


def test_only_texts_that_change_and_are_not_emptied_count() -> None:
    found = rewritten("lower", lambda text, _: text.lower().strip("."), IDS, TEXTS, range(6), seed=0)
    assert found.places.tolist() == [1, 3]
    assert found.before == ["GOOD film", "Bad"]
    assert found.after == ["good film", "bad"]


def test_what_becomes_of_a_text_does_not_hang_on_the_others() -> None:
    def by_lot(text: str, draws: np.random.Generator) -> str:
        return f"{text} {draws.integers(10**9)}"

    whole = rewritten("lot", by_lot, IDS, TEXTS, range(6), seed=0)
    some = rewritten("lot", by_lot, IDS, TEXTS, [4, 1], seed=0)
    assert some.after == [whole.after[4], whole.after[1]]
    assert len(set(whole.after)) == 6  # equal texts have draws of their own
    assert rewritten("lot", by_lot, IDS, TEXTS, range(6), seed=1).after != whole.after
    assert rewritten("other", by_lot, IDS, TEXTS, range(6), seed=0).after != whole.after


def test_some_texts_are_drawn_in_their_order_and_all_without_a_number() -> None:
    assert drawn(5, None, seed=0) == [0, 1, 2, 3, 4]
    found = drawn(100, 10, seed=0)
    assert len(set(found)) == 10
    assert found == sorted(found)
    assert found != drawn(100, 10, seed=1)


def test_an_approach_reads_each_text_once_and_its_answers_come_in_order() -> None:
    upper = rewritten("upper", lambda text, _: text.upper(), IDS, TEXTS, range(6), seed=0)
    shouted = rewritten("shouted", lambda text, _: f"{text}!", IDS, TEXTS, range(6), seed=0)
    fake, told = Fake(lambda text: "good" in text), list[int]()
    found = answers({"upper": upper, "shouted": shouted}, fake, told.append)
    assert len(fake.read) == len(set(fake.read)) == sum(told)
    assert fake.read == distinct({"upper": upper, "shouted": shouted})
    assert found["upper"].flipped.tolist() == [True, False, False, False, True]  # good, GOOD film, Bad, fine, good
    assert not found["shouted"].flipped.any()
    assert found["upper"].before[:, 1].tolist() == [0.9, 0.1, 0.1, 0.1, 0.9]
