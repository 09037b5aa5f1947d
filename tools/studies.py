"""Tables over the results of `experiments/` and `benchmarks/`, which are not part of a run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from decortique.core.findings import (
    Finding,
    Table,
    decimal,
    format_p,
    interval,
    percent,
    signed,
    spread,
    thousands,
)

Blocks = Iterable[Finding | Table | str]


def experiment(name: str) -> Any:
    """Return the results of an experiment."""
    return json.loads(Path("experiments", f"{name}.json").read_text(encoding="utf-8"))


def benchmark(name: str) -> Any:
    """Return the results of a benchmark."""
    return json.loads(Path("benchmarks", f"{name}.json").read_text(encoding="utf-8"))


def speed(per_second: float) -> str:
    """Return a speed with three digits: it is not known better."""
    return thousands(float(f"{per_second:.3g}"))


def ratio(value: float) -> str:
    """Return how many times as large something is, with two digits: it is not known better."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def language() -> Blocks:
    """Return the experiment `language`: French speeches with a French and an English encoder."""
    results = experiment("language")
    rows, tokens, claimed = results["rows"], results["tokens"], results["bag_of_words_f1_by_split"]
    methods = list(next(iter(results["scores"].values())))
    heading = [*(method.replace("_", " ") for method in methods), "one run: mean of folds, by split"]
    table = Table(
        ["approach", *heading, "p against baseline"],
        [
            [
                approach,
                *(interval(scores[method]["f1"]["mitterrand"]) for method in methods),
                ", ".join(decimal(mean) for mean in scores["one_run"]["f1_mean_of_folds"]),
                format_p(test["f1_p"]) if (test := scores["one_run"].get("versus_bag_of_words")) else "",
            ]
            for approach, scores in results["scores"].items()
        ],
        f"{thousands(rows['sentences'])} sentences of {rows['speeches']} speeches, {thousands(rows['rare'])} of them "
        f"Mitterrand's; split into {' and again into '.join(map(str, results['folds']))} folds of whole speeches. F1 "
        "of Mitterrand, all folds together, intervals and p by speech.",
    )
    costs = [
        f"- `{encoder}` cuts French into {decimal(cost['fertility'], 2)} tokens a word, {percent(cost['unknown'], 2)} "
        f"of them unknown; {percent(cost['truncated'])} of the sentences are truncated."
        for encoder, cost in tokens.items()
    ]
    costs.append(
        f"- A random split of sentences would have claimed an F1 of {decimal(claimed['random_split'])} for the bag of "
        f"words that has {decimal(claimed['own_split'])} on separate speeches (mean of the folds)."
    )
    return [table, "\n".join(costs)]


def adaptation() -> Blocks:
    """Return the experiment `adaptation`: what of the encoder is trained."""
    results = experiment("adaptation")
    table = Table(
        ["what is trained", "trainable weights", "peak memory", "test accuracy", "log-loss", "p against full"],
        [
            [
                mode,
                f"{thousands(one['trained_weights'])} ({percent(one['trained_weights'] / one['weights'])})",
                f"{one['peak_memory_megabytes']} MB",
                interval(one["test"]["accuracy"]),
                interval(one["test"]["log_loss"]),
                format_p(one["versus_full"]["mcnemar_p"]) if "versus_full" in one else "",
            ]
            for mode, one in results.items()
        ],
        "",
    )
    rates = ", ".join(f"{mode}: {one['learning_rate']:g}" for mode, one in results.items())
    note = (
        f"Learning rates: of two each, the one that validation chose, and params.yaml's for the last two ({rates}). "
        "Peak memory is that of the whole process, PyTorch included."
    )
    return [table, note]


def shipping() -> Blocks:
    """Return the benchmark `shipping`: accuracy, size and speed of each model."""
    results = benchmark("shipping")["opinion"]
    transformer, speeds = results["transformer"], ("one_at_a_time", "batches")
    heading = ["model", "accuracy", "share of its teacher's", "parameters", "on disk"]
    return [
        Table(
            [*heading, "sentences/s, one at a time", "32 at once", "× the transformer"],
            [
                [
                    name,
                    interval(one["accuracy"]),
                    percent(one["share"]) if "share" in one else "",
                    thousands(one["parameters"]) if "parameters" in one else "",
                    f"{decimal(one['megabytes'], 1)} MB",
                    *(speed(one[kind]) for kind in speeds),
                    " and ".join(ratio(one[kind] / transformer[kind]) for kind in speeds),
                ]
                for name, one in results.items()
            ],
            "",
        )
    ]


