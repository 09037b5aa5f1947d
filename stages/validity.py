"""Stage `validity`: a corpus and its baseline under controls → what scores rest on, leaks, suspected labels."""

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, write_json, write_json_lines
from decortique.core.headlines import headline_of_validity, write_metrics
from decortique.core.settings import Approaches, Compute
from decortique.data.settings import TaskSection
from decortique.diagnosis.controls import measure_controls
from decortique.diagnosis.near_duplicates import TaskTexts, audit_near_duplicates, near_pairs, read_corpus
from decortique.diagnosis.plots import draw_suspected
from decortique.diagnosis.settings import Audit, Validity
from decortique.diagnosis.suspected_labels import ASKED, audit_labels
from decortique.evaluation.settings import Evaluate
from decortique.models.bag_of_words import chosen_candidate
from decortique.models.predictions import read_predictions
from decortique.models.settings import BagOfWords


def validity(task: TaskName) -> None:
    """Measure what the scores of a task rest on: its baseline under controls, leaks across splits, suspected labels."""
    described, audit, evaluate = TaskSection.named(task), Audit.load(), Evaluate.load()
    corpus, candidate = read_corpus(task), chosen_candidate(BagOfWords.load(), task)
    texts = TaskTexts.of(corpus, described.labels, keep_groups=described.split.keep_groups)
    controls = measure_controls(texts, described.language, candidate, Validity.load(), evaluate)
    predictions = {
        approach: {
            split: read_predictions(
                paths.predictions(task, approach), split, described.labels, [row.id for row in corpus[split]]
            )
            for split in ASKED
        }
        for approach in Approaches.load().root
    }
    pairs = near_pairs(corpus, audit.threshold)
    labels, suspected = audit_labels(texts, pairs, predictions, candidate, described.language, audit, evaluate)
    near_duplicates = audit_near_duplicates(corpus, texts, pairs, predictions, audit.threshold, evaluate)
    audited = {"near_duplicates": near_duplicates, "labels": labels}
    write_json(paths.results("validity", task, "controls"), controls)
    write_json(paths.results("validity", task, "audit"), audited)
    write_json_lines(paths.audit(task, "near_duplicates"), [pair.line() for pair in pairs])
    write_json_lines(paths.audit(task, "labels"), suspected)
    write_metrics("validity", task, headline_of_validity(controls, audited))
    with new_folder(paths.plots("validity", task)) as folder:
        draw_suspected(folder / "suspected.png", labels, evaluate.confidence)


if __name__ == "__main__":
    run(validity, compute=Compute.load)
