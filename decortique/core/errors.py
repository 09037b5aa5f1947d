"""The one exception a stage raises for a mistake that a person can mend."""


class StageError(Exception):
    """What went wrong, where, and what to do: shown as one line, without a traceback."""
