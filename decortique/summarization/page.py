"""A page to read: the summaries of some groups side by side, by each approach."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from decortique.core.files import new_file
from decortique.data.settings import Collection
from decortique.summarization.groups import Summarized
from decortique.summarization.rating import ALONE, LOT, OURS, SHORT

NAMES = {
    OURS: "on clusters",
    ALONE: "in one cluster",
    "centroid": "nearest to the centre",
    SHORT: "nearest to the centre, as short",
    "lexrank": "LexRank",
    "textrank": "TextRank",
    "first": "first sentences",
    LOT: "by lot",
}

PAGE = """\
<!DOCTYPE html>
<html lang="{{ collection.language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ collection.title }}: summaries</title>
<style>
:root { color-scheme: light dark; --soft: color-mix(in srgb, currentColor 55%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 .2rem; }
.note, .of { color: var(--soft); font-size: .875rem; }
dl { display: grid; grid-template-columns: minmax(7rem, 11rem) 1fr; gap: .8rem 1.2rem; margin: .8rem 0; }
dt { font-weight: 600; } dd { margin: 0; } dd p { margin: 0 0 .4rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: .2rem; } dd { margin-bottom: .8rem; } }
</style>
</head>
<body>
<h1>{{ collection.title }}: summaries beside their baselines</h1>
<p>Each group of texts in {{ collection.sentences }} sentences, by each approach. On clusters, each
sentence speaks for those of its cluster, whose number stands behind it.</p>
{% for group in groups %}
<section>
<h2>{{ group.name }}</h2>
<p class="note">{{ group.of }} texts{% if group.references %}, and what people wrote of them{% endif %}</p>
<dl>
{% for approach in group.approaches %}
<dt>{{ approach.name }}<div class="of">coverage {{ "%.2f"|format(approach.coverage) }}
{%- if approach.rouge is not none %}, ROUGE-1 {{ "%.2f"|format(approach.rouge) }}{% endif %}</div></dt>
<dd>{% for sentence, size in approach.sentences %}<p>{{ sentence }}{% if size %}
 <span class="of">({{ size }} of {{ group.of }})</span>{% endif %}</p>{% endfor %}</dd>
{% endfor %}
{% for reference in group.references %}
<dt>a person</dt><dd><p>{{ reference }}</p></dd>
{% endfor %}
</dl>
</section>
{% endfor %}
</body>
</html>
"""


def write_page(path: Path, described: Collection, found: Sequence[Summarized]) -> None:
    """Writes a page that needs nothing but itself; what stands in the texts is shown, not obeyed."""
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    groups = [_group(one) for one in found]
    content = page.render(collection=described, groups=groups)
    with new_file(path) as temporary:
        temporary.write_text(content + "\n", encoding="utf-8")


def _group(one: Summarized) -> Mapping[str, Any]:
    sizes = {representative.place: representative.size for representative in one.clusters.chosen}
    return {
        "name": one.group.name.replace("_", " "),
        "of": len(one.group.texts),
        "references": one.group.against.references,
        "approaches": [
            {
                "name": NAMES[approach],
                "coverage": one.rated[approach]["coverage"],
                "rouge": one.rated[approach].get("rouge_1_f1"),
                "sentences": [
                    (one.group.texts[place], sizes.get(place) if approach == OURS else None) for place in places
                ],
            }
            for approach, places in one.places.items()
        ],
    }
