"""The headline numbers that Git keeps in `metrics/`: of all that a stage measured, the few for a slide.

Each function takes what a stage writes to `data/results/`, and returns nested numbers. What a run does not have (no
students, no stream to decode over, a language without judgments) is left out.
"""

from collections.abc import Mapping
from typing import Any, Literal

from decortique.core import paths
from decortique.core.files import write_json

Results = Mapping[str, Any]
Numbers = dict[str, Any]  # nested; each leaf a number

NOT_APPROACHES = ("versus", "retained", "graded", "transfer", "decoded")  # keys of `scores` beside the approaches
BASELINE, TRANSFORMER, COMBINED = "bag-of-words", "transformer", "combined"
# Validation says nothing of what nothing was chosen of, and flatters what was fitted on it.
NO_VALIDATION = {"off-the-shelf", "stacked"}


def write_metrics(stage: str, item: str, numbers: Results) -> None:
    """Write the headline numbers of a stage to `metrics/`, rounded to 4 decimals; NaN and infinity are refused."""
    write_json(paths.metrics(stage, item), _rounded(numbers))


def _rounded(numbers: Results) -> Numbers:
    return {name: _rounded(one) if isinstance(one, Mapping) else round(one, 4) for name, one in numbers.items()}


def headline_of_evaluation(scores: Results, validation: Results, measure: Literal["accuracy", "f1"]) -> Numbers:
    """Return, by approach, the measure on the test set, on validation, and after the last decoding method.

    `f1` is that of the last label; heads of the transformer that predict a grade have a `<head>_spearman`.
    """
    numbers: Numbers = {
        name: {measure: _score(one, measure)} for name, one in scores.items() if name not in NOT_APPROACHES
    }
    for name in numbers.keys() & validation.keys() - NO_VALIDATION:
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
    score = scores["accuracy"] if measure == "accuracy" else list(scores["f1"].values())[-1]
    return float(score["value"])


def headline_of_validity(controls: Results, audit: Results) -> Numbers:
    """Return the baseline's accuracy without names and on a random split, and the share of test texts that leak."""
    leaked = audit["near_duplicates"]["leaks"]["texts"] / audit["near_duplicates"]["overlap"]["test"]["texts"]
    return {
        "accuracy": {
            "masked": controls["own_split"]["masked"]["accuracy"]["value"],
            "random_split": controls["random_split"]["as_it_is"]["accuracy"]["value"],
        },
        "leaked_share": leaked,
    }


def headline_of_robustness(results: Results) -> Numbers:
    """Return the share of predictions that flip under typos and under each rewrite that turns the meaning."""
    numbers: Numbers = {}
    for rewrite, one in results["rewrites"].items():
        if rewrite == "typos" or one["should"] == "flip":
            for name in (BASELINE, TRANSFORMER):
                if name in one["approaches"]:
                    numbers.setdefault(name, {})[f"flips_{rewrite}"] = one["approaches"][name]["flips"]["value"]
    return numbers


def headline_of_pronouns(contextuality: Results, similarity: Results) -> Numbers:
    """Return self-similarity's rank correlation with depth, the share of antecedents right, and similarity judgments.

    Antecedents are those of the encoder's last layer and of GloVe; judgments have a Spearman correlation per vectors.
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
    for judgments, one in similarity.get("sets", {}).items():
        vectors = {name: of["spearman"]["value"] for name, of in one["vectors"].items() if "spearman" in of}
        last = [name for name in vectors if name.startswith("layer ")][-1:]
        titles = {"word2vec": "word2vec", "glove": "glove", **dict.fromkeys(last, "encoder")}
        numbers[judgments] = {title: vectors[name] for name, title in titles.items() if name in vectors}
    return {name: one for name, one in numbers.items() if one}


def headline_of_polysemy(senses: Results) -> Numbers:
    """Return how often the encoder's chosen layer and word2vec distinguish one sense from two."""
    if not (pairs := senses["pairs"]):
        return {}
    # The word's own static vector is the same in both senses.
    ways = {"encoder": pairs["chosen"], "word2vec": "word2vec, mean of the text"}
    return {title: {"accuracy": pairs["ways"][way]["test"]["value"]} for title, way in ways.items()}


def headline_of_clustering(results: Results) -> Numbers:
    """Return the V-measure of the first representation and of the baseline, by the first method."""
    ways, baseline = results["ways"], results["versus"]["baseline"]
    first = next(iter(results["versus"].get("v_measure", [baseline])))
    return {name: {"v_measure": next(iter(ways[name].values()))["v_measure"]["value"]} for name in (first, baseline)}


def headline_of_summaries(results: Results) -> Numbers:
    """Return ROUGE-1 where people wrote summaries, else coverage, of `clusters` and of the first sentences."""
    approaches = results["approaches"]
    measure = "rouge_1_f1" if "rouge_1_f1" in approaches["clusters"] else "coverage"
    return {name: {measure: approaches[name][measure]["value"]} for name in ("clusters", "first")}
