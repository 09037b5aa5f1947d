"""How long the whole chain takes from nothing, with nothing to do, and after a changed evaluation parameter.

Runs in a fresh clone of the last commit, and says whether that gives the committed bytes. Downloads are shared with the
project's cache. Of each stage it prints the seconds that its processes import, those that they work, and those that DVC
takes around them (the start of a process, checksums, the cache, the lock file).

    python -m benchmarks.chain
"""

import importlib
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHANGED = ["exp", "run", "--set-param", "evaluate.confidence=0.9"]
TIMES = "BENCHMARK_TIMES"  # the environment variable that names the file in which stages write their seconds


def timed(folder: Path, *arguments: str) -> tuple[float, list[list[str]]]:
    """Run one dvc command; gives its seconds, and of each stage it ran a name, and seconds: start, imports, work."""
    times = Path(os.environ[TIMES])
    times.write_text("", encoding="utf-8")
    start = time.time()
    if subprocess.run(["dvc", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"`dvc {' '.join(arguments)}` failed: run it in the project to see why")
    return time.time() - start, [line.split("\t") for line in times.read_text(encoding="utf-8").splitlines()]


def write_shim(folder: Path) -> None:
    """Put a `python` before the real one on the path, which runs stages through `timed_stage`."""
    folder.mkdir()
    shim = folder / "python"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m benchmarks.chain "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    os.environ[TIMES] = str(folder / "times.tsv")


def timed_stage(module: str, *arguments: str) -> None:
    """Run a stage as `python -m` does, and append its seconds: importing, working."""
    start = time.time()
    sys.argv = [module, *arguments]
    importlib.import_module(module)
    imported = time.time()
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        name = " ".join([module.removeprefix("stages."), *arguments])
        with Path(os.environ[TIMES]).open("a", encoding="utf-8") as file:
            file.write(f"{name}\t{start}\t{imported - start}\t{time.time() - imported}\n")


def print_stages(whole: float, stages: list[list[str]]) -> None:
    """Print a line for each process, one for all of a module, and one for all; what is left is DVC's."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    sys.stdout.write("  imports     work  stage\n")
    for name, _, *seconds in stages:
        for summed in (sums[f"= {name.split()[0]}"], sums["= all"]):
            summed[:] = [one + float(more) for one, more in zip(summed, seconds, strict=True)]
        sys.stdout.write("".join(f"{float(one):9.1f}" for one in seconds) + f"  {name}\n")
    for name, summed in sums.items():
        sys.stdout.write("".join(f"{one:9.1f}" for one in summed) + f"  {name}\n")
    sys.stdout.write(f"{whole - sum(sums['= all']):7.1f} s  DVC, and starts of processes\n")


def main() -> None:
    """Print seconds, stage by stage and in all."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "clone")
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        (folder / ".cache").mkdir()
        (folder / ".cache" / "downloads").symlink_to(ROOT / ".cache" / "downloads")
        # They are committed: where everything else comes out as before, DVC would see no reason to make them again.
        shutil.rmtree(folder / "metrics")
        write_shim(Path(temporary, "bin"))
        whole, stages = timed(folder, "repro")
        print_stages(whole, stages)
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
        names = ", ".join(name for name, *_ in ran)
        sys.stdout.write(f"{varied:7.1f} s  dvc exp run with another evaluate.confidence (ran: {names})\n")


if __name__ == "__main__":
    if os.environ.get(TIMES) and sys.argv[1:2] == ["-m"]:
        timed_stage(*sys.argv[2:])
    else:
        main()