def loader() -> Blocks:
    """Return how much padding the loader saves."""
    results = experiment("schedules")
    random, by_length = results["padding"].values()
    batches = f"{results['sentences']} film sentences in batches of {results['batch_size']}"
    shares = f"{percent(random)} of the tokens are padding if texts are shuffled, {percent(by_length)} with this loader"
    return [f"Of {batches}, {shares}."]


def validation_scores(kind: str) -> Blocks:
    """Return the validation scores of the experiment `schedules` by optimizer or by scheduler."""
    results = experiment("schedules")[f"{kind}s"]
    epochs = range(1, len(next(iter(results.values()))) + 1)
    heading = [f"{measure}, epoch {epoch}" for epoch in epochs for measure in ("accuracy", "log-loss")]
    rows = [
        [name, *(decimal(scores[measure]) for scores in validation for measure in ("accuracy", "log_loss"))]
        for name, validation in results.items()
    ]
    return [Table([kind, *heading], rows, "")]


def learning_curves() -> Blocks:
    """Return both approaches' accuracy by number of training texts."""
    results = experiment("learning_curves")
    blocks: list[Table | str] = []
    for task, points in results["tasks"].items():
        caption = f"Task `{task}`, {results['seeds']} samples and seeds of each size; in brackets, the range."
        heading = ["training texts", "epochs", "bag-of-words", "transformer"]
        heading += [f"difference, interval over {over}" for over in ("texts", "seeds")]
        better = [point["size"] for point in points if _is_better(point)]
        where = (
            f"from {better[0]} texts on"
            if better and better == [point["size"] for point in points[-len(better) :]]
            else f"with {', '.join(map(str, better)) or 'no number of'} texts"
        )
        blocks += [
            Table(heading, [_point(point) for point in points], caption),
            f"On `{task}` the transformer is more accurate by both intervals {where}.",
        ]
    return blocks


def _point(point: dict[str, Any]) -> list[str]:
    difference = point["difference"]
    return [
        str(point["size"]),
        str(point["epochs"]),
        spread(point["bag-of-words"]),
        spread(point["transformer"]),
        *(signed({"value": difference["value"], **difference[over]}) for over in ("texts", "seeds")),
    ]


def _is_better(point: dict[str, Any]) -> bool:
    return all(point["difference"][over]["low"] > 0 for over in ("texts", "seeds"))


def choices() -> Blocks:
    """Return the effect of each choice, on the films that the default run leaves."""
    results = experiment("summaries")["choices"]
    tests = results["versus_default"]
    table = Table(
        ["choice", "coverage", "shared words", "shared pairs", "mean of the first two", "against params.yaml", "p"],
        [
            [
                name,
                *(interval(one[measure]) for measure in ("coverage", "shared_words", "shared_pairs", "both")),
                interval(tests[name]["difference"]) if name in tests else "",
                format_p(tests[name]["holm_p"]) if name in tests else "",
            ]
            for name, one in results["changes"].items()
        ],
        f"{results['films']} films that the default run does not draw.",
    )
    significant = {name: test["difference"]["value"] for name, test in tests.items() if test["holm_p"] < 0.05}
    better, worse = (
        ", ".join(name for name, difference in significant.items() if difference * sign > 0) or "none"
        for sign in (1, -1)
    )
    verdict = f"Better than params.yaml: {better}. Worse: {worse}. The others are not significantly different from it."
    return [table, verdict]


def controls() -> Blocks:
    """Return the effect of distillation: students with and without a teacher."""
    return [
        _students(
            {
                "three": "3 layers of the teacher, trained by it on texts and pieces of texts",
                "three-from-encoder": "… of the encoder",
                "three-alone": "… of the encoder, labels alone",
                "three-alone-longer": "… likewise, three times as many epochs",
                "one": "1 layer of the teacher, likewise",
                "one-hidden": "… trained on texts only",
                "one-words": "… its first layer, with the words as they are",
                "one-from-encoder": "… of the encoder",
                "one-alone": "… of the encoder, labels alone",
                "narrow-svd": "3 layers, half as wide, projected from the teacher; texts only",
                "narrow-random": "3 layers, half as wide, random weights; texts only",
                "static": "static vectors, trained by the teacher on texts and pieces",
            }
        ),
        _differences(
            {
                **COMPARED_WITH_LABELS,
                "three - three-alone-longer": "3 layers: with a teacher, against labels alone for as many steps",
                "three - three-from-encoder": "3 layers: its teacher's weights, against the encoder's",
                "one-hidden - one-alone": "1 layer: with a teacher on texts only, against labels alone",
                "one - one-hidden": "1 layer: effect of the pieces of texts",
                "one - one-words": "1 layer: effect of the layers below, folded into the words",
                "one - one-from-encoder": "1 layer: its teacher's weights, against the encoder's",
                "narrow-svd - narrow-random": "half as wide: projection, against random weights",
                "one - static": "1 layer against static vectors",
            }
        ),
        _differences({**COMPARED_WITH_LABELS, "one - static": "1 layer against static vectors"}, OUT_OF_DOMAIN),
    ]


