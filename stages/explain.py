"""Stage `explain`: models + predictions → the words that predictions rest on, and whether these words matter."""

import numpy as np

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, progress, write_json, write_points
from decortique.core.settings import Approaches, Compute
from decortique.core.tables import read_columns
from decortique.data.corpus import LabelledSplit
from decortique.data.lexicon import function_words
from decortique.data.settings import TaskSection
from decortique.diagnosis import explanations
from decortique.diagnosis.attributions import SplitTexts
from decortique.diagnosis.integrated_gradients import load_explainer
from decortique.diagnosis.plots import draw_falls, fall_points
from decortique.diagnosis.settings import Explain
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Manifest
from decortique.models.predictions import read_predictions


def explain(task: TaskName) -> None:
    """Measure, word by word, what the predictions of a bag of words and of a transformer rest on.

    Of each prediction, the margin is shared out among the words: exactly for the bag of words, by integrated gradients
    for the transformer. Both are tested: without the words that they name, predictions should be less sure.
    """
    settings, evaluate, described = Explain.load(), Evaluate.load(), TaskSection.named(task)
    rows = LabelledSplit.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    split = SplitTexts.of(read_columns(paths.corpus(task) / "test.parquet", ["text"])["text"])
    kinds = {name: Manifest.read(paths.model(task, name)).kind for name in Approaches.load().root}
    chosen, pair = explanations.explained_approaches(kinds), explanations.compared_approaches(kinds)
    predicted = {
        name: read_predictions(paths.predictions(task, name), "test", rows.labels, rows.ids) for name in chosen
    }
    examples = explanations.choose_examples(
        rows.truth, {name: predicted[name] for name in pair}, split.sizes, settings.max_examples
    )
    shown = [index for indices in examples.values() for index in indices]
    tested = explanations.sample_long_texts(split.sizes, max(settings.n_deleted), settings.n_tested, settings.seed)
    explainers = {
        name: load_explainer(paths.model(task, name), kinds[name], settings.steps, Compute.load()) for name in chosen
    }
    steps = len(shown) + len(tested) * (1 + 2 * len(settings.n_deleted))  # texts, and those with words deleted
    with progress("explain", len(chosen) * steps, "text") as bar:
        explained = {
            name: explanations.explain_approach(explainer, split, predicted[name], shown, tested, settings, bar.update)
            for name, explainer in explainers.items()
        }
    groups = None if rows.together is None else np.unique(rows.together[tested], return_inverse=True)[1]
    texts, shares = split.at(tested), {name: one.tested.words for name, one in explained.items()}
    deletion = explanations.compare_falls({name: one.falls for name, one in explained.items()}, evaluate, groups)
    agreed = {}
    if len(pair) == 2:  # for what the transformer predicts
        bag = explainers[pair[0]].attribute(texts, predicted[pair[1]].prediction[tested], lambda _: None)
        agreed = explanations.agreement(bag.words, shares[pair[1]], evaluate, groups)
    results = {
        "explained": {name: {**one.method, **one.tested.completeness()} for name, one in explained.items()},
        "not_explained": {name: kind for name, kind in kinds.items() if name not in chosen},
        "texts": {"shown": {kind: len(indices) for kind, indices in examples.items()}, "tested": len(tested)},
        "deletion": deletion,
        "agreement": agreed,
        "kinds": explanations.kind_shares(shares, texts, function_words(described.language), evaluate, groups),
    }
    write_json(paths.results("explain", task), results)
    texts_shown = explanations.example_rows(examples, split, rows, predicted, explained)
    write_json(paths.explanations(task), {"labels": rows.labels, "texts": texts_shown})
    with new_folder(paths.plots("explain", task)) as folder:
        write_points(folder / "deletion.csv", fall_points(deletion))
        draw_falls(folder / "deletion.png", deletion, evaluate.confidence)


if __name__ == "__main__":
    run(explain, compute=Compute.load)
