"""Write requirements.lock: every package of a fresh environment with the versions that pip chose.

There are no hashes: torch comes as another file for each kind of machine (with or without CUDA), and the packages that
only its CUDA build needs are pinned by torch itself.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADER = """\
# Every package of the environment, direct and transitive, written by `make lock`.
# Where torch comes with CUDA, torch itself pins the CUDA packages that are not listed here.
"""


def main() -> None:
    """Install the project with its tools in a new environment, and write the versions that pip chose."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", f"{ROOT}[dev]"], check=True)
        frozen = subprocess.run(
            [python, "-m", "pip", "freeze", "--exclude", "decortique"], check=True, capture_output=True, text=True
        ).stdout
    if " @ " in frozen:
        sys.exit(f"a package came from a file, not from an index, so its version cannot be pinned:\n{frozen}")
    # The CPU build of torch has a local version (+cpu), which other machines' indexes do not know.
    lines = [line.split("+")[0] for line in frozen.splitlines()]
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stderr.write(f"requirements.lock: {len(lines)} packages\n")


if __name__ == "__main__":
    main()