def terms() -> Blocks:
    """Return the effect of each term of the loss on a student of one layer."""
    students = {
        "one-logits": "labels + soft targets",
        "one-hidden": "… + hidden states of the first token",
        "one-attention": "labels + soft targets + attention maps",
        "one-relations": "labels + soft targets + relations of the batch",
    }
    differences = {
        "one-hidden - one-logits": "hidden states of the first token",
        "one-attention - one-logits": "attention maps",
        "one-relations - one-logits": "relations of the batch",
    }
    return [_students(students), _differences(differences)]


def rounds() -> Blocks:
    """Return what happens from generation to generation, in domain and out of domain."""
    students = experiment("distillation")["students"]
    sets = list(students["three"]["sets"])
    heading = [f"accuracy on {name}" for name in sets] + [f"predicts as the transformer on {name}" for name in sets]
    rows = [
        [
            name,
            students[name]["teacher"],
            *(spread(students[name]["sets"][split]["accuracy"]) for split in sets),
            *(spread(students[name]["sets"][split]["agreement_with_ancestor"]) for split in sets),
            spread(students[name]["sets"]["test"]["entropy"]),
        ]
        for name in ("three", "assistant-2", "assistant-1", "one-hidden", "again-1", "again-2")
    ]
    differences = {
        "assistant-1 - one-hidden": "1 layer: through assistants, against straight from the transformer",
        "again-1 - one-hidden": "1 layer: taught by a student like it, against by the transformer",
        "again-2 - again-1": "1 layer: the second generation from the encoder, against the first",
    }
    return [Table(["student", "teacher", *heading, "entropy (nats)"], rows, ""), _differences(differences, sets)]


def distant() -> Blocks:
    """Return the accuracy of students that are trained on pseudo-labels alone (distant supervision)."""
    students, teachers = experiment("distillation")["students"], ("transformer", "off-the-shelf")
    kinds = {
        "train-500": "500 training texts",
        "train-2000": "2 000 training texts",
        "train-8000": "8 000 training texts",
        "train-8000-sure": "… of which it is sure",
        "pool": "the pool",
        "pool-sure": "… of which it is sure",
    }
    rows = [
        [
            title,
            *(spread(students[f"{teacher}-{kind}"]["sets"]["test"]["accuracy"]) for teacher in teachers),
            " and ".join(str(students[f"{teacher}-{kind}"]["texts"]) for teacher in teachers),
        ]
        for kind, title in kinds.items()
    ]
    return [Table(["texts", "labelled by the transformer", "labelled by VADER", "of them trained on"], rows, "")]


OUT_OF_DOMAIN = ("editorials", "products", "tweets")
COMPARED_WITH_LABELS = {
    "three - three-alone": "3 layers: with a teacher, against labels alone",
    "one - one-alone": "1 layer: with a teacher on texts and pieces, against labels alone",
}


def _students(titles: Mapping[str, str]) -> Table:
    students = experiment("distillation")["students"]
    rows = [
        [
            title,
            *(
                spread(students[name]["sets"]["test"][measure])
                for measure in ("accuracy", "log_loss", "agreement_with_ancestor")
            ),
            *(spread(students[name]["sets"][other]["accuracy"]) for other in OUT_OF_DOMAIN),
        ]
        for name, title in titles.items()
    ]
    heading = ["student", "test accuracy", "log-loss", "predicts as the transformer"]
    return Table([*heading, "on editorials", "products", "tweets"], rows, "")


def _differences(titles: Mapping[str, str], sets: Sequence[str] = ("test",)) -> Table:
    differences = experiment("distillation")["differences"]
    heading = [f"{what}, over {over}" for what in ("accuracy", "log-loss") for over in ("seeds", "texts")]
    rows = [
        [
            title,
            split,
            *(
                signed({**differences[name][split][measure][over], "value": differences[name][split][measure]["value"]})
                for measure in ("accuracy", "log_loss")
                for over in ("seeds", "texts")
            ),
        ]
        for name, title in titles.items()
        for split in sets
    ]
    return Table(["difference", "on", *heading], rows, "")
