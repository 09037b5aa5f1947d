"""Stage `audit`: a corpus against itself → texts that stand on both sides of a split, and labels that are suspected."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.artifacts import paths
from stages.artifacts.decisions import read_decisions
from stages.artifacts.files import new_folder, write_json
from stages.auditing.control import found_again, turned
from stages.auditing.corpus import Home, read_corpus
from stages.auditing.folds import dealt, kept_together, out_of_fold
from stages.auditing.labels import Doubts
from stages.auditing.leaks import worth_of_leaks
from stages.auditing.near_duplicates import count_met, count_pairs, leaked, near_pairs
from stages.auditing.second_opinion import ASKED, SecondOpinion
from stages.classifiers.chosen import chosen_candidate
from stages.command import run
from stages.pictures.audit import draw_doubts
from stages.progress import progress
from stages.settings.audit import Audit
from stages.settings.bag_of_words import BagOfWords
from stages.settings.chain import Approaches
from stages.settings.evaluate import Evaluate
from stages.settings.task import TaskSection


def audit(task: str) -> None:
    """Finds near duplicates among all texts of a task, and labels that a bag of words and others doubt.

    What leaks are worth: scores without the test texts that were met in what is learnt from. What a doubt is worth:
    whether other approaches share it, whether people themselves were of two minds, and whether labels that are turned
    on purpose are found. A suspicion is no proof.
    """
    settings, measured, described = Audit.load(), Evaluate.load(), TaskSection.named(task)
    corpus = read_corpus(task)
    home = Home.of(corpus, described.labels, keep_groups=described.split.keep_groups)
    decided = {
        approach: {
            split: read_decisions(
                paths.decisions(task, approach), split, described.labels, [row.id for row in corpus[split]]
            )
            for split in ASKED
        }
        for approach in Approaches.load().root
    }
    pairs = near_pairs(corpus, settings.near)
    folds = dealt(home.labels, kept_together(home, pairs), settings.folds, settings.seed)
    changed = turned(home.labels, len(home.names), settings.seed)
    candidate = chosen_candidate(BagOfWords.load(), task)
    with progress("audit", 2 * len(folds), "fit") as bar:
        probability, control = (
            out_of_fold(home, labels, folds, candidate, described.language, bar.update)
            for labels in (home.labels, changed)
        )
    doubts = Doubts.of(home, probability, SecondOpinion.of(home, decided))
    report = {
        "near_duplicates": {
            "least": settings.near,
            "pairs": count_pairs(corpus, pairs),
            "met": count_met(corpus, pairs),
            "leaks": worth_of_leaks(home, leaked(pairs, "test"), decided, measured),
        },
        "labels": {
            "folds": len(folds),
            "not_judged": len(home.rows) - len(doubts.home.rows),
            **doubts.summary(measured),
            "control": found_again(home.labels, changed, control, measured, home.together),
        },
    }
    with new_folder(paths.audit(task)) as folder:
        write_lines(folder / "near_duplicates.jsonl", (pair.line() for pair in pairs))
        write_lines(folder / "labels.jsonl", doubts.lines())
    write_json(paths.metrics("audit", task), report)
    draw_doubts(paths.plots("audit", task) / "suspected.png", report["labels"], measured.confidence)


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Writes JSON lines."""
    path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    run(audit)
