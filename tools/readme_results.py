"""Writes the results tables of the pages from what was measured, between their markers."""

import re
import sys
from collections.abc import Callable, Iterator

from tools.pages import distillation, readme, representations, summaries, training, validity
from tools.pages.showing import ROOT

Texts = dict[str, Callable[[], Iterator[str]]]
PAGES: dict[str, Texts] = {
    "README.md": {
        "opinion": readme.opinion,
        "author": readme.author,
        "language": readme.language,
        "adaptation": readme.adaptation,
        "words": representations.in_short,
        "summaries": summaries.in_short,
        "shipping": readme.shipping,
        "validity": validity.in_short,
    },
    "docs/distillation.md": {
        "controls": distillation.controls,
        "terms": distillation.terms,
        "rounds": distillation.rounds,
        "distant": distillation.distant,
    },
    "docs/representations.md": {
        "similarity": representations.similarity,
        "contextuality": representations.contextuality,
        "carried": representations.carried,
        "antecedents": representations.antecedents,
        "pairs": representations.pairs,
        "senses": representations.senses,
        "neighbours": representations.neighbours,
        "other encoder": representations.other_encoder,
        "french": representations.french,
    },
    "docs/summaries.md": {
        "films found": summaries.films_found,
        "editorials found": summaries.editorials_found,
        "choices": summaries.choices,
        "films summarized": summaries.films_summarized,
        "editorials summarized": summaries.editorials_summarized,
        "opinosis": summaries.opinosis,
        "speeches": summaries.speeches,
    },
    "docs/validity.md": {
        "learning curves": validity.learning_curves,
        "slices": validity.slices,
        "people": validity.people,
        "published": validity.published,
        "audit": validity.audit,
        "robustness": validity.robustness,
        "explanations": validity.explanations,
    },
    "docs/training.md": {"loader": training.loader, "optimizer": training.optimizer, "scheduler": training.scheduler},
}


def updated(page: str, texts: Texts) -> str:
    """Gives a page with the texts between their markers."""
    for name, text in texts.items():
        start, end = f"<!-- {name}: written by `make readme` -->", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(page):
            sys.exit(f"the page has no place for the results of {name}: put {start} and {end} into it")
        filled = "\n".join([start, *text(), end])
        page = pattern.sub(lambda _, filled=filled: filled, page)  # type: ignore[misc]
    return page


def main() -> None:
    """Rewrites the pages."""
    for name, texts in PAGES.items():
        path = ROOT / name
        path.write_text(updated(path.read_text(encoding="utf-8"), texts), encoding="utf-8")
        sys.stderr.write(f"{name}: results written\n")


if __name__ == "__main__":
    main()
