"""The tables of README.md: which approach is how good, how fast, and by what it learnt."""

from collections.abc import Iterator

from decortique.core.findings import interval
from tools.pages.showing import (
    approaches,
    benchmark,
    evaluation,
    experiment,
    measured,
    p_value,
    rate,
    share,
    table,
    test_rows,
    times,
)

BASELINE = "bag-of-words"


def opinion() -> Iterator[str]:
    """Yields the table of the task `opinion`: approaches down, test measures and transfer accuracies across."""
    metrics = evaluation("opinion")
    transfer = metrics["transfer"]
    yield f"Task `opinion`, {test_rows('opinion')} test examples; accuracy on the transfer sets in the last columns."
    yield ""
    yield from table(
        ["approach", "accuracy", "macro-F1", "ROC-AUC", "log-loss", "p against baseline", *transfer],
        (
            [
                approach,
                *(interval(metrics[approach][measure]) for measure in ("accuracy", "macro_f1", "roc_auc", "log_loss")),
                p_value(metrics["versus"], approach, "holm_p"),
                *(interval(found[approach]["accuracy"]) for found in transfer.values()),
            ]
            for approach in approaches(metrics)
        ),
    )
    yield ""
    for student, found in metrics["retained"].items():
        share = {name: f"{value:.1%}" for name, value in found["accuracy_share"].items()}
        yield (
            f"`{student}` keeps {share['value']} of the accuracy of its teacher `{found['teacher']}` "
            f"({share['low']} to {share['high']}), and predicts as it does on {found['agreement']:.1%} of the examples."
        )
    yield ""
    graded = metrics["graded"]["test"]
    head = graded["transformer"]["intensity"]
    by_probability = ", ".join(
        f"`{name}` {interval(graded[name]['probability']['spearman'])}" for name in approaches(metrics)
    )
    yield (
        f"How strong an opinion is: the transformer's second head ranks the sentences by their grade with a Spearman "
        f"correlation of {interval(head['spearman'])}, and is off by {interval(head['mae'])} on the scale from -4 "
        f"to +4 (who always says the median: {graded['constant']['mae']['value']:.3f}). Ranked by the probability of "
        f"`positive` instead: {by_probability}."
    )


def author() -> Iterator[str]:
    """Yields the tables of the task `author`: sentence by sentence, over the stream, and the controls."""
    metrics, controls = evaluation("author"), measured("validity", "author", "controls")
    yield f"Task `author`, {test_rows('author')} sentences of the third debate."
    yield ""
    yield from table(
        ["sentence by sentence", "accuracy", "F1 of clinton", "average precision", "p against baseline"],
        (
            [
                approach,
                interval(metrics[approach]["accuracy"]),
                interval(metrics[approach]["f1"]["clinton"]),
                interval(metrics[approach]["average_precision"]),
                p_value(metrics["versus"], approach, "holm_p"),
            ]
            for approach in approaches(metrics)
        ),
    )
    yield ""
    decoded = metrics["decoded"]
    yield from table(
        ["over the stream: accuracy", *(method.replace("_", " ") for method in decoded), "p of Viterbi against none"],
        (
            [
                line,
                *(interval(found[line]["accuracy"]) for found in decoded.values()),
                p_value(decoded["viterbi"][line], "versus_none", "holm_p"),
            ]
            for line in decoded["none"]
        ),
    )
    yield ""
    own, random = controls["own_split"], controls["random_split"]
    yield (
        f"Controls of the bag of words: with names and numbers masked it has {interval(own['masked']['accuracy'])} "
        f"instead of {interval(own['as_it_is']['accuracy'])}; on sentences dealt at random it would have claimed "
        f"{interval(random['as_it_is']['accuracy'])}. Of its 200 strongest features of each speaker, "
        + " and ".join(
            f"{shares['function_words']:.0%} are function words and {shares['names']:.0%} names ({label})"
            for label, shares in controls["relies_on"].items()
        )
        + "."
    )


def language() -> Iterator[str]:
    """Yields the table of the language question, from the experiment of that name."""
    found = experiment("language")
    rows, tokens = found["rows"], found["tokens"]
    yield (
        f"{rows['sentences']} sentences of {rows['speeches']} speeches, {rows['rare']} of them Mitterrand's; "
        f"dealt to {' and again to '.join(map(str, found['folds']))} folds of whole speeches. F1 of Mitterrand, all "
        "folds together, intervals and p by speech."
    )
    yield ""
    methods = list(next(iter(found["scores"].values())))
    yield from table(
        [
            "approach",
            *(method.replace("_", " ") for method in methods),
            "one run: mean of folds, by deal",
            "p against baseline",
        ],
        (
            [
                approach,
                *(interval(scores[method]["f1"]["mitterrand"]) for method in methods),
                ", ".join(f"{mean:.3f}" for mean in scores["one_run"]["f1_mean_of_folds"]),
                p_value(scores["one_run"], "versus_bag_of_words", "f1_p"),
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
    found = experiment("adaptation")
    yield from table(
        ["what learns", "weights that learn", "peak memory", "test accuracy", "log-loss", "p against full"],
        (
            [
                mode,
                f"{one['weights_that_learn']:,} ({one['weights_that_learn'] / one['weights']:.1%})".replace(",", " "),
                f"{one['peak_memory_megabytes']} MB",
                interval(one["test"]["accuracy"]),
                interval(one["test"]["log_loss"]),
                p_value(one, "versus_full", "mcnemar_p"),
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
    found = benchmark("shipping")["opinion"]
    teacher = found["transformer"]
    yield from table(
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
                interval(one["accuracy"]),
                share(one.get("share")),
                f"{one['parameters']:,}".replace(",", " ") if "parameters" in one else "",
                f"{one['megabytes']:.1f} MB",
                rate(one["one_at_a_time"]),
                rate(one["batches"]),
                " and ".join(times(one[speed] / teacher[speed]) for speed in ("one_at_a_time", "batches")),
            ]
            for name, one in found.items()
        ),
    )
