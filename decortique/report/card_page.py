"""The card as a page: numbers behind every claim, and what the model is not for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from decortique.core.files import new_file
from decortique.core.findings import interval, many, p_equals, signed
from decortique.evaluation.settings import Evaluate
from decortique.report.card_results import TEST, Comparison, Results, measures_of, split_of
from decortique.report.card_sources import UNTRAINED, Made, Origin, metadata

ORDER = ("train", "validation", TEST)
LEARNS_FROM_POOL = "| texts.pool | True |"  # of a student
PAGE = """\
---
{{ head }}
---

# {{ name }}

{{ made.made }}

## What it is for

It tells {{ labels }} apart: {{ task.title }}, language `{{ task.language }}`. It is for texts like those that it was
tested on, where a wrong prediction does no harm: in teaching, in research, in comparing classifiers. It is not for

- predictions about people: what was measured is how often it is right, not whom it is wrong about;
- texts of another kind or language: what is known of that stands under *Limits*;
- texts that none of its labels fits: it always predicts for one of them.

## Data

{{ task.title }}. {{ learnt }}

| split | texts |{% for label in task.labels %} `{{ label }}` |{% endfor %}

|---|---|{% for _ in task.labels %}---|{% endfor %}

{% for split, counts in rows.items() %}
| {{ split }} | {{ many(counts.all) }} |{% for label in task.labels %} {{ many(counts.get(label, 0)) }} |{% endfor %}

{% endfor %}

They come from:

{% for source in sources %}
- {{ source }}
{% endfor %}

Licence of what the model was made from:

{% for what, line in licence.of.items() %}
- {{ what }}: {{ line }}
{% endfor %}

## How it was made

Started from {{ made.started_from }}

{{ made.parameters }}
{% if made.validation %}

Scores on `validation`:

{{ made.validation }}
{% endif %}

## Scores

On the {{ many(rows.test.all) }} texts of `test`, with {{ percent }} % bootstrap intervals{{ grouped }}:

| measure | value |
|---|---|
{% for measure, score in measures(results.home) %}
| {{ measure }} | {{ interval(score) }} |
{% endfor %}

Who always says `{{ frequent }}` has an accuracy of {{ "%.3f"|format(rows.test[frequent] / rows.test.all) }}.
{% if "test" in results.compared %}

{{ against(results.compared.test) }}
{% elif not exported %}

It is the baseline: the other approaches are tested against it.
{% endif %}
{% if results.retained %}

It predicts as its teacher `{{ results.retained.teacher }}` on {{ "%.1f"|format(100 * results.retained.agreement) }} % \
of the texts
{%- if "accuracy_share" in results.retained %}, and keeps a share of {{ interval(results.retained.accuracy_share) }} \
of its accuracy{% endif %}.
{% endif %}
{% if results.size %}

It takes {{ many(results.size.bytes / 1e6) }} MB, {{ "%.0f"|format(100 * results.size.share) }} % of what it was made \
from, and predicts as that does on {{ "%.1f"|format(100 * results.size.agreement) }} % of the texts.
{% endif %}
{% for head, scores in results.graded.items() %}

Its head `{{ head }}` ranks the texts as their grades do with a Spearman correlation of {{ interval(scores.spearman) }}
{%- if "mae" in scores %}, and is off by {{ interval(scores.mae) }} on average{% endif %}.
{% endfor %}
{% if results.away %}

On texts of another kind, none of which was learnt from:

| set | texts | accuracy | macro-F1 | log-loss |{{ " accuracy against the baseline |" if results.compared }}
|---|---|---|---|---|{{ "---|" if results.compared }}
{% for set, scores in results.away.items() %}
| {{ set }} | {{ many(rows[split_of(set)].all) }} | {{ interval(scores.accuracy) }} | {{ interval(scores.macro_f1) }} \
| {{ interval(scores.log_loss) }} |
{%- if set in results.compared %} {{ signed(results.compared[set].difference) }}, \
{{ p_equals(results.compared[set].p) }} |{% endif %}

{% endfor %}
{% endif %}

## Limits

- {{ made.limits }}
{% for set, scores in results.away.items() %}
- On `{{ set }}` its accuracy is {{ interval(scores.accuracy) }}, {{ moved(scores.accuracy) }} the test set.
{% else %}
- It was not measured {{ "on anything but the test set." if exported else "on texts of another kind." }}
{% endfor %}
{% if "calibration_error" in results.home %}
- Its probability of `{{ task.labels[-1] }}` is off by {{ "%.3f"|format(results.home.calibration_error) }} on average \
(expected calibration error, {{ settings.calibration_bins }} bins).
{% endif %}
{% if results.flips %}
- Share of its predictions that flip when the test texts are rewritten by rule:
{%- for rewrite, flips in results.flips.items() %} {{ rewrite }} {{ interval(flips) }}{{ "." if loop.last else "," }}
{%- endfor %}

