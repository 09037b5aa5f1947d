"""The tables of docs/summaries.md, and what they say in words: each sentence is written from its numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from decortique.core.findings import format_p, interval
from decortique.summarization.findings import APPROACHES, cluster_findings, summary_finding
from tools.pages.showing import experiment, measured, table

Found = Mapping[str, Any]
MEASURES = {
    "coverage": "coverage",
    "shared_words": "shared words",
    "shared_pairs": "shared pairs",
    "redundancy": "redundancy",
    "words": "words",
}
ROUGE = {"rouge_1_f1": "ROUGE-1 F1", "rouge_2_f1": "ROUGE-2 F1", "rouge_l_f1": "ROUGE-L F1"}


def in_short() -> Iterator[str]:
    """Yields what was found, a sentence each."""
    for finding in cluster_findings(measured("cluster", "films"), "reviews of films", ("v_measure",)):
        yield finding.markdown
    yield summary_finding(
        experiment("summaries")["opinosis"]["summarize"], "rouge_1_f1", "Opinosis, ROUGE-1 F1"
    ).markdown
    for measure in ("shared_pairs", "coverage"):
        title = f"Reviews not seen, {MEASURES[measure]}"
        yield summary_finding(measured("summarize", "films"), measure, title).markdown


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
    for finding in cluster_findings(found, texts):
        yield finding.markdown


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
            yield summary_finding(found, measure, title).markdown
    lots = {measure: found["lots"][measure] for measure in list(measures)[:2]}
    yield (
        "- One summary by lot of each group would have, 95 times of 100, "
        + " and ".join(f"{measures[name]} of {one['low']:.3f} to {one['high']:.3f}" for name, one in lots.items())
        + " (mean over the groups)."
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
                *(
                    [interval(tests[name]["difference"]), format_p(tests[name]["holm_p"])]
                    if name in tests
                    else ["", ""]
                ),
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
