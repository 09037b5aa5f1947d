"""Stage `cluster`: texts of several groups, mixed → clusters, their names, and whether they are the groups again."""

from functools import partial

from stages.artifacts import paths
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.headlines import headline_of_clustering, write_metrics
from stages.artifacts.tables import CLUSTERS, write_table
from stages.clustering.finding import find_groups, mixed_sets
from stages.clustering.naming import distinctive_terms
from stages.clustering.tables import cluster_rows, named
from stages.clustering.texts import Texts
from stages.clustering.vectors import available, represent, word_vectors
from stages.command import run
from stages.pictures.clusters import draw_clusters, draw_finding
from stages.progress import progress
from stages.settings.cluster import Cluster
from stages.settings.collections import HELD_OUT, SEEN
from stages.settings.evaluate import Evaluate


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
