"""Which model to ship? What each approach weighs on disk, and how fast it predicts with one thread of a processor.

Every approach of params.yaml, and every export, predicts the same test sentences through the same door as
`stages.predict`: tokenizer, model, probabilities. One at a time, as a service gets them, and 32 at once, as an archive
is gone through; round after round in one process, so that a machine whose speed drifts is the same for all; medians.

    python -m benchmarks.shipping [task]

Prints a table; writes benchmarks/shipping.json, from which `make readme` writes the README's, and the picture of speed
against accuracy, docs/distillation/pareto-<task>.png.
"""

import logging
import statistics
import sys
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from matplotlib.ticker import FuncFormatter
from safetensors import safe_open

from benchmarks.timing import seconds
from decortique.core import paths
from decortique.core.files import read_json, write_json
from decortique.core.plots import COLOURS, picture
from decortique.core.settings import Approaches, Compute
from decortique.core.tables import read_columns
from decortique.models.folder import Classifier
from decortique.models.loading import load_classifier
from decortique.models.settings import Export

BATCH = 32
ONE_THREAD = Compute(threads=1, device="cpu", batch_size=BATCH)
ROUNDS, TEXTS, SINGLE = 5, 320, 40  # sentences predicted in a round: in batches, and one at a time
RESULTS = Path("benchmarks/shipping.json")


def main() -> None:
    """Print, writes and draws."""
    logging.disable(logging.INFO)
    task = sys.argv[1] if sys.argv[1:] else "opinion"
    folders = {name: paths.model(task, name) for name in Approaches.load().root}
    folders |= {f"{name}, int8": paths.export(task, name) for name in Export.load().approaches}
    texts = read_columns(paths.corpus(task) / "test.parquet", ["text"])["text"]
    speeds = timed({name: load_classifier(folder, ONE_THREAD)[1] for name, folder in folders.items()}, texts)
    found = {name: {**speeds[name], **weighed(folder), **scored(task, name)} for name, folder in folders.items()}
    for name, one in found.items():
        sys.stdout.write(
            f"{name:20}{one['accuracy']['value']:.3f}  {one['megabytes']:7.1f} MB  "
            f"{one['one_at_a_time']:9.1f} and {one['batches']:9.1f} sentences/s\n"
        )
    write_json(RESULTS, {**(read_json(RESULTS) if RESULTS.exists() else {}), task: found})
    draw(Path(f"docs/distillation/pareto-{task}.png"), found)


def timed(classifiers: Mapping[str, Classifier], texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return sentences per second of each approach."""
    single: dict[str, list[float]] = {name: [] for name in classifiers}
    batches: dict[str, list[float]] = {name: [] for name in classifiers}
    for _ in range(ROUNDS + 1):
        for name, classifier in classifiers.items():

            def one_at_a_time(classifier: Classifier = classifier) -> None:
                for text in texts[:SINGLE]:
                    classifier.predict([text], lambda _: None)

            def in_batches(classifier: Classifier = classifier) -> None:
                for start in range(0, TEXTS, BATCH):
                    classifier.predict(texts[start : start + BATCH], lambda _: None)

            single[name].append(SINGLE / seconds(one_at_a_time))
            batches[name].append(TEXTS / seconds(in_batches))
    # The first round warms up.
    return {
        name: {
            "one_at_a_time": statistics.median(single[name][1:]),
            "batches": statistics.median(batches[name][1:]),
        }
        for name in classifiers
    }


def weighed(folder: Path) -> dict[str, Any]:
    """Return what a folder weighs, and how many weights its neural networks hold, if it has any."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"]
    found: dict[str, Any] = {"megabytes": sum(path.stat().st_size for path in files) / 1e6}
    networks = [path for path in files if path.name == "model.safetensors"]
    if networks and not (folder / "zero_shot.json").exists():
        found["parameters"] = sum(map(parameters, networks))
    return found


def parameters(weights: Path) -> int:
    """Return how many numbers a file of weights holds."""
    with safe_open(weights, framework="np") as file:
        return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118  (it is no mapping)


def scored(task: str, name: str) -> dict[str, Any]:
    """Return the test accuracy, with its interval, and the share of its teacher's that a student keeps."""
    approach, _, exported = name.partition(", ")
    scores = read_json(paths.results("evaluate", task, "scores"))
    share = scores["retained"].get(approach, {}).get("accuracy_share")
    accuracy = read_json(paths.results("export", f"{task}/{approach}"))["int8"] if exported else scores[approach]
    return {"accuracy": accuracy["accuracy"], **({"share": share} if share and not exported else {})}


def draw(path: Path, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw accuracy over speed; the line joins those that none beats in both."""
    with picture(path, columns=2, width=5.0, height=4.0) as panels:
        for axes, (speed, title) in zip(
            panels,
            (("one_at_a_time", "one sentence at a time"), ("batches", f"{BATCH} sentences at once")),
            strict=True,
        ):
            points = {name: (one[speed], one["accuracy"]["value"]) for name, one in found.items()}
            front = sorted(
                here
                for here in points.values()
                if not any(there > here and there[1] >= here[1] and there[0] >= here[0] for there in points.values())
            )
            axes.plot(*zip(*front, strict=True), color="lightgrey", zorder=0)
            for place, (name, (x, y)) in enumerate(points.items()):
                score = found[name]["accuracy"]
                colour = COLOURS[place % len(COLOURS)]
                axes.errorbar(x, y, [[y - score["low"]], [score["high"] - y]], fmt="o", color=colour, capsize=2)
                axes.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8, color=colour)
            axes.set(xscale="log", title=title, xlabel="sentences per second, one thread", ylabel="test accuracy")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}".replace(",", " ")))
            axes.margins(x=0.25)


if __name__ == "__main__":
    main()
