"""What the stages of a run left for the report: metrics, and pictures with what to see in each."""

from collections.abc import Mapping, Sequence
from typing import Any

from decortique.core import paths
from decortique.core.files import read_json
from decortique.report.elements import Picture

# Subject → picture → what to see; the stage of the same name drew them, or the one of `DRAWN_BY`.
CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "pronouns": {
        "contextuality": "From layer to layer, words become what their text makes of them: a curve that lies lower is "
        "that of words which owe more to their context.",
        "probes": "What a linear probe reads from a pronoun alone: what lies above word2vec came in from its text.",
        "antecedents": "Does a pronoun lie nearer to what it refers to? Half is chance.",
    },
    "polysemy": {
        "words": "Occurrences of words of two senses: two clouds where the encoder has told them apart.",
        "senses": "Layer by layer, do clusters of occurrences agree with senses?",
    },
    "similarity": {"similarity": "Words out of context, ranked as people rank them (Spearman)."},
    "cluster": {
        "finding": "Groups of texts found again by clustering: higher is better, bars are intervals over sets of "
        "groups.",
        "clusters": "Texts in a plane, coloured by cluster.",
    },
    "summarize": {"summaries": "What summaries are worth, beside their baselines."},
    "evaluate": {
        "accuracy": "Accuracy at home and away. Where intervals overlap, look at the paired test in the table: it is "
        "sharper.",
        "streams/decoding": "From deciding text by text to Viterbi: do neighbours help? The tests are above.",
        "streams/streams": "Scores along the stream: noisy text by text, and what decoding makes of them.",
        "confusion": "Who errs in which direction: rows are the truth, columns the decisions.",
        "calibration": "On the dotted diagonal, a probability of .8 is right in 8 of 10 cases.",
        "roc": "Every threshold at once: the nearer to the upper left, the better.",
    },
    "dissect": {
        "layers": "The tokens of a few sentences in the plane of two principal components, layer by layer: from words "
        "to what decides.",
        "parameters": "Where the parameters are.",
        "attention": "What each head of each layer looks at, in the first sentence.",
    },
    "slices": {
        "slices": "Accuracy on parts of the test set, beside how well people do (grey): where does who err?",
    },
    "robustness": {"flips": "How many decisions change when texts are rewritten: fewer is better, but for a negation."},
    "explain": {
        "deletion": "Without the words that an explanation names, a decision should be less sure than without words "
        "taken out by lot.",
    },
    "audit": {"suspected": "Where labels are suspected."},
    "generations": {
        "generations/generations": "From generation to generation: accuracy, agreement with the first teacher, "
        "and entropy."
    },
}
DRAWN_BY = {"slices": "evaluate", "generations": "evaluate", "audit": "validity", "similarity": "pronouns"}
FOLDED = {
    *("antecedents", "senses", "similarity", "clusters", "streams/streams"),
    *("confusion", "calibration", "roc", "parameters", "attention"),
}  # behind a click: for who wants to know more


def measured(stage: str, name: str, part: str | None = None) -> Any:
    """Reads what a stage measured of a task, a language or a collection; of several files, one part.

    Raises:
        StageError: it did not.
    """
    return read_json(paths.results(stage, name, part))


def pictures_of(subject: str, name: str, *, without: Sequence[str] = ()) -> list[Picture]:
    """Gives the pictures of a subject, drawn of a task, a language or a collection.

    Args:
        subject: a key of `CAPTIONS`.
        name: of the task, language or collection.
        without: those that are not drawn for it.
    """
    stage = DRAWN_BY.get(subject, subject)
    return [
        Picture(paths.plots(stage, name) / f"{picture}.png", caption, folded=picture in FOLDED)
        for picture, caption in CAPTIONS[subject].items()
        if picture not in without
    ]
