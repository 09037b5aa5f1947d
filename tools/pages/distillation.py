"""The tables of docs/distillation.md."""

from collections.abc import Iterator, Sequence

from decortique.core.findings import interval
from tools.pages.showing import experiment, spread, table


def controls() -> Iterator[str]:
    """Yields what distillation brings: students with and without a teacher."""
    yield from _students(
        {
            "three": "3 layers of the teacher, taught on texts and pieces of texts",
            "three-from-encoder": "… of the encoder",
            "three-alone": "… of the encoder, labels alone",
            "three-alone-longer": "… likewise, three times as many epochs",
            "one": "1 layer of the teacher, likewise",
            "one-hidden": "… taught on texts only",
            "one-words": "… its first layer, with the words as they are",
            "one-from-encoder": "… of the encoder",
            "one-alone": "… of the encoder, labels alone",
            "narrow-svd": "3 layers, half as wide, projected from the teacher; texts only",
            "narrow-random": "3 layers, half as wide, random weights; texts only",
            "static": "static vectors, taught on texts and pieces",
        }
    )
    yield ""
    yield from _differences(
        {
            "three - three-alone": "3 layers: taught, against labels alone",
            "three - three-alone-longer": "3 layers: taught, against labels alone for as many steps",
            "three - three-from-encoder": "3 layers: what its teacher's weights bring, against the encoder's",
            "one - one-alone": "1 layer: taught on texts and pieces, against labels alone",
            "one-hidden - one-alone": "1 layer: taught on texts only, against labels alone",
            "one - one-hidden": "1 layer: what the pieces of texts bring",
            "one - one-words": "1 layer: what the layers below bring, folded into the words",
            "one - one-from-encoder": "1 layer: what its teacher's weights bring, against the encoder's",
            "narrow-svd - narrow-random": "half as wide: what the projection brings, against random weights",
            "one - static": "1 layer against static vectors",
        }
    )
    yield ""
    yield from _differences(
        {
            "three - three-alone": "3 layers: taught, against labels alone",
            "one - one-alone": "1 layer: taught on texts and pieces, against labels alone",
            "one - static": "1 layer against static vectors",
        },
        ("editorials", "products", "tweets"),
    )


def terms() -> Iterator[str]:
    """Yields what each term of the loss brings a student of one layer."""
    yield from _students(
        {
            "one-logits": "labels + softened logits",
            "one-hidden": "… + hidden states of the first token",
            "one-attention": "labels + softened logits + attention maps",
            "one-relations": "labels + softened logits + relations of the batch",
        }
    )
    yield ""
    yield from _differences(
        {
            "one-hidden - one-logits": "hidden states of the first token",
            "one-attention - one-logits": "attention maps",
            "one-relations - one-logits": "relations of the batch",
        }
    )


def rounds() -> Iterator[str]:
    """Yields what happens from generation to generation, at home and away."""
    found = experiment("distillation")["students"]
    lines = (
        ("three", "assistant-2", "assistant-1"),
        ("one-hidden", "again-1", "again-2"),
    )
    sets = list(found["three"]["sets"])
    yield from table(
        [
            "student",
            "taught by",
            *(f"accuracy on {name}" for name in sets),
            *(f"predicts as the transformer on {name}" for name in sets),
            "entropy (nats)",
        ],
        (
            [
                name,
                found[name]["teacher"],
                *(spread(found[name]["sets"][split]["accuracy"]) for split in sets),
                *(spread(found[name]["sets"][split]["agreement_with_ancestor"]) for split in sets),
                spread(found[name]["sets"]["test"]["entropy"]),
            ]
            for line in lines
            for name in line
        ),
    )
    yield ""
    yield from _differences(
        {
            "assistant-1 - one-hidden": "1 layer: through assistants, against straight from the transformer",
            "again-1 - one-hidden": "1 layer: taught by its like from the encoder, against by the transformer",
            "again-2 - again-1": "1 layer: the second generation from the encoder, against the first",
        },
        sets,
    )


def distant() -> Iterator[str]:
    """Yields what students learn from pseudo-labels alone."""
    found = experiment("distillation")["students"]
    kinds = {
        "train-500": "500 training texts",
        "train-2000": "2 000 training texts",
        "train-8000": "8 000 training texts",
        "train-8000-sure": "… of which it is sure",
        "pool": "the pool",
        "pool-sure": "… of which it is sure",
    }
    yield from table(
        ["texts", *(f"labelled by {who}" for who in ("the transformer", "VADER")), "of them learnt from"],
        (
            [
                title,
                *(
                    spread(found[f"{who}-{kind}"]["sets"]["test"]["accuracy"])
                    for who in ("transformer", "off-the-shelf")
                ),
                " and ".join(str(found[f"{who}-{kind}"]["texts"]) for who in ("transformer", "off-the-shelf")),
            ]
            for kind, title in kinds.items()
        ),
    )


def _students(shown: dict[str, str]) -> Iterator[str]:
    found = experiment("distillation")["students"]
    yield from table(
        ["student", "test accuracy", "log-loss", "predicts as the transformer", "on editorials", "products", "tweets"],
        (
            [
                title,
                spread(found[name]["sets"]["test"]["accuracy"]),
                spread(found[name]["sets"]["test"]["log_loss"]),
                spread(found[name]["sets"]["test"]["agreement_with_ancestor"]),
                *(spread(found[name]["sets"][away]["accuracy"]) for away in ("editorials", "products", "tweets")),
            ]
            for name, title in shown.items()
        ),
    )


def _differences(shown: dict[str, str], sets: Sequence[str] = ("test",)) -> Iterator[str]:
    found = experiment("distillation")["differences"]
    yield from table(
        [
            "difference",
            "on",
            *(f"{what}, {over}" for what in ("accuracy", "log-loss") for over in ("over seeds", "over texts")),
        ],
        (
            [
                title,
                split,
                *(
                    interval({**found[name][split][measure][over], "value": found[name][split][measure]["value"]})
                    for measure in ("accuracy", "log_loss")
                    for over in ("seeds", "texts")
                ),
            ]
            for name, title in shown.items()
            for split in sets
        ),
    )
