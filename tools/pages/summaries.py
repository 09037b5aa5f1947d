"""The tables of docs/summaries.md, and what they say in words: each sentence is written from its numbers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.pages.showing import experiment, interval, measured, table

Found = Mapping[str, Any]
OURS, LOT = "clusters", "random"
APPROACHES = {
    OURS: "on clusters",
    "one cluster": "the same, of one cluster",
    "centroid": "nearest to the centre",
    "centroid, as short": "… of sentences as short",
    "lexrank": "LexRank (sumy)",
    "textrank": "TextRank (sumy)",
    "first": "first sentences",
    LOT: "by lot",
}
MEASURES = {
    "coverage": "coverage",
    "shared_words": "shared words",
    "shared_pairs": "shared pairs",
    "redundancy": "redundancy",
    "words": "words",
}
ROUGE = {"rouge_1_f1": "ROUGE-1 F1", "rouge_2_f1": "ROUGE-2 F1", "rouge_l_f1": "ROUGE-L F1"}
OF_CLUSTERS = {"v_measure": "V-measure", "adjusted_mutual_information": "adjusted mutual information"}
DEFAULT = "params.yaml"


def in_short() -> Iterator[str]:
    """Yields what was found, a sentence each."""
    yield from _verdicts_of_clusters(measured("cluster", "films"), "reviews of films", ("v_measure",))
    yield _verdict_of_summaries(experiment("summaries")["opinosis"]["summarize"], "rouge_1_f1", "Opinosis, ROUGE-1 F1")
    for measure in ("shared_pairs", "coverage"):
        title = f"Reviews not seen, {MEASURES[measure]}"
        yield _verdict_of_summaries(measured("summarize", "films"), measure, title)


def films_found() -> Iterator[str]:
    """Yields how well films are found again."""
    yield from _finding("films", "reviews of films")


def editorials_found() -> Iterator[str]:
    """Yields how well editorials are found again."""
    yield from _finding("editorials", "sentences of editorials")


def _finding(name: str, texts: str) -> Iterator[str]:
    found = measured("cluster", name)
    yield (
        f"{found['texts']} {texts}, {found['sets']} sets of {found['groups_of_a_set']}; V-measure of clusters by lot "
        f"{found['ways']['by lot']['by lot']['v_measure']['value']:.3f}."
    )
    yield ""
    yield from table(
        ["vectors", "method", "V-measure", "adjusted Rand", "adjusted mutual information", "clusters", "in a cluster"],
        (
            [
                name,
                method,
                *(interval(one[measure]) for measure in ("v_measure", "adjusted_rand", "adjusted_mutual_information")),
                f"{one['clusters']['value']:.1f}",
                f"{one['clustered']['value']:.0%}",
            ]
            for name, methods in found["ways"].items()
            if name != "by lot"
            for method, one in methods.items()
        ),
    )
    yield ""
    yield from _verdicts_of_clusters(found, texts)


def _verdicts_of_clusters(found: Found, texts: str, measures: Iterable[str] = tuple(OF_CLUSTERS)) -> Iterator[str]:
    baseline = found["versus"]["baseline"]
    for method in ("kmeans", "agglomerative"):
        for measure in measures:
            title = OF_CLUSTERS[measure]
            test = found["versus"][measure]["encoder"][method]
            yield (
                f"- **{method}, {texts}, {title}: the encoder's vectors are {_verdict(test)} {baseline}.** "
                f"{interval(found['ways']['encoder'][method][measure])} and "
                f"{interval(found['ways'][baseline][method][measure])}, difference {interval(test['difference'])}, p "
                f"{_p(test['holm_p'])}."
            )


def _verdict(test: Found) -> str:
    if test["holm_p"] >= 0.05:
        return "not told apart from"
    return "better than" if test["difference"]["value"] > 0 else "worse than"


def films_summarized() -> Iterator[str]:
    """Yields what summaries of films are worth."""
    yield from _rating(measured("summarize", "films"), {**MEASURES, "opinion_off": "opinion off by",
                                                        "marked_off": "marks off by"})  # fmt: skip


def editorials_summarized() -> Iterator[str]:
    """Yields what summaries of editorials are worth."""
    yield from _rating(measured("summarize", "editorials"), {**MEASURES, "opinion_off": "opinion off by"})


def opinosis() -> Iterator[str]:
    """Yields what summaries of Opinosis are worth."""
    found = experiment("summaries")["opinosis"]
    counted = found["gather"]
    yield (
        f"{counted['texts']['seen']} sentences of {counted['groups']['kept']} topics, "
        f"{counted['groups']['with_references']} of which people have summarised."
    )
    yield ""
    yield from _rating(found["summarize"], {**ROUGE, **MEASURES})


def speeches() -> Iterator[str]:
    """Yields what summaries of French speeches are worth."""
    found = experiment("summaries")["speeches-fr"]
    yield f"{found['gather']['texts']['seen']} sentences of {found['gather']['groups']['kept']} speeches."
    yield ""
    yield from _rating(found["summarize"], MEASURES)


def _rating(found: Found, measures: Mapping[str, str]) -> Iterator[str]:
    yield f"{found['groups']} groups, {found['sentences']} sentences each."
    yield ""
    yield from table(
        ["summary", *measures.values()],
        (
            [
                title,
                *(
                    f"{one[measure]['value']:.0f}" if measure == "words" else interval(one[measure])
                    for measure in measures
                ),
            ]
            for approach, title in APPROACHES.items()
            for one in (found["approaches"][approach],)
        ),
    )
    yield ""
    for measure, title in measures.items():
        if measure in found["versus"]["first"]:
            yield _verdict_of_summaries(found, measure, title)
    lots = {measure: found["lots"][measure] for measure in list(measures)[:2]}
    yield (
        "- One summary by lot of each group would have, 95 times of 100, "
        + " and ".join(f"{measures[name]} of {one['low']:.3f} to {one['high']:.3f}" for name, one in lots.items())
        + " (mean over the groups)."
    )


def _verdict_of_summaries(found: Found, measure: str, title: str) -> str:
    """Says against which approaches clusters are better or worse, and against which nothing can be told."""
    lower_is_better = measure in ("redundancy", "opinion_off")
    said: dict[str, list[str]] = {"better than": [], "worse than": [], "not told apart from": []}
    for approach, tests in found["versus"].items():
        test = tests[measure]
        if test["holm_p"] >= 0.05:
            kind = "not told apart from"
        else:
            kind = "better than" if (test["difference"]["value"] < 0) == lower_is_better else "worse than"
        said[kind].append(f"{APPROACHES[approach]} ({interval(test['difference'])}, p {_p(test['holm_p'])})")
    return (
        f"- **{title}**: clusters are "
        + "; ".join(f"{kind} {', '.join(who)}" for kind, who in said.items() if who)
        + "."
    )


def choices() -> Iterator[str]:
    """Yields what each choice is worth on the films that the default run leaves."""
    found = experiment("summaries")["choices"]
    tests = found["versus_default"]
    yield f"{found['films']} films that the default run does not draw."
    yield ""
    yield from table(
        ["choice", "coverage", "shared words", "shared pairs", "mean of the first two", "against params.yaml", "p"],
        (
            [
                name,
                *(interval(one[measure]) for measure in ("coverage", "shared_words", "shared_pairs", "both")),
                *([interval(tests[name]["difference"]), _p(tests[name]["holm_p"])] if name in tests else ["", ""]),
            ]
            for name, one in found["changes"].items()
        ),
    )
    told = {name: test["difference"]["value"] for name, test in tests.items() if test["holm_p"] < 0.05}
    yield ""
    yield (
        f"Better than params.yaml: {_names(told, 1)}. Worse: {_names(told, -1)}. "
        "The others cannot be told apart from it."
    )


def _names(told: Mapping[str, float], sign: int) -> str:
    return ", ".join(name for name, difference in told.items() if difference * sign > 0) or "none"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
