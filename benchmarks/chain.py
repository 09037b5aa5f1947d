"""How long the whole chain takes from nothing, with nothing to do, and after a changed evaluation parameter.

Runs in a fresh clone of the last commit, and says whether that gives the committed bytes. Downloads are shared with the
project's cache.

    python -m benchmarks.chain
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHANGED = ["exp", "run", "--set-param", "evaluate.confidence=0.9"]


def timed(folder: Path, *arguments: str) -> tuple[float, list[tuple[str, float]]]:
    """Run one dvc command; gives its seconds, and those of each stage it ran."""
    start = time.perf_counter()
    with subprocess.Popen(["dvc", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        marks = [
            (line.split("'")[1], time.perf_counter()) for line in running.stdout if line.startswith("Running stage")
        ]
    if running.returncode:
        sys.exit(f"`dvc {' '.join(arguments)}` failed: run it in the project to see why")
    end = time.perf_counter()
    ends = [*(mark for _, mark in marks[1:]), end]
    return end - start, [(name, stop - mark) for (name, mark), stop in zip(marks, ends, strict=False)]


def main() -> None:
    """Print seconds, stage by stage and in all."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "clone")
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        (folder / ".cache").mkdir()
        (folder / ".cache" / "downloads").symlink_to(ROOT / ".cache" / "downloads")
        # They are committed: where everything else comes out as before, DVC would see no reason to make them again.
        shutil.rmtree(folder / "metrics")
        whole, stages = timed(folder, "repro")
        for name, seconds in stages:
            sys.stdout.write(f"{seconds:7.1f} s  {name}\n")
        sys.stdout.write(f"{whole:7.1f} s  the whole chain ({whole / 60:.1f} minutes)\n")
        # The lock holds a checksum of every output; Git tracks the metrics.
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()[1::2]
        sys.stdout.write(f"changed against the committed run: {', '.join(changed) or 'nothing, to the last byte'}\n")
        nothing, ran = timed(folder, "repro")
        sys.stdout.write(f"{nothing:7.1f} s  dvc repro with nothing to do ({len(ran)} stages ran)\n")
        varied, ran = timed(folder, *CHANGED)
        names = ", ".join(name for name, _ in ran)
        sys.stdout.write(f"{varied:7.1f} s  dvc exp run with another evaluate.confidence (ran: {names})\n")


if __name__ == "__main__":
    main()
