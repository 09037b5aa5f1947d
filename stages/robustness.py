"""Stage `robustness`: test texts rewritten by rule → how many predictions of every approach flip."""

from itertools import chain

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, progress, write_json, write_json_lines, write_points
from decortique.core.headlines import headline_of_robustness, write_metrics
from decortique.core.settings import Approaches, Compute
from decortique.data.corpus import LabelledSplit
from decortique.data.settings import TaskSection
from decortique.diagnosis.plots import draw_flips
from decortique.diagnosis.robustness import (
    BeforeAfter,
    distinct_texts,
    flip_examples,
    flip_points,
    measure_flips,
    predict_rewritten,
    rewrite_all,
    sample_texts,
)
from decortique.diagnosis.settings import Robustness
from decortique.evaluation.settings import Evaluate
from decortique.models.loading import load_classifier


def robustness(task: TaskName) -> None:
    """Rewrite a task's test texts by rule, and measure how many predictions of each approach flip."""
    settings, described, evaluate = Robustness.load(), TaskSection.named(task), Evaluate.load()
    rows = LabelledSplit.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    chosen = sample_texts(len(rows.ids), settings.texts, settings.seed)
    rewritten, left_out = rewrite_all(task, described.language, rows.ids, chosen, settings)
    outputs: dict[str, dict[str, BeforeAfter]] = {name: {} for name in rewritten}  # rewrite → approach
    approaches = Approaches.load().root
    with progress("robustness", len(approaches) * len(distinct_texts(rewritten)), "text") as bar:
        for approach in approaches:
            _, classifier = load_classifier(paths.model(task, approach), Compute.load())
            for name, output in predict_rewritten(rewritten, classifier, bar.update).items():
                outputs[name][approach] = output
    flips = measure_flips(rewritten, outputs, rows, len(chosen), evaluate)
    results = {"texts": len(chosen), "left_out": left_out, "rewrites": flips}
    write_json(paths.results("robustness", task), results)
    write_metrics("robustness", task, headline_of_robustness(results))
    examples = (flip_examples(name, one, outputs[name], rows) for name, one in rewritten.items())
    write_json_lines(paths.rewrites(task), chain.from_iterable(examples))
    with new_folder(paths.plots("robustness", task)) as folder:
        write_points(folder / "flips.csv", flip_points(flips))
        draw_flips(folder / "flips.png", flips, evaluate.confidence)


if __name__ == "__main__":
    run(robustness, compute=Compute.load)
