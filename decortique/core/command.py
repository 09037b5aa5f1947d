"""Turns a stage's function into its command line: arguments from its signature, failures as one plain line."""

import errno
import logging
import sys
from collections.abc import Callable

import typer

from decortique.core.errors import StageError


def run(function: Callable[..., None]) -> None:
    """Runs `function` with the arguments of the command line, and ends the process.

    Its parameters become arguments and options, its docstring the help text.

    Exit codes: 0 done, 1 a mistake that the last line explains, 2 wrong arguments. Anything else is a defect of the
    pipeline and shows its traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # Libraries report what only their authors need (every HTTP request, every weight loaded).
    for chatty in ("httpx", "httpx2", "unearth", "huggingface_hub", "matplotlib", "gensim", "smart_open"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    try:
        app()
    except StageError as error:
        sys.exit(f"ERROR {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(
            f"ERROR the disk is full ({error.filename or 'while writing'}): free some space and run the command again"
        )
