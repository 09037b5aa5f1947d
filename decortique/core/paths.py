"""Paths of the files that stages read and write, relative to the project's root; only dvc.yaml repeats them."""

from collections.abc import Callable
from pathlib import Path

DATA = Path("data")
CACHE = Path(".cache")  # neither DVC's nor Git's
REPORT = DATA / "report"
TEACHER_OUTPUTS = CACHE / "teacher_outputs"


def _of(pattern: str) -> Callable[[str], Path]:
    """Return a function from the name of a task, collection, encoder or language to its file or folder."""
    return lambda name: Path(pattern.format(name))


def _of_two(pattern: str) -> Callable[[str, str], Path]:
    """Return a function from two names, as of a task and an approach, to a file or folder."""
    return lambda first, second: Path(pattern.format(first, second))


raw = _of("data/raw/{}")  # of a task or collection: the files as published
encoder = _of("data/encoders/{}")
language = _of("data/languages/{}")  # pretrained vectors, WordNet
collection = _of("data/collections/{}")  # its texts, and the summaries that people wrote of them
corpus = _of("data/corpus/{}")  # of a task: its rows, a Parquet file per split
tokens = _of("data/tokens/{}")  # of a task: token ids, a Parquet file per split
embeddings = _of("data/embeddings/{}")  # of a task or collection: sentence vectors, a Parquet file per split
word_pairs = _of("data/word_pairs/{}")  # of a language: word-in-context pairs, a Parquet file per split
word2vec = _of("data/models/word2vec/{}")  # of a language: vectors trained on its texts
model = _of_two("data/models/{}/{}")  # of a task and an approach
predictions = _of_two("data/predictions/{}/{}")  # of a task and an approach, a Parquet and two text files per split
decoded = _of("data/decoded/{}")  # of a task: predictions over streams, `<method>/<approach>/` as in `predictions`
exports = _of("data/exports/{}")  # of a task: models that run without PyTorch, a folder per approach
export = _of_two("data/exports/{}/{}")  # of a task and an approach
dissections = _of("data/dissections/{}")  # of a task: intermediate values of its model, a JSON file per sentence
cards = _of("data/cards/{}")  # of a task: the model cards of its approaches, with their scores
clusters = _of("data/clusters/{}.parquet")  # of the texts of a collection
summaries = _of("data/summaries/{}")  # of a collection: as JSON lines and as a page
words = _of("data/words/{}.csv")  # of a language: measures of its words
neighbours = _of("data/neighbours/{}.json")  # of a language: the nearest neighbours of its polysemous words

# Of a stage and a task, language or collection:
results_folder = _of_two("data/results/{}/{}")  # of results that are several files
plots = _of_two("data/plots/{}/{}")  # plot data and pictures
metrics = _of_two("metrics/{}/{}.json")  # headline numbers, which Git keeps; all others are in `results`
trainings = _of_two(".cache/trainings/{}-{}")  # checkpoints of trainings that were stopped

# Of a task:
audit = _of_two("data/results/validity/{}/{}.jsonl")  # its `near_duplicates`, or its suspected `labels`
rewrites = _of("data/results/robustness/{}.rewrites.jsonl")  # test texts whose prediction flipped when rewritten
explanations = _of("data/results/explain/{}.texts.json")  # explained predictions: the attribution of each word


def results(stage: str, item: str, part: str | None = None) -> Path:
    """Return the JSON file of a stage's results on a task, language or collection; of several files, one part."""
    return DATA / "results" / stage / (f"{item}.json" if part is None else f"{item}/{part}.json")
