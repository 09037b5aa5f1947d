"""What README and docs show between their markers: the same findings and tables that the report shows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from decortique.core.findings import Finding, Table, measured, percent, thousands
from decortique.core.headlines import NOT_APPROACHES
from decortique.diagnosis import findings as diagnosis
from decortique.evaluation import findings as evaluation
from decortique.summarization import findings as summarization
from decortique.words import findings as words
from tools import chain, studies

Blocks = Iterable[Finding | Table | str]
TASKS, ALPHA = ("opinion", "author"), 0.05


def approaches(scores: Mapping[str, Any]) -> list[str]:
    """Return the approaches among the keys of an evaluation."""
    return [name for name in scores if name not in NOT_APPROACHES]


def headline() -> Blocks:
    """Return the accuracy of each approach of the task `opinion`, in domain and out of domain."""
    scores = measured("evaluate", "opinion", "scores")
    return [evaluation.transfer_table(scores, approaches(scores), ALPHA)]


def opinion() -> Blocks:
    """Return the scores of the task `opinion`, in domain and out of domain, and what students keep of teachers."""
    scores = measured("evaluate", "opinion", "scores")
    names = approaches(scores)
    return [
        f"Task `opinion`, {_test_texts('opinion')} test sentences.",
        evaluation.scores_table(scores, names, ALPHA),
        evaluation.transfer_table(scores, names, ALPHA),
        evaluation.grades_table(scores),
        *evaluation.retained_findings(scores),
        *evaluation.grade_findings(scores, names),
    ]


def author() -> Blocks:
    """Return the scores of the task `author`: sentence by sentence, over the stream, and the controls."""
    scores, controls = measured("evaluate", "author", "scores"), measured("validity", "author", "controls")
    kinds = " and ".join(
        f"{percent(shares['function_words'], 0)} are function words and {percent(shares['names'], 0)} names ({label})"
        for label, shares in controls["relies_on"].items()
    )
    return [
        f"Task `author`, {_test_texts('author')} sentences of the third debate.",
        evaluation.scores_table(scores, approaches(scores), ALPHA),
        evaluation.decoding_table(scores, ALPHA),
        diagnosis.control_finding(controls),
        f"Of the 200 strongest features of each speaker in the bag of words, {kinds}.",
    ]


def _test_texts(task: str) -> str:
    return thousands(measured("prepare", task)["rows"]["test"]["all"])


def words_in_short() -> Blocks:
    """Return the findings about words in context."""
    pronouns, polysemy = measured("pronouns", "en", "contextuality"), measured("polysemy", "en", "senses")
    return [*words.context_findings(pronouns), *words.sense_findings(pronouns, polysemy)]


def contextuality(pronouns: Mapping[str, Any]) -> Blocks:
    """Return the measures by layer, and whether the published findings are reproduced."""
    return [*words.context_tables(pronouns), *words.context_findings(pronouns)]


def probes() -> Blocks:
    """Return what a probe reads from pronouns."""
    results = measured("pronouns", "en", "contextuality")["probes"]
    return [*words.probe_tables(results), *words.probe_findings(results)]


def other_encoder() -> Blocks:
    """Return the results of the multilingual encoder in English."""
    results = studies.experiment("representations")["en"]
    return [*contextuality(results["pronouns"]), *words.pair_tables(results["polysemy"]["pairs"])]


def french() -> Blocks:
    """Return the results of the multilingual encoder in French."""
    results = studies.experiment("representations")["fr"]
    return [
        *contextuality(results["pronouns"]),
        *words.antecedent_tables(results["pronouns"]["antecedents"]),
        *words.sense_tables(results["polysemy"]["senses"]),
        *words.neighbour_tables(results["polysemy"]["neighbours"]),
    ]


def validity_in_short() -> Blocks:
    """Return the findings of the task `opinion` that a reader should know first."""
    slices, scores = measured("evaluate", "opinion", "slices"), measured("evaluate", "opinion", "scores")
    names = approaches(scores)
    return [
        *evaluation.gap_findings(slices, names, scores),
        *(one for one in evaluation.slice_findings(slices, names) if one.is_significant),
        *diagnosis.audit_findings(measured("validity", "opinion", "audit")),
        *diagnosis.explanation_findings(measured("explain", "opinion"), ALPHA),
        evaluation.published_finding(slices),
    ]


def by_task(blocks: Callable[[str], Blocks], tasks: Iterable[str] = TASKS) -> Iterator[Finding | Table | str]:
    """Yield the blocks of each task under its name."""
    for task in tasks:
        yield f"Task `{task}`:"
        yield from blocks(task)


def slices(task: str) -> Blocks:
    """Return accuracy part by part, and which approaches differ between the parts."""
    results, names = measured("evaluate", task, "slices"), approaches(measured("evaluate", task, "scores"))
    return [*evaluation.slice_findings(results, names), evaluation.slices_table(results, names, ALPHA)]


def people(task: str) -> Blocks:
    """Return how far people agree."""
    results, scores = measured("evaluate", task, "slices"), measured("evaluate", task, "scores")
    return [*evaluation.gap_findings(results, approaches(scores), scores), evaluation.people_table(results)]


def published(task: str) -> Blocks:
    """Return the published scores beside those reproduced."""
    results = measured("evaluate", task, "slices")
    return [evaluation.published_finding(results), evaluation.published_table(results)]


def audit(task: str) -> Blocks:
    """Return leaks, suspected labels and controls."""
    audited, controls = (measured("validity", task, part) for part in ("audit", "controls"))
    return [*diagnosis.audit_findings(audited), diagnosis.control_finding(controls)]


def robustness(task: str) -> Blocks:
    """Return how many predictions flip."""
    results = measured("robustness", task)
    return [*diagnosis.flip_findings(results, ALPHA), diagnosis.flips_table(results, ALPHA)]


def explanations(task: str) -> Blocks:
    """Return whether explanations hold."""
    results = measured("explain", task)
    return [*diagnosis.explanation_findings(results, ALPHA), diagnosis.deletion_table(results)]


def summaries_in_short() -> Blocks:
    """Return how well clusters recover films, and how good summaries are."""
    films, opinosis = measured("summarize", "films"), studies.experiment("summaries")["opinosis"]["summarize"]
    unseen = {name: f"Reviews not seen, {summarization.MEASURES[name]}" for name in ("shared_pairs", "coverage")}
    return [
        *summarization.cluster_findings(measured("cluster", "films"), "reviews of films", ["v_measure"]),
        summarization.summary_finding(opinosis, "rouge_1_f1", "Opinosis, ROUGE-1 F1"),
        *(summarization.summary_finding(films, name, title) for name, title in unseen.items()),
    ]


def recovered(collection: str, texts: str) -> Blocks:
    """Return how well clusters recover the groups of a collection."""
    results = measured("cluster", collection)
    return [summarization.cluster_table(results, texts), *summarization.cluster_findings(results, texts)]


def summarized(results: Mapping[str, Any]) -> Blocks:
    """Return the measures of summaries."""
    return [summarization.summary_table(results), *summarization.summary_findings(results)]


def opinosis() -> Blocks:
    """Return the measures of summaries of Opinosis."""
    results = studies.experiment("summaries")["opinosis"]
    texts, groups = results["gather"]["texts"]["seen"], results["gather"]["groups"]
    counts = (
        f"{texts} sentences of {groups['kept']} topics, {groups['with_references']} of which people have summarised."
    )
    return [counts, *summarized(results["summarize"])]


def speeches() -> Blocks:
    """Return the measures of summaries of French speeches."""
    results = studies.experiment("summaries")["speeches-fr"]
    texts, groups = results["gather"]["texts"]["seen"], results["gather"]["groups"]["kept"]
    return [f"{texts} sentences of {groups} speeches.", *summarized(results["summarize"])]


# Marker → what `make readme` writes there, whichever page it is on.
MARKERS: Mapping[str, Callable[[], Blocks]] = {
    "headline": headline,
    "opinion": opinion,
    "author": author,
    "language": studies.language,
    "adaptation": studies.adaptation,
    "shipping": studies.shipping,
    "chain": chain.drawing,
    # distillation
    "controls": studies.controls,
    "loss terms": studies.terms,
    "rounds": studies.rounds,
    "distant supervision": studies.distant,
    # words in context
    "words": words_in_short,
    "similarity": lambda: words.similarity_tables(measured("pronouns", "en", "similarity")),
    "contextuality": lambda: contextuality(measured("pronouns", "en", "contextuality")),
    "probes": probes,
    "antecedents": lambda: words.antecedent_tables(measured("pronouns", "en", "contextuality")["antecedents"]),
    "pairs": lambda: words.pair_tables(measured("polysemy", "en", "senses")["pairs"]),
    "senses": lambda: words.sense_tables(measured("polysemy", "en", "senses")["senses"]),
    "neighbours": lambda: words.neighbour_tables(measured("polysemy", "en", "senses")["neighbours"]),
    "other encoder": other_encoder,
    "french": french,
    # clusters and summaries
    "summaries": summaries_in_short,
    "films recovered": lambda: recovered("films", "reviews of films"),
    "editorials recovered": lambda: recovered("editorials", "sentences of editorials"),
    "choices": studies.choices,
    "films summarized": lambda: summarized(measured("summarize", "films")),
    "editorials summarized": lambda: summarized(measured("summarize", "editorials")),
    "opinosis": opinosis,
    "speeches": speeches,
    # validity
    "validity": validity_in_short,
    "learning curves": studies.learning_curves,
    "slices": lambda: by_task(slices),
    "people": lambda: by_task(people, ["opinion"]),
    "published": lambda: by_task(published, ["opinion"]),
    "audit": lambda: by_task(audit),
    "robustness": lambda: by_task(robustness),
    "explanations": lambda: by_task(explanations),
    # training
    "loader": studies.loader,
    "optimizer": lambda: studies.validation_scores("optimizer"),
    "scheduler": lambda: studies.validation_scores("scheduler"),
}
