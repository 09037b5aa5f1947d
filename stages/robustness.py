"""Stage `robustness`: test texts rewritten by rule → how many predictions of every approach flip."""

import json
import logging

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_file, new_folder, write_json, write_points
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches, Compute
from decortique.core.tables import read_columns
from decortique.data.labelled import Labelled
from decortique.data.task_settings import TaskSection
from decortique.diagnosis.flips import Measured, examples, points, report
from decortique.diagnosis.plots import draw_flips
from decortique.diagnosis.rewriting import Rewritten, answers, distinct, drawn, rewritten, rules_of
from decortique.diagnosis.settings import Robustness
from decortique.evaluation.settings import Evaluate
from decortique.models.loading import load_classifier
from decortique.report.headlines import headline_of_robustness, write_metrics

log = logging.getLogger(__name__)


def robustness(task: str) -> None:
    """Rewrites a task's test texts by rule, and asks each approach whether it still predicts as it did."""
    settings, described, evaluate = Robustness.load(), TaskSection.named(task), Evaluate.load()
    rows = Labelled.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    chosen = drawn(len(rows.ids), settings.texts, settings.seed)
    made, left_out = rewrites(task, described.language, rows.ids, chosen)
    said, approaches = {}, Approaches.load().root
    with progress("robustness", len(approaches) * len(distinct(made)), "text") as bar:
        for approach in approaches:
            _, classifier = load_classifier(paths.model(task, approach), Compute.load())
            said[approach] = answers(made, classifier, bar.update)
    by_rewrite = {name: {approach: found[name] for approach, found in said.items()} for name in made}
    measured = {name: Measured.of(name, made[name], by_rewrite[name], rows, evaluate) for name in made}
    reported = report(measured, len(chosen))
    results = {"texts": len(chosen), "left_out": left_out, "rewrites": reported}
    write_json(paths.results("robustness", task), results)
    write_metrics("robustness", task, headline_of_robustness(results))
    with new_file(paths.rewrites(task)) as path, path.open("w", encoding="utf-8") as lines:
        for name, found in measured.items():
            for example in examples(made[name], found.answers, rows, name=name, should=found.should):
                lines.write(json.dumps(example, ensure_ascii=False) + "\n")
    with new_folder(paths.plots("robustness", task)) as folder:
        write_points(folder / "flips.csv", points(measured))
        draw_flips(folder / "flips.png", reported, evaluate.confidence)


def rewrites(
    task: str, language: str, ids: list[str], chosen: list[int]
) -> tuple[dict[str, Rewritten], dict[str, str]]:
    """Rewrites some of the test texts by each rule; of rules that are left out, tells why.

    Raises:
        StageError: none is left.
    """
    settings = Robustness.load()
    texts = read_columns(paths.corpus(task) / "test.parquet", ["text"])["text"]
    rules, left_out = rules_of(settings.rewrites, language, settings.typo_rate, paths.raw(task))
    made = {name: rewritten(name, rule, ids, texts, chosen, settings.seed) for name, rule in rules.items()}
    left_out |= {name: "it changes none of the texts" for name, found in made.items() if not found.after}
    for name, reason in left_out.items():
        log.warning("%s: %s is left out: %s", task, name, reason)
    if not (made := {name: found for name, found in made.items() if found.after}):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise StageError(f"robustness.rewrites has nothing for {task} ({reasons}): add `lower_case` or `typos` to it")
    return made, left_out


if __name__ == "__main__":
    run(robustness)
