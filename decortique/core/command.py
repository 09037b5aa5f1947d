"""The command line of a stage: arguments from its function's signature, help from its docstring, errors as one line."""

import errno
import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from decortique.core.files import StageError
from decortique.core.portable import pin_libraries
from decortique.core.settings import Compute

TaskName = Annotated[str, typer.Argument(help="A task: the name of its file in catalogue/tasks/, without .yaml.")]
CollectionName = Annotated[
    str, typer.Argument(help="A collection: the name of its file in catalogue/collections/, without .yaml.")
]
LanguageCode = Annotated[str, typer.Argument(help="A language of params.yaml, by its two-letter code: en, fr.")]


def run(function: Callable[..., None], *, compute: Callable[[], Compute] | None = None) -> None:
    """Run `function` with the arguments of the command line, and end the process.

    A stage that computes passes how it loads `compute`: where that is portable, its libraries are pinned first.

    Exit codes: 0 done, 1 a mistake that the last line explains, 2 wrong arguments. Anything else is a defect of the
    pipeline and shows its traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # These log every HTTP request and every weight that is loaded.
    for library in ("httpx", "httpx2", "unearth", "huggingface_hub", "matplotlib", "gensim", "smart_open"):
        logging.getLogger(library).setLevel(logging.WARNING)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_pinned(function, compute) if compute else function)
    try:
        app()
    except StageError as error:
        sys.exit(f"ERROR {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = error.filename or "while writing"
        sys.exit(f"ERROR the disk is full ({where}): free some space and run the command again")


def _pinned(function: Callable[..., None], compute: Callable[[], Compute]) -> Callable[..., None]:
    @wraps(function)  # its signature is that of the command line
    def pinned(*args: Any, **kwargs: Any) -> None:
        if compute().portable:
            pin_libraries()
        function(*args, **kwargs)

    return pinned