{% endif %}
- Whether it treats all people alike, and what it does with texts that are made to mislead it, is not told here.

## Use

{{ made.use }}

## Made again

```console
git clone <address of the pipeline's repository> decortique
cd decortique
make repro
```

That makes everything. In its environment (`source .venv/bin/activate`), this model and its predictions alone:
`dvc repro {{ stage }}`, its scores: `dvc repro {{ scored }}`. Seeds: {% for seed, value in seeds.items() -%}
{{ seed }} {{ value }}{{ "" if loop.last else ", " }}
{%- endfor %}.
{% if works %}

## To be cited

{% for work in works %}
- {{ work }}
{% endfor %}
{% endif %}
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a model when it is published.

    Attributes:
        task: its name.
        approach: its name.
        exported: whether it is the export of the approach.
        made: how it was made.
        origin: what from.
        results: its scores.
        rows: how many texts each split has, in all and by label.
        settings: those of the scores.
    """

    task: str
    approach: str
    exported: bool
    made: Made
    origin: Origin
    results: Results
    rows: Mapping[str, Mapping[str, int]]
    settings: Evaluate

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{path_name(self.approach, exported=self.exported)}.md"

    def write(self, path: Path) -> None:
        """Writes the card in the form that the Hugging Face hub reads."""
        # It is Markdown, in which an escaped apostrophe would show.
        environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
        with new_file(path) as temporary:
            text = environment.from_string(PAGE).render(self._told())
            temporary.write_text(text.rstrip() + "\n", encoding="utf-8")

    def _told(self) -> dict[str, Any]:
        name = f"{self.task}/{path_name(self.approach, exported=self.exported)}"
        stage = "export" if self.exported else "predict"
        labels, kind = self.origin.task.labels, self.made.kind
        return {
            "head": metadata(name, self.task, self.made, self.origin, self.results).to_yaml(),
            "name": name,
            "made": self.made,
            "task": self.origin.task,
            "labels": " and ".join([", ".join(f"`{label}`" for label in labels[:-1]), f"`{labels[-1]}`"]),
            "frequent": max(labels, key=lambda label: self.rows[TEST].get(label, 0)),
            "learnt": self._learnt(),
            # What was learnt from, what was chosen by and what was tested on come first.
            "rows": {name: self.rows[name] for name in sorted(self.rows, key=_turn)},
            "sources": self.origin.sources(),
            "licence": self.origin.licence(kind),
            "works": self.origin.works(kind),
            "results": self.results,
            "exported": self.exported,
            "settings": self.settings,
            "percent": f"{100 * self.settings.confidence:g}",
            "grouped": " (groups of texts are drawn whole)" if self.origin.task.split.keep_groups else "",
            "stage": f"{stage}@{self.task}-{self.approach}",
            "scored": f"export@{self.task}-{self.approach}" if self.exported else f"evaluate@{self.task}",
            "seeds": {"split": self.origin.task.split.seed, **self.made.seeds, "bootstrap": self.settings.seed},
            "against": self._against,
            "moved": self._moved,
            "measures": measures_of,
            "interval": interval,
            "many": many,
            "p_equals": p_equals,
            "signed": signed,
            "split_of": split_of,
        }

    def _learnt(self) -> str:
        if self.made.kind in UNTRAINED:
            return "It has learnt from none of these texts."
        pool = " and, with its teacher's labels, from `pool`" if LEARNS_FROM_POOL in self.made.parameters else ""
        return f"It has learnt from `train`{pool}; by `validation` it was chosen, and the others it had not seen."

    def _against(self, found: Comparison) -> str:
        measured = f"{signed(found.difference)}, {p_equals(found.p)} ({found.test})"
        verdict = found.verdict(1 - self.settings.confidence)
        told = "the two cannot be told apart" if verdict == "no significant difference" else f"it is {verdict}"
        return f"Against {found.against} on the same texts, the difference in accuracy is {measured}: {told}."

    def _moved(self, accuracy: Mapping[str, float]) -> str:
        home = self.results.home["accuracy"]
        if accuracy["high"] < home["low"]:
            return "lower than on"
        return "higher than on" if accuracy["low"] > home["high"] else "within the uncertainty of that on"


def _turn(split: str) -> tuple[int, str]:
    return (ORDER.index(split) if split in ORDER else len(ORDER), split)


def path_name(approach: str, *, exported: bool) -> str:
    """Gives the name of a card."""
    return f"{approach}-int8" if exported else approach
