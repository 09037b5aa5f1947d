"""Stage `cluster`: texts of several groups, mixed → clusters, their terms, and whether they recover the groups."""

from decortique.core import paths
from decortique.core.command import CollectionName, run
from decortique.core.files import new_folder, write_json
from decortique.core.headlines import headline_of_clustering, write_metrics
from decortique.core.settings import Compute
from decortique.core.tables import CLUSTERS, write_table
from decortique.data.settings import HELD_OUT, SEEN
from decortique.evaluation.settings import Evaluate
from decortique.summarization.clustering import distinctive_terms
from decortique.summarization.plots import draw_clusters, draw_recovery
from decortique.summarization.recovery import cluster_rows, cluster_sets, describe_clusters, mix_groups, recovery
from decortique.summarization.settings import Cluster
from decortique.summarization.vectors import Texts, available, represented


def cluster(name: CollectionName) -> None:
    """Cluster a collection in each representation by each method, and measure how well its groups are recovered."""
    settings, texts = Cluster.load(), Texts.read(name, [SEEN, HELD_OUT])
    names = available(settings.representations, texts.language)
    vectors = {one: represented(one, texts) for one in names}
    sets = mix_groups(texts.groups, settings.groups_per_set, settings.seed)
    clusters = cluster_sets(sets, vectors, settings)
    report = recovery(sets, clusters, settings, Evaluate.load())
    example, numbers = sets[0], clusters[names[0], settings.methods[0]][0]
    in_words = [texts.texts[index] for index in example.indices]
    terms = distinctive_terms(in_words, numbers, settings.terms, texts.language)
    write_metrics("cluster", name, headline_of_clustering(report))
    named = describe_clusters(terms, numbers, example, texts)
    write_json(paths.results("cluster", name), {**report, "named": named})
    with write_table(paths.clusters(name), CLUSTERS, {"collection": name, "cluster": settings.model_dump()}) as append:
        for rows in cluster_rows(sets, clusters, texts.ids):
            append(rows)
    with new_folder(paths.plots("cluster", name)) as folder:
        draw_recovery(folder / "recovery.png", report)
        draw_clusters(folder / "clusters.png", vectors[names[0]](example.indices), numbers, terms)


if __name__ == "__main__":
    run(cluster, compute=Compute.load)
