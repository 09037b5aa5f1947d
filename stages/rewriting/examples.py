"""The rewritten texts on which approaches changed their minds, the most surprising first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stages.artifacts.labelled import Labelled
from stages.rewriting.rewritten import Answers, Rewritten


def examples(
    made: Rewritten, answers: Mapping[str, Answers], rows: Labelled, *, name: str, should: str
) -> Iterator[dict[str, Any]]:
    """Yields a rule's texts on which some approach flipped, in order of `surprise`.

    `surprise` is how sure the one that flipped was, before and after: the lesser of the two probabilities. Of several,
    the surest counts.

    Args:
        made: the texts.
        answers: by approach.
        rows: of all texts, those that the rule leaves as they are among them.
        name: of the rule.
        should: what decisions should do.
    """
    flipped = np.stack([said.flipped for said in answers.values()])
    sure = np.stack([np.minimum(said.before.max(axis=1), said.after.max(axis=1)) for said in answers.values()])
    surprise = (sure * flipped).max(axis=0)
    shown = np.flatnonzero(flipped.any(axis=0))
    for place in shown[np.argsort(-surprise[shown], kind="stable")].tolist():
        row = int(made.places[place])
        yield {
            "rewrite": name,
            "should": should,
            "surprise": round(float(surprise[place]), 4),
            "id": rows.ids[row],
            "label": rows.labels[rows.truth[row]],
            "text": made.before[place],
            "rewritten": made.after[place],
            "approaches": {approach: _said(said, place, rows.labels) for approach, said in answers.items()},
        }


def _said(said: Answers, place: int, labels: Sequence[str]) -> dict[str, Any]:
    """Gives what an approach decided on a text, before and after, each with its probability."""
    return {
        "flipped": bool(said.flipped[place]),
        **{
            when: {"decision": labels[row.argmax()], "probability": round(float(row.max()), 4)}
            for when, row in (("before", said.before[place]), ("after", said.after[place]))
        },
    }
