"""Clusters of texts and their summaries (D2), as findings, tables and pictures."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from decortique.core.findings import (
    Cell,
    Finding,
    Part,
    Table,
    format_p,
    interval,
    is_significant,
    measured,
    pictures_of,
    signed,
)

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
    "rouge_1_f1": "ROUGE-1 F1",
    "coverage": "coverage",
    "shared_words": "shared words",
    "shared_pairs": "shared pairs",
    "redundancy": "redundancy",
}
OF_CLUSTERS = {"v_measure": "V-measure", "adjusted_mutual_information": "adjusted mutual information"}
LESS_IS_BETTER = ("redundancy", "opinion_off", "marked_off")


def collection_part(collection: str, title: str, alpha: float) -> Part:
    """Tells of one collection; `alpha` is the p-value below which a difference is taken for one."""
    clusters, summaries = measured("cluster", collection), measured("summarize", collection)
    pictures = [*pictures_of("cluster", collection), *pictures_of("summarize", collection)]
    measures = [name for name in MEASURES if name in summaries["approaches"][OURS]]
    findings = [
        *cluster_findings(clusters, "texts", ("v_measure",), alpha=alpha),
        *(
            summary_finding(summaries, name, f"Summaries, {MEASURES[name]}", alpha)
            for name in measures
            if all(name in tests for tests in summaries["versus"].values())
        ),
    ]
    return Part(title, findings, [*pictures, _ways(clusters, alpha), _summaries(summaries, measures)])


def cluster_findings(
    found: Found, texts: str, measures: Iterable[str] = tuple(OF_CLUSTERS), alpha: float = 0.05
) -> Iterator[Finding]:
    """Says whether clusters of the encoder's vectors find groups again better than the baseline's."""
    baseline, vectors = found["versus"]["baseline"], "encoder"
    for measure in measures:
        for method, test in found["versus"][measure].get(vectors, {}).items():
            if "silhouette" in method or method == "hdbscan":
                continue  # in the table
            kind = "no significant difference from"
            if is_significant(test, alpha):
                kind = "better than" if test["difference"]["value"] > 0 else "worse than"
            yield Finding(
                f"{method}, {texts}, {OF_CLUSTERS[measure]}",
                f"the encoder's vectors are {kind} {baseline}",
                f"{interval(found['ways'][vectors][method][measure])} and "
                f"{interval(found['ways'][baseline][method][measure])}, difference {interval(test['difference'])}, p "
                f"{format_p(test['holm_p'])}.",
                is_significant(test, alpha),
            )


def summary_finding(found: Found, measure: str, title: str, alpha: float = 0.05) -> Finding:
    """Says against which approaches clusters are better or worse, and against which nothing can be told."""
    said: dict[str, list[str]] = {"better than": [], "worse than": [], "no significant difference from": []}
    for approach, tests in found["versus"].items():
        test = tests[measure]
        kind = "no significant difference from"
        if is_significant(test, alpha):
            kind = "better than" if (test["difference"]["value"] < 0) == (measure in LESS_IS_BETTER) else "worse than"
        said[kind].append(f"{APPROACHES[approach]} ({interval(test['difference'])}, p {format_p(test['holm_p'])})")
    kinds = [kind for kind, who in said.items() if who]
    verdict = f"clusters are {kinds[0]} {len(said[kinds[0]])} of {len(found['versus'])} others"
    evidence = "Clusters are " + "; ".join(f"{kind} {', '.join(who)}" for kind, who in said.items() if who) + "."
    return Finding(title, verdict, evidence, bool(said["better than"] or said["worse than"]))


def _ways(found: Found, alpha: float) -> Table:
    tests, baseline = found["versus"]["v_measure"], found["versus"]["baseline"]
    rows: list[list[Cell | str]] = []
    for vectors, methods in found["ways"].items():
        for method, one in methods.items():
            test = tests.get(vectors, {}).get(method)
            better = bool(test) and is_significant(test, alpha) and test["difference"]["value"] > 0
            rows.append(
                [
                    vectors,
                    method,
                    Cell(interval(one["v_measure"]), better),
                    f"{signed(test['difference'])}, p {format_p(test['holm_p'])}" if test else "",
                ]
            )
    return Table(
        ["vectors", "method", "V-measure", f"against {baseline}"],
        rows,
        f"{found['sets']} sets of {found['groups_of_a_set']} groups: are they found again? Bold is significantly "
        f"better than {baseline} by the same method.",
        folded=True,
    )


def _summaries(found: Found, measures: list[str]) -> Table:
    rows: list[list[Cell | str]] = [
        [title, *(interval(found["approaches"][approach][measure]) for measure in measures)]
        for approach, title in APPROACHES.items()
        if approach in found["approaches"]
    ]
    return Table(
        ["summary", *(MEASURES[measure] for measure in measures)],
        rows,
        f"{found['groups']} groups in {found['sentences']} sentences each, with intervals over groups. Coverage and "
        "shared words are what these summaries are made to have; shared pairs of words and people's own summaries are "
        "not. Less redundancy is better.",
        folded=True,
    )
