"""The drawing of the chain: which stage reads what another writes, as Mermaid, which GitHub draws."""

import re
import subprocess
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from decortique.core.settings import read_yaml

CODE = "code"  # read by all: its arrows would hide the others
Graph = Mapping[str, AbstractSet[str]]  # stage → the stages that read what it writes


def drawing() -> list[str]:
    """Return the drawing, a line for each stage that another reads, and a sentence on what is not drawn."""
    graph = graph_of(dag(Path()))
    drawn = without_detours({stage: readers for stage, readers in graph.items() if stage != CODE})
    lines = ["```mermaid", "flowchart LR"]
    for stage, readers in drawn.items():
        if readers:
            lines.append(f"    {stage} --> {' & '.join(sorted(readers))}")
        elif not any(stage in others for others in drawn.values()):
            lines.append(f"    {stage}")
    notes = ["An arrow is left out where a longer way leads to the same stage."]
    if CODE in graph:
        notes.append(f"Each of them also reads what the stage `{CODE}` writes.")
    if idle := [stage for stage in read_yaml(Path("dvc.yaml"))["stages"] if stage not in graph]:
        names = " and ".join(f"`{stage}`" for stage in idle)
        notes.append(f"With the committed parameters, {names} would have nothing to do.")
    return ["\n".join([*lines, "```"]), "\n".join(notes)]


def dag(folder: Path) -> str:
    """Return the graph of a project's stages, as DVC writes it for Mermaid.

    Raises:
        SystemExit: DVC cannot read dvc.yaml.
    """
    command = [sys.executable, "-m", "dvc", "dag", "--mermaid", "--collapse-foreach-matrix"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"`dvc dag` failed: {done.stderr.strip()}")
    return done.stdout


def graph_of(mermaid: str) -> dict[str, set[str]]:
    """Return the graph that Mermaid text describes, stages in the order of their names."""
    stage = dict(re.findall(r'(node\d+)\["([^"]+)"\]', mermaid))
    graph: dict[str, set[str]] = {name: set() for name in sorted(stage.values())}
    for writer, reader in re.findall(r"(node\d+)-->(node\d+)", mermaid):
        graph[stage[writer]].add(stage[reader])
    return graph


def without_detours(graph: Graph) -> dict[str, set[str]]:
    """Return the transitive reduction of a graph: without the arrows that a longer way makes superfluous."""
    left = {stage: set(readers) - {stage} for stage, readers in graph.items()}
    for stage, readers in left.items():
        # One arrow at a time: where stages read each other, two could each be taken for the other's detour.
        for reader in sorted(readers):
            if reader in _reached(left, readers - {reader}, without=stage):
                readers.remove(reader)
    return left


def _reached(graph: Graph, starts: AbstractSet[str], without: str) -> set[str]:
    reached, waiting = set[str](), list(starts)
    while waiting:
        stage = waiting.pop()
        if stage not in reached and stage != without:
            reached.add(stage)
            waiting.extend(graph[stage])
    return reached
