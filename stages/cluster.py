"""Stage `cluster`: texts of several groups, mixed → clusters, their names, and whether they are the groups again."""

from functools import partial

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.progress import progress
from decortique.core.tables import CLUSTERS, write_table
from decortique.data.settings import HELD_OUT, SEEN
from decortique.evaluation.settings import Evaluate
from decortique.report.headlines import headline_of_clustering, write_metrics
from decortique.summarization.clustering import distinctive_terms
from decortique.summarization.finding import cluster_rows, find_groups, mixed_sets, named
from decortique.summarization.plots import draw_clusters, draw_finding
from decortique.summarization.settings import Cluster
from decortique.summarization.vectors import Texts, available, represent, word_vectors


def cluster(name: str) -> None:
    """Clusters a collection in each way there is, and measures how well its groups are found again."""
    settings, texts = Cluster.load(), Texts.read(name, [SEEN, HELD_OUT])
    names = available(settings.representations, texts.language)
    static = word_vectors(names, texts.language)
    represented = {one: partial(represent, one, texts, static) for one in names}
    sets = mixed_sets(texts.groups, settings.together, settings.seed)
    with progress("cluster", len(sets), "set") as bar:
        found = find_groups(sets, represented, settings, bar.update)
    first, method = names[0], settings.methods[0]
    shown = sets[0]
    clusters = found.clusters[first, method][0]
    terms = distinctive_terms([texts.texts[place] for place in shown.places], clusters, settings.terms, texts.language)
    report = found.report(settings, Evaluate.load())
    write_metrics("cluster", name, headline_of_clustering(report))
    write_json(paths.results("cluster", name), {**report, "named": named(terms, clusters, shown, texts)})
    with write_table(paths.clusters(name), CLUSTERS, {"collection": name, "cluster": settings.model_dump()}) as append:
        for rows in cluster_rows(found, texts.ids):
            append(rows)
    with new_folder(paths.plots("cluster", name)) as folder:
        draw_finding(folder / "finding.png", report)
        draw_clusters(folder / "clusters.png", represented[first](shown.places), clusters, terms)


if __name__ == "__main__":
    run(cluster)
