"""Stage `explain`: models + predictions → the words that predictions rest on, and whether these words matter."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json, write_points
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches, Compute
from decortique.core.tables import read_columns
from decortique.data.function_words import function_words
from decortique.data.labelled import Labelled
from decortique.data.task_settings import TaskSection
from decortique.diagnosis.attributions import open_explainer
from decortique.diagnosis.deletion import agreement, fall_scores, kind_shares
from decortique.diagnosis.explained_texts import Explained, drawn, instructive, steps, told_texts
from decortique.diagnosis.explainer import EXPLAINED, Explainer, Worded, chosen_approaches, compared
from decortique.diagnosis.plots import draw_falls, fall_points
from decortique.diagnosis.settings import Explain
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Kind, Manifest
from decortique.models.predictions import read_predictions

log = logging.getLogger(__name__)


def explain(task: str) -> None:
    """Tells, word by word, what the predictions of a bag of words and of a transformer rest on.

    Of each prediction, the margin is shared out among the words: exactly for the bag of words, by integrated gradients
    for the transformer. Both are put to a test: without the words that they name, predictions should be less sure.
    """
    settings, measured, described = Explain.load(), Evaluate.load(), TaskSection.named(task)
    rows = Labelled.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    worded = Worded.of(read_columns(paths.corpus(task) / "test.parquet", ["text"])["text"])
    kinds = {name: Manifest.read(paths.model(task, name)).kind for name in Approaches.load().root}
    chosen, pair = chosen_approaches(kinds), compared(kinds)
    predicted = {
        name: read_predictions(paths.predictions(task, name), "test", rows.labels, rows.ids) for name in chosen
    }
    shown = instructive(rows.truth, {name: predicted[name] for name in pair}, worded.sizes, settings.shown)
    lot = drawn(worded.sizes, max(settings.deleted), settings.tested, settings.seed)
    tested, places = worded.chosen(lot), ([place for some in shown.values() for place in some], lot)
    explainers = opened(task, {name: kinds[name] for name in chosen}, settings)
    with progress("explain", len(chosen) * steps(places, settings), "text") as bar:
        found = {
            name: Explained.by(one, worded, predicted[name], places, settings, bar.update)
            for name, one in explainers.items()
        }
    groups = None if rows.together is None else np.unique(rows.together[lot], return_inverse=True)[1]
    shares = {name: one.tested.words for name, one in found.items()}
    deletion = fall_scores({name: one.falls for name, one in found.items()}, measured, groups)
    write_json(
        paths.results("explain", task),
        {
            "explained": {name: one.completeness() for name, one in found.items()},
            "not_explained": {name: kind for name, kind in kinds.items() if name not in chosen},
            "texts": {"shown": {kind: len(some) for kind, some in shown.items()}, "tested": len(lot)},
            "deletion": deletion,
            "agreement": agreed(tested, explainers, found, pair, groups),
            "kinds": kind_shares(shares, tested, function_words(described.language), measured, groups),
        },
    )
    told = told_texts(shown, worded, rows, found)
    write_json(paths.explanations(task), {"labels": rows.labels, "texts": told})
    with new_folder(paths.plots("explain", task)) as folder:
        write_points(folder / "deletion.csv", fall_points(deletion))
        draw_falls(folder / "deletion.png", deletion, measured.confidence)


def opened(task: str, kinds: Mapping[str, Kind], settings: Explain) -> dict[str, Explainer]:
    """Opens the approaches that are explained, and says which of the two kinds is not there."""
    for absent in sorted({*EXPLAINED} - {*kinds.values()}):
        log.warning("none of `approaches` is a %s, so that none is explained", absent)
    compute = Compute.load()
    return {name: open_explainer(paths.model(task, name), kind, settings, compute) for name, kind in kinds.items()}


def agreed(
    tested: Worded,
    explainers: Mapping[str, Explainer],
    found: Mapping[str, Explained],
    pair: Sequence[str],
    groups: np.ndarray | None,
) -> dict[str, Any]:
    """Tells how far bag of words and transformer name the same words for what the transformer predicted."""
    if len(pair) < 2:
        return {}
    bag, transformer = pair
    other = found[transformer]
    one = explainers[bag].attribute(tested, other.on_tested.prediction, lambda _: None)
    return agreement(one.words, other.tested.words, Evaluate.load(), groups)


if __name__ == "__main__":
    run(explain)
