"""Ctrl-C, and the signal by which a machine is taken away, wait for the end of a step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody asked to stop."""

    asked = False


@contextmanager
def noticed() -> Iterator[Interruption]:
    """Notes the first request to stop instead of obeying it; a second one is obeyed at once."""
    found = Interruption()
    if threading.current_thread() is not threading.main_thread():  # only there can Python notice them
        yield found
        return

    def note(number: int, frame: FrameType | None) -> None:
        if found.asked:
            signal.default_int_handler(number, frame)
        found.asked = True

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if found.asked:  # too late for a step to see it
        raise KeyboardInterrupt
