"""The command line of a stage: arguments from its function's signature, help from its docstring, errors as one line."""

import errno
import logging
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from decortique.core.files import StageError

TaskName = Annotated[str, typer.Argument(help="A task: the name of its file in catalogue/tasks/, without .yaml.")]
CollectionName = Annotated[
    str, typer.Argument(help="A collection: the name of its file in catalogue/collections/, without .yaml.")
]
LanguageCode = Annotated[str, typer.Argument(help="A language of params.yaml, by its two-letter code: en, fr.")]


def run(function: Callable[..., None]) -> None:
    """Run `function` with the arguments of the command line, and end the process.

    Exit codes: 0 done, 1 a mistake that the last line explains, 2 wrong arguments. Anything else is a defect of the
    pipeline and shows its traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # These log every HTTP request and every weight that is loaded.
    for library in ("httpx", "httpx2", "unearth", "huggingface_hub", "matplotlib", "gensim", "smart_open"):
        logging.getLogger(library).setLevel(logging.WARNING)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    try:
        app()
    except StageError as error:
        sys.exit(f"ERROR {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = error.filename or "while writing"
        sys.exit(f"ERROR the disk is full ({where}): free some space and run the command again")
