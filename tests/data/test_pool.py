import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.splitting import RUN, clean_pool

SENTENCE = "one of the finest films that anybody made last year"
LABELLED = ["train", "validation", "test"]


def rows(*texts: str) -> list[Row]:
    return [Row(f"r{number}", text, None, None, "g", number) for number, text in enumerate(texts)]


def kept(pool: list[str], **splits: list[str]) -> tuple[list[str], int, int]:
    texts, duplicates, overlaps = clean_pool(
        rows(*pool), {name.replace("_", "-"): rows(*texts) for name, texts in splits.items()}
    )
    return [row.text for row in texts], duplicates, overlaps


@pytest.mark.parametrize("split", [*LABELLED, "transfer_far", "unlabelled"])
def test_no_text_that_is_evaluated_on_reaches_training_through_a_pool(split: str) -> None:
    assert kept(["Dull!", "dull", "new"], **{split: ["DULL."]}) == (["new"], 2, 0)


@pytest.mark.parametrize("split", LABELLED)
@pytest.mark.parametrize(
    "text",
    [
        f"“{SENTENCE.capitalize()},” says Smith.",  # a quotation of all of it
        "The finest films that anybody made -- ever.",  # and of a part
        "One of the finest films that anybodymade last year.",  # a space was lost on the way
    ],
)
def test_a_pool_text_that_quotes_an_evaluated_text_is_removed(split: str, text: str) -> None:
    quoted = [f"{SENTENCE} and one of the finest films that", "other"]
    assert kept([text, "new"], **{split: quoted}) == (["new"], 0, 1)


def test_a_common_phrase_is_not_a_quotation() -> None:
    phrase = " ".join(SENTENCE.split()[: RUN - 1])
    assert kept([f"{phrase} ever"], test=[SENTENCE]) == ([f"{phrase} ever"], 0, 0)


def test_a_text_too_short_to_be_recognised_by_a_part_is_compared_as_a_whole() -> None:
    assert kept(["the finest films", "One of the finest films"], test=[SENTENCE, "The finest films!"]) == (
        ["One of the finest films"],
        1,
        0,
    )


def test_a_quotation_of_a_transfer_text_may_stay_in_the_pool() -> None:
    """A transfer set is of another kind of text; only an exact copy would leak it."""
    assert kept([f"{SENTENCE} ever"], transfer_far=[SENTENCE]) == ([f"{SENTENCE} ever"], 0, 0)


def test_the_first_of_repeated_texts_stays() -> None:
    assert kept(["One", "two", "one!", ":)", ":(", ":)"], test=["three"]) == (["One", "two", ":)", ":("], 2, 0)


def test_a_text_removed_as_a_quotation_counts_as_a_repetition_afterwards() -> None:
    assert kept([f"{SENTENCE} ever", f"{SENTENCE}, ever!", "new"], test=[SENTENCE]) == (["new"], 1, 1)


def test_a_pool_without_new_texts_is_refused() -> None:
    with pytest.raises(StageError, match="all 2 texts of the pool stand in another split"):
        kept(["one", "One."], train=["one"])
