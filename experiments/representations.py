"""Words in context, once more: an encoder of a hundred languages, in English and in French.

The stages `pronouns` and `polysemy` of the chain, with `encoder: multilingual-e5-small`: on the English
texts of the default run, and on the French speeches of `author-fr`.

    python -m experiments.representations                                      # on the course's file, from the web
    python -m experiments.representations --source 'file:///…/speeches.utf8#sha256=…'   # on your own, in its format

Results: experiments/representations.json, from which `make readme` writes tables of docs/representations.md, and the
French pictures of that page.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import read_json, write_json
from experiments.clone import ROOT, choose, clone_into, dvc

ENCODER = "multilingual-e5-small"
KEPT = {  # what is kept → stage, and part of its results
    "similarity": ("pronouns", "similarity"),
    "pronouns": ("pronouns", "contextuality"),
    "polysemy": ("polysemy", "senses"),
}
TASKS = {"en": ["opinion", "author"], "fr": ["author-fr"]}
PICTURES = ROOT / "docs" / "representations"


def representations(
    source: Annotated[str, typer.Option(help="Address of the labelled speeches, with its pin.")] = "",
) -> None:
    """Run the stages for each language, and keeps what they measured."""
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        for code in TASKS:
            choose(clone, chosen(code, source))
            dvc(clone, "repro", *sorted({f"{stage}@{code}" for stage, _ in KEPT.values()}))
            report[code] = {
                name: read_json(clone / paths.results(stage, code, part)) for name, (stage, part) in KEPT.items()
            }
        PICTURES.mkdir(parents=True, exist_ok=True)
        for stage, name in (("pronouns", "contextuality"), ("polysemy", "words")):
            shutil.copyfile(clone / paths.plots(stage, "fr") / f"{name}.png", PICTURES / f"{name}-fr.png")
    write_json(ROOT / "experiments" / "representations.json", report)


def chosen(code: str, source: str) -> dict[str, Any]:
    """Return the choices of one run; the unlabelled speeches are left out."""
    choices: dict[str, Any] = {"tasks": TASKS[code], "languages": [code], "collections": [], "encoder": ENCODER}
    if code == "fr":
        choices["catalogue/tasks/author-fr.yaml:reader.files"] = {"learn": "all"}
        if source:
            choices["catalogue/tasks/author-fr.yaml:source"] = {"kind": "url", "url": source, "name": "learn"}
    return choices


if __name__ == "__main__":
    run(representations)
