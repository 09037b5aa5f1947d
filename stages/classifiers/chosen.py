"""The bag of words that the stage `bag_of_words` chose for a task."""

from stages.artifacts import paths
from stages.artifacts.files import read_json
from stages.errors import StageError
from stages.settings.bag_of_words import BagOfWords, Candidate


def chosen_candidate(settings: BagOfWords, task: str) -> Candidate:
    """Gives the candidate that was chosen, with the one strength of regularization that was.

    Raises:
        StageError: the choice is not known, or is none of the candidates of `params.yaml` any more.
    """
    path = paths.results("bag_of_words", task)
    chosen = read_json(path)
    if chosen["chosen"] not in settings.candidates:
        raise StageError(
            f"{path} chose {chosen['chosen']!r}, which is not in params.yaml: bag_of_words.candidates: run `dvc repro`"
        )
    return settings.candidates[chosen["chosen"]].model_copy(update={"regularization": [chosen["regularization"]]})
