"""Writes the pages' tables of results between their markers, and copies the pictures that the pages show."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import new_folder
from tools.pages import chain, distillation, readme, representations, summaries, training, validity
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
        "chain": chain.drawing,
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


PICTURES = Path("docs/pictures")  # evaluate-opinion-accuracy.png is a copy of data/plots/evaluate/opinion/accuracy.png


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


def pictures_of(page: str) -> list[str]:
    """Lists the names of the pictures of docs/pictures/ that a page shows."""
    return re.findall(rf"\]\((?:{PICTURES.parent}/)?{PICTURES.name}/([\w-]+\.png)\)", page)


def plotted(picture: str) -> Path:
    """Return the file of data/plots/ that a picture of docs/pictures/ is a copy of."""
    return paths.DATA / "plots" / picture.replace("-", "/")


def copy_pictures(root: Path, shown: Iterable[str]) -> None:
    """Copies the pictures that pages show from data/plots/ to docs/pictures/, and removes those that none shows.

    Raises:
        StageError: a picture was not drawn, or is not in this checkout.
    """
    with new_folder(root / PICTURES) as folder:
        for name in shown:
            source = plotted(name)
            if not (root / source).exists():
                raise StageError(f"{source} is missing: run `dvc checkout` to fetch it, or `dvc repro` to make it")
            shutil.copyfile(root / source, folder / name)


def main() -> None:
    """Rewrites the pages, and copies the pictures that they show; changes nothing where a result is missing."""
    try:
        pages = {name: updated((ROOT / name).read_text(encoding="utf-8"), texts) for name, texts in PAGES.items()}
        copy_pictures(ROOT, {picture for page in pages.values() for picture in pictures_of(page)})
    except StageError as error:
        sys.exit(str(error))
    for name, page in pages.items():
        (ROOT / name).write_text(page, encoding="utf-8")
        sys.stderr.write(f"{name}: results written\n")


if __name__ == "__main__":
    main()
