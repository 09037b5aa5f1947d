"""Writes what `OnnxClassifier` loads."""

import shutil
from pathlib import Path

from stages.classifiers.onnx import CONFIG, MODEL
from stages.errors import StageError
from stages.exporting.graph import traced
from stages.exporting.quantization import quantize
from stages.transformer.classifier import load_classifier
from stages.transformer.tokenizer import load_tokenizer


def write_onnx(source: Path, folder: Path) -> None:
    """Writes the decision of a transformer in 8 bits, with its tokenizer and configuration.

    Args:
        source: a folder of `save_headed`; further heads are left out.
        folder: where to write.

    Raises:
        StageError: the source is missing or damaged, or its tokenizer does not run by itself.
    """
    graph = traced(load_classifier(source))
    quantize(graph)
    (folder / MODEL).write_bytes(graph.SerializeToString(deterministic=True))
    shutil.copyfile(source / CONFIG, folder / CONFIG)
    tokenizer = load_tokenizer(source)
    if not tokenizer.is_fast:
        raise StageError(f"the tokenizer of {source} has no tokenizer.json: it cannot be exported")
    # transformers keeps the length of a cut beside tokenizer.json; in it, the file is enough by itself.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.enable_truncation(tokenizer.model_max_length, direction=tokenizer.truncation_side)
    tokenizer.save_pretrained(folder)
