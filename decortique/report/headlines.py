"""The headline numbers that Git keeps: of all that a stage measured, the few that one would put on a slide.

Each function takes what a stage writes to `data/results/`, and gives nested numbers, which `dvc metrics` names with
points between (`transformer.accuracy`). What a run does not have (no students, no stream to decode over, a language
without judgments) is left out. Intervals and all other measures are in `data/results/`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from decortique.core import paths
from decortique.core.files import write_json

Results = Mapping[str, Any]
Numbers = dict[str, Any]  # nested; each leaf a number

DECIMALS = 4
NOT_APPROACHES = ("versus", "retained", "graded", "transfer", "decoded")  # keys of `scores` beside the approaches
BASELINE, TRANSFORMER, COMBINED, OFF_THE_SHELF = "bag-of-words", "transformer", "combined", "off-the-shelf"


def write_metrics(stage: str, item: str, numbers: Results) -> None:
    """Writes the headline numbers of a stage to `metrics/`, rounded to 4 decimals.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    write_json(paths.metrics(stage, item), _rounded(numbers))


def _rounded(numbers: Results) -> Numbers:
    return {
        name: _rounded(number) if isinstance(number, Mapping) else round(number, DECIMALS)
        for name, number in numbers.items()
    }


def headline_of_evaluation(scores: Results, validation: Results, measure: Literal["accuracy", "f1"]) -> Numbers:
    """Return each approach's score on the test set, and on the validation set, by which variations are chosen among.

    Args:
        scores: `evaluate/<task>/scores`: the approaches, `graded` and `decoded`.
        validation: `evaluate/<task>/validation`: the approaches.
        measure: what the task is tuned for; f1 is that of the last label.

    Returns:
        approach → the measure, under its name, and the same of `validation` where the approach is trained;
        `<head>_spearman` of each head of the transformer that predicts a grade; and of the baseline, the transformer
        and both combined, `<measure>_<method>` after the last decoding method.
    """
    numbers: Numbers = {
        name: {measure: _score(one, measure)} for name, one in scores.items() if name not in NOT_APPROACHES
    }
    for name in numbers.keys() & validation.keys() - {OFF_THE_SHELF}:
        numbers[name]["validation"] = _score(validation[name], measure)
    for head, graded in scores["graded"].get("test", {}).get(TRANSFORMER, {}).items():
        if head != "probability" and graded.get("spearman"):
            numbers[TRANSFORMER][f"{head}_spearman"] = graded["spearman"]["value"]
    method = list(scores["decoded"])[-1]
    decoded = {} if method == "none" else scores["decoded"][method]
    for name in (BASELINE, TRANSFORMER, COMBINED):
        if name in decoded:
            numbers.setdefault(name, {})[f"{measure}_{method}"] = _score(decoded[name], measure)
    return numbers


def _score(scores: Results, measure: str) -> float:
    found = scores["accuracy"] if measure == "accuracy" else list(scores["f1"].values())[-1]
    return float(found["value"])


def headline_of_validity(controls: Results, audit: Results) -> Numbers:
    """Return the baseline's accuracy without names and numbers, and on a random split; and leaks.

    Args:
        controls: `validity/<task>/controls`.
        audit: `validity/<task>/audit`.

    Returns:
        `accuracy` of each control, the `leaked_share` of the test texts.
    """
    leaked = audit["near_duplicates"]["leaks"]["texts"] / audit["near_duplicates"]["met"]["test"]["texts"]
    return {
        "accuracy": {
            "masked": controls["own_split"]["masked"]["accuracy"]["value"],
            "random_split": controls["random_split"]["as_it_is"]["accuracy"]["value"],
        },
        "leaked_share": leaked,
    }


def headline_of_robustness(results: Results) -> Numbers:
    """Return the share of predictions of baseline and transformer that flip under typos, and where they should flip.

    Args:
        results: `robustness/<task>`.

    Returns:
        approach → `flips_<rewrite>` for typos, and for each rewrite that turns the meaning.
    """
    numbers: Numbers = {}
    for rewrite, found in results["rewrites"].items():
        if rewrite == "typos" or found["should"] == "turn":
            for name in (BASELINE, TRANSFORMER):
                if name in found["approaches"]:
                    numbers.setdefault(name, {})[f"flips_{rewrite}"] = found["approaches"][name]["flips"]["value"]
    return numbers


def headline_of_pronouns(contextuality: Results, similarity: Results) -> Numbers:
    """Return how representations vary with context, whether pronouns lean to antecedents, and agreement with people.

    Args:
        contextuality: `pronouns/<language>/contextuality`.
        similarity: `pronouns/<language>/similarity`.

    Returns:
        `self_similarity_by_depth`: the rank correlation with the layer of pronouns and of content words;
        `antecedents`: the share of pairs right in the encoder's last layer, and by GloVe's association alone; and for
        each set of judgments, the Spearman correlation of word2vec, GloVe and the encoder's last layer.
    """
    depth = contextuality["depth"]["self_similarity"]
    numbers: Numbers = {
        "self_similarity_by_depth": {
            name.replace(" ", "_"): depth[name]["value"] for name in ("pronouns", "content words") if name in depth
        }
    }
    antecedents = contextuality["antecedents"]
    if layers := antecedents["layers"]:
        glove = antecedents["association"].get("glove", {})
        numbers["antecedents"] = {
            "encoder": layers[max(layers, key=int)]["pairs"]["value"],
            **({"glove": glove["right"]["value"]} if "right" in glove else {}),
        }
    for judgments, found in similarity.get("sets", {}).items():
        vectors = {name: one["spearman"]["value"] for name, one in found["vectors"].items() if "spearman" in one}
        last = [name for name in vectors if name.startswith("layer ")][-1:]
        shown = {"word2vec": "word2vec", "glove": "glove", **dict.fromkeys(last, "encoder")}
        numbers[judgments] = {title: vectors[name] for name, title in shown.items() if name in vectors}
    return {name: one for name, one in numbers.items() if one}


def headline_of_polysemy(senses: Results) -> Numbers:
    """Return how often one sense and two are distinguished, by the encoder's chosen layer and by word2vec in context.

    Args:
        senses: `polysemy/<language>/senses`.

    Returns:
        `accuracy` of `encoder` and `word2vec` (the mean of the text: alone, it is right in half of the pairs).
    """
    if not (pairs := senses["pairs"]):
        return {}
    ways = {"encoder": pairs["chosen"], "word2vec": "word2vec, mean of the text"}
    return {title: {"accuracy": pairs["ways"][way]["test"]["value"]} for title, way in ways.items()}


def headline_of_clustering(results: Results) -> Numbers:
    """Return the V-measure of the first representation and of the baseline, by the first method, number known.

    Args:
        results: `cluster/<collection>`.
    """
    ways, baseline = results["ways"], results["versus"]["baseline"]
    first = next(iter(results["versus"].get("v_measure", [baseline])))
    return {name: {"v_measure": next(iter(ways[name].values()))["v_measure"]["value"]} for name in (first, baseline)}


def headline_of_summaries(results: Results) -> Numbers:
    """Return ROUGE-1 where people wrote summaries, else coverage; of clusters, and of the first sentences.

    Args:
        results: `summarize/<collection>`.
    """
    approaches = results["approaches"]
    measure = "rouge_1_f1" if "rouge_1_f1" in approaches["clusters"] else "coverage"
    return {name: {measure: approaches[name][measure]["value"]} for name in ("clusters", "first")}
