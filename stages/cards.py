"""Stage `cards`: a model + what was measured of it → the card that it is published with."""

from typing import Annotated

import typer

from stages.artifacts import paths
from stages.artifacts.files import read_json
from stages.command import run
from stages.publishing.made import Made
from stages.publishing.origin import Origin
from stages.publishing.page import Card, path_name
from stages.publishing.results import Results
from stages.settings.chain import Approaches, EncoderName
from stages.settings.encoders import Encoders
from stages.settings.evaluate import Evaluate
from stages.settings.task import TaskSection


def cards(
    task: str,
    approach: str,
    *,
    exported: Annotated[bool, typer.Option("--exported", help="Of its export in 8 bits.")] = False,
) -> None:
    """Writes the model card of an approach of a task, or of its export, with its scores, in the hub's form."""
    described, encoder = TaskSection.named(task), EncoderName.load().root
    baseline = Approaches.load().baseline
    Card(
        task=task,
        approach=approach,
        exported=exported,
        made=Made.read((paths.export if exported else paths.model)(task, approach)),
        origin=Origin(described, encoder, Encoders.named(encoder)),
        results=Results.of_export(task, approach) if exported else Results.of_approach(task, approach, baseline),
        rows=read_json(paths.metrics("prepare", task))["rows"],
        settings=Evaluate.load(),
    ).write(paths.cards(task) / f"{path_name(approach, exported=exported)}.md")


if __name__ == "__main__":
    run(cards)
