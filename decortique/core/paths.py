"""Where everything lies, relative to the project's root: the only place besides dvc.yaml that knows."""

from pathlib import Path

DATA = Path("data")
METRICS = Path("metrics")
CACHE = Path(".cache")  # neither DVC's nor Git's


def raw(task: str) -> Path:
    """Folder of the files of a task, or of a collection, as published."""
    return DATA / "raw" / task


def encoder(name: str) -> Path:
    """Folder of a pretrained encoder."""
    return DATA / "encoders" / name


def corpus(task: str) -> Path:
    """Folder of a task's rows, a Parquet file per split."""
    return DATA / "corpus" / task


def collection(name: str) -> Path:
    """Folder of a collection of texts, and of the summaries that people wrote of them."""
    return DATA / "collections" / name


def tokens(task: str) -> Path:
    """Folder of a task's token ids, a Parquet file per split."""
    return DATA / "tokens" / task


def embeddings(task: str) -> Path:
    """Folder of a task's sentence vectors, a Parquet file per split; of a collection's, one."""
    return DATA / "embeddings" / task


def clusters(name: str) -> Path:
    """The Parquet table of the clusters of a collection's texts."""
    return DATA / "clusters" / f"{name}.parquet"


def summaries(name: str) -> Path:
    """Folder of the summaries of a collection's documents, as JSON lines and as a page."""
    return DATA / "summaries" / name


def model(task: str, approach: str) -> Path:
    """Folder of one approach's model."""
    return DATA / "models" / task / approach


def exports(task: str) -> Path:
    """Folder of the models of a task as they run without PyTorch, a folder per approach."""
    return DATA / "exports" / task


def export(task: str, approach: str) -> Path:
    """Folder of one approach's model as it runs without PyTorch."""
    return exports(task) / approach


def language(code: str) -> Path:
    """Folder of what a language's source brings: pretrained vectors, WordNet."""
    return DATA / "languages" / code


def word2vec(code: str) -> Path:
    """Folder of the static vectors trained on a language's texts."""
    return DATA / "models" / "word2vec" / code


def word_pairs(code: str) -> Path:
    """Folder of a language's word-in-context pairs, a Parquet file per split."""
    return DATA / "word_pairs" / code


def words(code: str) -> Path:
    """The table of what was measured of each word of a language that was studied."""
    return DATA / "words" / f"{code}.csv"


def neighbours(code: str) -> Path:
    """The JSON file of the neighbours of a language's words of several senses."""
    return DATA / "neighbours" / f"{code}.json"


def trainings(stage: str, task: str) -> Path:
    """Folder of the states of trainings that were stopped."""
    return CACHE / "trainings" / f"{stage}-{task}"


def lessons() -> Path:
    """Folder of what teachers said, so that they need not be asked twice."""
    return CACHE / "lessons"


def predictions(task: str, approach: str) -> Path:
    """Folder of one approach's predictions, a Parquet and a text file per split."""
    return DATA / "predictions" / task / approach


def decoded(task: str) -> Path:
    """Folder of the predictions over streams, `<method>/<approach>/`, files as in `predictions`."""
    return DATA / "decoded" / task


def dissections(task: str) -> Path:
    """Folder of what a task's model computes on its way, a JSON file per sentence."""
    return DATA / "dissections" / task


def rewrites(task: str) -> Path:
    """The JSON lines of the rewritten test texts on which an approach changed its mind."""
    return DATA / "results" / "robustness" / f"{task}.rewrites.jsonl"


def explanations(task: str) -> Path:
    """The JSON file of what mattered, word by word, in some predictions of a task."""
    return DATA / "results" / "explain" / f"{task}.texts.json"


def cards(task: str) -> Path:
    """Folder of the model cards of a task's approaches, with their scores: what a model is published with."""
    return DATA / "cards" / task


def report() -> Path:
    """Folder of the page that tells what the run found."""
    return DATA / "report"


def results_folder(stage: str, item: str) -> Path:
    """Folder of what a stage measured on a task, language or collection, where that is several files."""
    return DATA / "results" / stage / item


def results(stage: str, item: str, part: str | None = None) -> Path:
    """The JSON file of what a stage measured on a task, language or collection; of several files, one part."""
    folder = results_folder(stage, item)
    return folder.with_name(f"{folder.name}.json") if part is None else folder / f"{part}.json"


def audit(task: str, what: str) -> Path:
    """The JSON lines of what a task's audit names: `near_duplicates`, or `labels` that are suspected."""
    return results_folder("validity", task) / f"{what}.jsonl"


def plots(stage: str, item: str) -> Path:
    """Folder of the curves and pictures of a stage on a task, language or collection."""
    return DATA / "plots" / stage / item


def metrics(stage: str, item: str) -> Path:
    """The JSON file of a stage's headline numbers, which Git keeps; all others are in `results`."""
    return METRICS / stage / f"{item}.json"
