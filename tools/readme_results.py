"""Writes the results tables of the pages from what was measured, between their markers."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BASELINE = "bag-of-words"
NO_APPROACH = ("versus", "retained", "graded", "transfer", "decoded")


def opinion() -> Iterator[str]:
    """Yields the table of the task `opinion`: approaches down, test measures and transfer accuracies across."""
    metrics, transfer = _evaluation("opinion"), _evaluation("opinion")["transfer"]
    yield f"Task `opinion`, {_test_rows('opinion')} test examples; accuracy on the transfer sets in the last columns."
    yield ""
    yield from _table(
        ["approach", "accuracy", "macro-F1", "ROC-AUC", "log-loss", "p against baseline", *transfer],
        (
            [
                approach,
                *(_interval(metrics[approach][measure]) for measure in ("accuracy", "macro_f1", "roc_auc", "log_loss")),
                _p(metrics["versus"], approach, "mcnemar_p"),
                *(_interval(found[approach]["accuracy"]) for found in transfer.values()),
            ]
            for approach in _approaches(metrics)
        ),
    )
    yield ""
    for student, found in metrics["retained"].items():
        share = {name: f"{value:.1%}" for name, value in found["accuracy_share"].items()}
        yield (
            f"`{student}` keeps {share['value']} of the accuracy of its teacher `{found['teacher']}` "
            f"({share['low']} to {share['high']}), and decides as it does on {found['agreement']:.1%} of the examples."
        )
    yield ""
    graded = metrics["graded"]["test"]
    head = graded["transformer"]["intensity"]
    by_probability = ", ".join(
        f"`{name}` {_interval(graded[name]['probability']['spearman'])}" for name in _approaches(metrics)
    )
    yield (
        f"How strong an opinion is: the transformer's second head ranks the sentences by their grade with a Spearman "
        f"correlation of {_interval(head['spearman'])}, and is off by {_interval(head['mae'])} on the scale from -4 "
        f"to +4 (who always says the median: {graded['constant']['mae']['value']:.3f}). Ranked by the probability of "
        f"`positive` instead: {by_probability}."
    )


def author() -> Iterator[str]:
    """Yields the tables of the task `author`: sentence by sentence, over the stream, and the controls."""
    metrics, controls = _evaluation("author"), _metrics("validity", "author")
    yield f"Task `author`, {_test_rows('author')} sentences of the third debate."
    yield ""
    yield from _table(
        ["sentence by sentence", "accuracy", "F1 of clinton", "average precision", "p against baseline"],
        (
            [
                approach,
                _interval(metrics[approach]["accuracy"]),
                _interval(metrics[approach]["f1"]["clinton"]),
                _interval(metrics[approach]["average_precision"]),
                _p(metrics["versus"], approach, "accuracy_p"),
            ]
            for approach in _approaches(metrics)
        ),
    )
    yield ""
    decoded = metrics["decoded"]
    yield from _table(
        ["over the stream: accuracy", *(method.replace("_", " ") for method in decoded), "p of Viterbi against none"],
        (
            [
                line,
                *(_interval(found[line]["accuracy"]) for found in decoded.values()),
                _p(decoded["viterbi"][line], "versus_none", "accuracy_p"),
            ]
            for line in decoded["none"]
        ),
    )
    yield ""
    own, random = controls["own_split"], controls["random_split"]
    yield (
        f"Controls of the bag of words: with names and numbers masked it has {_interval(own['masked']['accuracy'])} "
        f"instead of {_interval(own['as_it_is']['accuracy'])}; on sentences dealt at random it would have claimed "
        f"{_interval(random['as_it_is']['accuracy'])}. Of its 200 strongest features of each speaker, "
        + " and ".join(
            f"{shares['function_words']:.0%} are function words and {shares['names']:.0%} names ({label})"
            for label, shares in controls["relies_on"].items()
        )
        + "."
    )


def language() -> Iterator[str]:
    """Yields the table of the language question, from the experiment of that name."""
    found = _experiment("language")
    rows, tokens = found["rows"], found["tokens"]
    yield (
        f"{rows['sentences']} sentences of {rows['speeches']} speeches, {rows['rare']} of them Mitterrand's; "
        f"dealt to {' and again to '.join(map(str, found['folds']))} folds of whole speeches. F1 of Mitterrand, all "
        "folds together, intervals and p by speech."
    )
    yield ""
    methods = list(next(iter(found["scores"].values())))
    yield from _table(
        [
            "approach",
            *(method.replace("_", " ") for method in methods),
            "one run: mean of folds, by deal",
            "p against baseline",
        ],
        (
            [
                approach,
                *(_interval(scores[method]["f1"]["mitterrand"]) for method in methods),
                ", ".join(f"{mean:.3f}" for mean in scores["one_run"]["f1_mean_of_folds"]),
                _p(scores["one_run"], "versus_bag_of_words", "f1_p"),
            ]
            for approach, scores in found["scores"].items()
        ),
    )
    yield ""
    for encoder, cost in tokens.items():
        yield (
            f"- `{encoder}` cuts French into {cost['fertility']:.2f} tokens a word, {cost['unknown']:.2%} of them "
            f"unknown; {cost['truncated']:.1%} of the sentences are truncated."
        )
    claimed = found["bag_of_words_f1_by_split"]
    yield (
        f"- A random split of sentences would have claimed an F1 of {claimed['random_split']:.3f} for the bag of words "
        f"that has {claimed['own_split']:.3f} on speeches kept apart (mean of the folds)."
    )


def adaptation() -> Iterator[str]:
    """Yields the table of the ways to adapt an encoder, from the experiment of that name."""
    found = _experiment("adaptation")
    yield from _table(
        ["what learns", "weights that learn", "peak memory", "test accuracy", "log-loss", "p against full"],
        (
            [
                mode,
                f"{one['weights_that_learn']:,} ({one['weights_that_learn'] / one['weights']:.1%})".replace(",", " "),
                f"{one['peak_memory_megabytes']} MB",
                _interval(one["test"]["accuracy"]),
                _interval(one["test"]["log_loss"]),
                _p(one, "versus_full", "mcnemar_p"),
            ]
            for mode, one in found.items()
        ),
    )
    yield ""
    yield (
        "Learning rates: of two each, those that validation chose, and params.yaml's for the last two ("
        + ", ".join(f"{mode}: {one['learning_rate']:g}" for mode, one in found.items())
        + "). Peak memory is that of the whole process, PyTorch included."
    )


def shipping() -> Iterator[str]:
    """Yields the table to ship by, from the benchmark of that name."""
    found = json.loads((ROOT / "benchmarks" / "shipping.json").read_text(encoding="utf-8"))["opinion"]
    teacher = found["transformer"]
    yield from _table(
        [
            "model",
            "accuracy",
            "share of its teacher's",
            "parameters",
            "on disk",
            "sentences/s, one at a time",
            "32 at once",
            "× the transformer",
        ],
        (
            [
                name,
                _interval(one["accuracy"]),
                _share(one.get("share")),
                f"{one['parameters']:,}".replace(",", " ") if "parameters" in one else "",
                f"{one['megabytes']:.1f} MB",
                _speed(one["one_at_a_time"]),
                _speed(one["batches"]),
                " and ".join(_times(one[speed] / teacher[speed]) for speed in ("one_at_a_time", "batches")),
            ]
            for name, one in found.items()
        ),
    )


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
    found = _experiment("distillation")["students"]
    lines = (
        ("three", "assistant-2", "assistant-1"),
        ("one-hidden", "again-1", "again-2"),
    )
    sets = list(found["three"]["sets"])
    yield from _table(
        [
            "student",
            "taught by",
            *(f"accuracy on {name}" for name in sets),
            *(f"decides as the transformer on {name}" for name in sets),
            "entropy (nats)",
        ],
        (
            [
                name,
                found[name]["teacher"],
                *(_spread(found[name]["sets"][split]["accuracy"]) for split in sets),
                *(_spread(found[name]["sets"][split]["agreement_with_ancestor"]) for split in sets),
                _spread(found[name]["sets"]["test"]["entropy"]),
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
    found = _experiment("distillation")["students"]
    kinds = {
        "train-500": "500 training texts",
        "train-2000": "2 000 training texts",
        "train-8000": "8 000 training texts",
        "train-8000-sure": "… of which it is sure",
        "pool": "the pool",
        "pool-sure": "… of which it is sure",
    }
    yield from _table(
        ["texts", *(f"labelled by {who}" for who in ("the transformer", "VADER")), "of them learnt from"],
        (
            [
                title,
                *(_spread(found[f"{who}-{kind}"]["sets"]["test"]["accuracy"]) for who in ("transformer", "retrieved")),
                " and ".join(str(found[f"{who}-{kind}"]["texts"]) for who in ("transformer", "retrieved")),
            ]
            for kind, title in kinds.items()
        ),
    )


def _students(shown: dict[str, str]) -> Iterator[str]:
    found = _experiment("distillation")["students"]
    yield from _table(
        ["student", "test accuracy", "log-loss", "decides as the transformer", "on editorials", "products", "tweets"],
        (
            [
                title,
                _spread(found[name]["sets"]["test"]["accuracy"]),
                _spread(found[name]["sets"]["test"]["log_loss"]),
                _spread(found[name]["sets"]["test"]["agreement_with_ancestor"]),
                *(_spread(found[name]["sets"][away]["accuracy"]) for away in ("editorials", "products", "tweets")),
            ]
            for name, title in shown.items()
        ),
    )


def _differences(shown: dict[str, str], sets: Sequence[str] = ("test",)) -> Iterator[str]:
    found = _experiment("distillation")["differences"]
    yield from _table(
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
                    _interval({**found[name][split][measure][over], "value": found[name][split][measure]["value"]})
                    for measure in ("accuracy", "log_loss")
                    for over in ("seeds", "texts")
                ),
            ]
            for name, title in shown.items()
            for split in sets
        ),
    )


def loader() -> Iterator[str]:
    """Yields what the loader saves."""
    found = _experiment("schedules")
    random, sorted_ = found["padding"].values()
    yield (
        f"Of {found['sentences']} film sentences in batches of {found['batch_size']}, {random:.1%} of the tokens are "
        f"padding if texts come at random, {sorted_:.1%} with this loader."
    )


def optimizer() -> Iterator[str]:
    """Yields the validation scores by optimiser."""
    yield from _trainings("optimizer", _experiment("schedules")["optimizers"])


def scheduler() -> Iterator[str]:
    """Yields the validation scores by scheduler."""
    yield from _trainings("scheduler", _experiment("schedules")["schedulers"])


def _trainings(what: str, found: dict[str, Any]) -> Iterator[str]:
    epochs = range(1, len(next(iter(found.values()))) + 1)
    yield from _table(
        [what, *(f"{measure}, epoch {epoch}" for epoch in epochs for measure in ("accuracy", "log-loss"))],
        (
            [name, *(f"{scores[measure]:.3f}" for scores in validation for measure in ("accuracy", "log_loss"))]
            for name, validation in found.items()
        ),
    )


Texts = dict[str, Callable[[], Iterator[str]]]
PAGES: dict[str, Texts] = {
    "README.md": {
        "opinion": opinion,
        "author": author,
        "language": language,
        "adaptation": adaptation,
        "shipping": shipping,
    },
    "docs/distillation.md": {"controls": controls, "terms": terms, "rounds": rounds, "distant": distant},
    "docs/training.md": {"loader": loader, "optimizer": optimizer, "scheduler": scheduler},
}


def updated(readme: str, texts: Texts = PAGES["README.md"]) -> str:
    """Gives a page with the texts between their markers."""
    for name, text in texts.items():
        start, end = f"<!-- {name}: written by `make readme` -->", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(readme):
            sys.exit(f"the page has no place for the results of {name}: put {start} and {end} into it")
        filled = "\n".join([start, *text(), end])
        readme = pattern.sub(lambda _, filled=filled: filled, readme)  # type: ignore[misc]
    return readme


def _evaluation(task: str) -> dict[str, Any]:
    return _metrics("evaluate", task)


def _metrics(stage: str, task: str) -> dict[str, Any]:
    return json.loads((ROOT / "metrics" / stage / f"{task}.json").read_text(encoding="utf-8"))


def _experiment(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "experiments" / f"{name}.json").read_text(encoding="utf-8"))


def _test_rows(task: str) -> int:
    return _metrics("prepare", task)["rows"]["test"]["all"]


def _approaches(metrics: dict[str, Any]) -> list[str]:
    return [name for name in metrics if name not in NO_APPROACH]


def _table(heading: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield "|---" * len(heading) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _interval(score: dict[str, float]) -> str:
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def _spread(score: dict[str, float]) -> str:
    """Shows the mean over seeds, and the least and the greatest."""
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _share(score: dict[str, float] | None) -> str:
    return f"{score['value']:.1%} [{score['low']:.1%}, {score['high']:.1%}]" if score else ""


def _speed(sentences: float) -> str:
    """Shows a speed with no more digits than it is known to."""
    return f"{float(f'{sentences:.3g}'):,.0f}".replace(",", " ")


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def _p(tests: dict[str, Any], name: str, test: str) -> str:
    """Shows a p-value; nothing where an approach is not compared with itself."""
    if name not in tests:
        return ""
    value = tests[name][test]
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def main() -> None:
    """Rewrites the pages."""
    for name, texts in PAGES.items():
        path = ROOT / name
        path.write_text(updated(path.read_text(encoding="utf-8"), texts), encoding="utf-8")
        sys.stderr.write(f"{name}: results written\n")


if __name__ == "__main__":
    main()
