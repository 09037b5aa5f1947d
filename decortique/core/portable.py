"""The bit-portable mode, `compute.portable`: other x86-64 processors with AVX2 give the same bytes.

Numeric libraries choose their code by the processor, and each code sums in another order. Here each is held to one that
all these processors have. ONNX Runtime alone cannot be: what the stage `export` measures may differ in its last digits.
"""

import logging
import os
import platform
import sys
from pathlib import Path

from decortique.core.files import StageError

log = logging.getLogger(__name__)

# The libraries read them when they are loaded.
PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch
    # Matrix products of PyTorch. MKL's code for AVX2 is faster, but for Intel's processors alone: on others MKL ignores
    # the value AVX2, without a warning.
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # GELU of PyTorch
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # all that NumPy has above AVX2
    "OPENBLAS_CORETYPE": "Haswell",  # of NumPy and SciPy, so of scikit-learn and gensim; the first with AVX2
    "OPENBLAS_NUM_THREADS": "1",  # by default one per core, in whose order they sum; PyTorch has `compute.threads`
}
RESTARTED = "DECORTIQUE_RESTARTED"  # the process that has restarted itself, by its id, which a restart keeps
PROCESSORS = Path("/proc/cpuinfo")  # of Linux


def is_pinned() -> bool:
    """Return whether the libraries of this process are pinned."""
    return all(os.environ.get(name) == value for name, value in PINS.items())


def pin_libraries() -> None:
    """Return if the libraries of this process are pinned; else start its command again, in its place, so that they are.

    Raises:
        StageError: this machine has no AVX2, or something sets a variable to another value at every start.
    """
    if not _has_avx2():
        machine = f"{platform.system()} on {platform.machine()}"
        raise StageError(
            f"params.yaml: compute.portable needs Linux on an x86-64 processor with AVX2 and FMA, which this {machine} "
            "lacks: set it to false"
        )
    if is_pinned():
        return
    if os.environ.get(RESTARTED) == str(os.getpid()):
        names = ", ".join(name for name, value in PINS.items() if os.environ.get(name) != value)
        raise StageError(f"compute.portable: Python's start-up files set {names}: remove that, or set it to false")
    log.info("compute.portable: starting again with %s", " ".join(f"{name}={value}" for name, value in PINS.items()))
    environment = {**os.environ, **PINS, RESTARTED: str(os.getpid())}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606  (its own command)


def _has_avx2() -> bool:
    try:
        return {"avx2", "fma"} <= set(PROCESSORS.read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        return False
