"""Findings about clusters of texts and their summaries (D2): claims with their evidence, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decortique.core.findings import (
    Cell,
    Finding,
    Part,
    Table,
    decimal,
    format_p,
    interval,
    is_significant,
    measured,
    percent,
    pictures,
    signed,
)
from decortique.summarization.settings import APPROACHES, OURS, RANDOM

Results = Mapping[str, Any]
MEASURES = {
    "rouge_1_f1": "ROUGE-1 F1",
    "rouge_2_f1": "ROUGE-2 F1",
    "rouge_l_f1": "ROUGE-L F1",
    "coverage": "coverage",
    "shared_words": "shared words",
    "shared_pairs": "shared pairs",
    "redundancy": "redundancy",
    "words": "words",
    "opinion_off": "opinion off by",
    "marked_off": "marks off by",
}
LESS_IS_BETTER = ("redundancy", "opinion_off", "marked_off")
OF_CLUSTERS = {"v_measure": "V-measure", "adjusted_mutual_information": "adjusted mutual information"}
CAPTIONS = {
    "cluster": {
        "recovery": "Groups of texts recovered by clustering: higher is better, bars are intervals over sets.",
        "clusters": "Texts in a plane, coloured by cluster.",
    },
    "summarize": {"summaries": "Measures of summaries, beside their baselines."},
}
FOLDED = ("clusters",)
SAME, BETTER, WORSE = "not significantly different from", "better than", "worse than"


def collection_part(collection: str, title: str, alpha: float) -> Part:
    """Return all findings about a collection; differences with a p-value below `alpha` are significant."""
    clusters, summaries = measured("cluster", collection), measured("summarize", collection)
    findings = [*cluster_findings(clusters, "texts", ["v_measure"], alpha), *summary_findings(summaries, alpha)]
    drawn = [one for stage, captions in CAPTIONS.items() for one in pictures(stage, collection, captions, FOLDED)]
    return Part(title, findings, [*drawn, cluster_table(clusters, "texts", alpha), summary_table(summaries)])


def _verdict(test: Results, alpha: float, *, less_is_better: bool = False) -> str:
    if not is_significant(test, alpha):
        return SAME
    return BETTER if (test["difference"]["value"] < 0) == less_is_better else WORSE


def cluster_findings(
    results: Results, texts: str, measures: Sequence[str] = tuple(OF_CLUSTERS), alpha: float = 0.05
) -> Iterator[Finding]:
    """Yield whether clusters of the encoder's vectors recover groups better than the baseline's, number known."""
    baseline, vectors = results["versus"]["baseline"], "encoder"
    for measure in measures:
        for method, test in results["versus"].get(measure, {}).get(vectors, {}).items():
            if "silhouette" in method or method == "hdbscan":
                continue  # in the table
            scores = (interval(results["ways"][name][method][measure]) for name in (vectors, baseline))
            yield Finding(
                f"{method}, {texts}, {OF_CLUSTERS[measure]}",
                f"the encoder's vectors are {_verdict(test, alpha)} {baseline}",
                f"{' and '.join(scores)}, difference {interval(test['difference'])}, p {format_p(test['holm_p'])}.",
                is_significant(test, alpha),
            )


def cluster_table(results: Results, texts: str, alpha: float = 0.05) -> Table:
    """Return how well each representation and method recovers the groups."""
    tests, baseline = results["versus"].get("v_measure", {}), results["versus"]["baseline"]
    rows: list[list[Cell | str]] = [
        [
            *(vectors, method, Cell(interval(one["v_measure"]), strong=bool(test) and _verdict(test, alpha) == BETTER)),
            f"{signed(test['difference'])}, p {format_p(test['holm_p'])}" if test else "",
            *(interval(one[name]) for name in ("adjusted_rand", "adjusted_mutual_information")),
            *(decimal(one["clusters"]["value"], 1), percent(one["clustered"]["value"], 0)),
        ]
        for vectors, methods in results["ways"].items()
        if vectors != RANDOM
        for method, one in methods.items()
        for test in (tests.get(vectors, {}).get(method, {}),)
    ]
    return Table(
        [
            *("vectors", "method", "V-measure", f"against {baseline}", "adjusted Rand"),
            *("adjusted mutual information", "clusters", "in a cluster"),
        ],
        rows,
        f"{results['texts']} {texts}, {results['sets']} sets of {results['groups_per_set']} groups: does clustering "
        f"recover them? Random clusters have a V-measure of "
        f"{decimal(results['ways'][RANDOM][RANDOM]['v_measure']['value'])}. Bold is significantly better than "
        f"{baseline} by the same method.",
        folded=True,
    )


def summary_findings(results: Results, alpha: float = 0.05) -> Iterator[Finding]:
    """Yield for each measure that was tested whether summaries from clusters are better than others."""
    for measure, title in MEASURES.items():
        if all(measure in tests for tests in results["versus"].values()):
            yield summary_finding(results, measure, f"Summaries, {title}", alpha)


def summary_finding(results: Results, measure: str, title: str, alpha: float = 0.05) -> Finding:
    """Return than which approaches summaries from clusters are better, and than which they are worse."""
    by_verdict: dict[str, list[str]] = {BETTER: [], WORSE: [], SAME: []}
    for approach, tests in results["versus"].items():
        test = tests[measure]
        verdict = _verdict(test, alpha, less_is_better=measure in LESS_IS_BETTER)
        numbers = f"{interval(test['difference'])}, p {format_p(test['holm_p'])}"
        by_verdict[verdict].append(f"{APPROACHES[approach]} ({numbers})")
    verdicts = [verdict for verdict, names in by_verdict.items() if names]
    evidence = "; ".join(f"{verdict} {', '.join(by_verdict[verdict])}" for verdict in verdicts)
    return Finding(
        title,
        f"clusters are {verdicts[0]} {len(by_verdict[verdicts[0]])} of {len(results['versus'])} others",
        f"Clusters are {evidence}.",
        bool(by_verdict[BETTER] or by_verdict[WORSE]),
    )


def summary_table(results: Results) -> Table:
    """Return the measures of the summaries by each approach."""
    measures = {name: title for name, title in MEASURES.items() if name in results["approaches"][OURS]}
    chance = {name: [decimal(results["random_interval"][name][end]) for end in ("low", "high")] for name in measures}
    ranges = [f"{measures[name]} {' to '.join(ends)}" for name, ends in list(chance.items())[:2]]
    return Table(
        ["summary", *measures.values()],
        [
            [title, *(decimal(of[one]["value"], 0) if one == "words" else interval(of[one]) for one in measures)]
            for approach, title in APPROACHES.items()
            if (of := results["approaches"].get(approach))
        ],
        f"{results['groups']} groups in {results['sentences']} sentences each, with intervals over groups. Summaries "
        "from clusters are optimised for coverage and shared words, but not for shared pairs of words and people's own "
        "summaries. Less redundancy is better. The mean over the groups of single random summaries lies, 95 times of "
        f"100, in {' and '.join(ranges)}.",
        folded=True,
    )
