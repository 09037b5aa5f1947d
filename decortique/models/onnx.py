"""An exported transformer as an approach: ONNX Runtime and the tokenizer's Rust core, without PyTorch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from onnxruntime import InferenceSession, SessionOptions
from pydantic import BaseModel
from tokenizers import Tokenizer

from decortique.core.files import read_json
from decortique.core.measures import probabilities
from decortique.core.run_settings import Compute
from decortique.models.folder import Done, Predictions, told_of

MODEL, CONFIG, TOKENIZER = "model.onnx", "config.json", "tokenizer.json"
ERRORS_ONLY = 3  # of what ONNX Runtime logs


class OnnxConfig(BaseModel):
    """What of the transformer's configuration there is to know beside its graph."""

    pad_token_id: int
    problem_type: str | None = None


class OnnxClassifier:
    """Texts → tokens → logits, on the CPU, whatever `compute.device` says."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, config: OnnxConfig, batch_size: int) -> None:
        """Takes a graph that is ready to run, and a tokenizer that cuts and does not pad."""
        self.session, self.tokenizer, self.config, self.batch_size = session, tokenizer, config, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute) -> Self:
        """Loads a folder of `write_onnx`.

        Raises:
            StageError: the folder is missing or damaged.
        """
        options = SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = compute.threads, ERRORS_ONLY
        with told_of(folder):
            config = OnnxConfig.model_validate(read_json(folder / CONFIG))
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            session = InferenceSession(folder / MODEL, options, providers=["CPUExecutionProvider"])
        return cls(session, tokenizer, config, compute.batch_size)

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Classifier`."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]
        (output,) = self.session.get_outputs()
        logits = np.empty((len(texts), output.shape[1]), np.float32)
        for places in self._batches(ids):
            (logits[places],) = self.session.run(
                None, padded([ids[place] for place in places], self.config.pad_token_id)
            )
            done(len(places))
        return Predictions(probabilities(logits, binary=self.config.problem_type == "multi_label_classification"))

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[np.ndarray]:
        """Yields places of texts of near-equal length, the longest first."""
        order = np.argsort([-len(one) for one in ids], kind="stable")
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]


def padded(ids: Sequence[Sequence[int]], padding_id: int) -> dict[str, np.ndarray]:
    """Gives `input_ids` and `attention_mask`, (texts, length of the longest), padded on the right."""
    lengths = np.array([len(one) for one in ids])
    mask = np.arange(lengths.max()) < lengths[:, None]
    input_ids = np.full(mask.shape, padding_id, np.int64)
    input_ids[mask] = np.concatenate(ids)
    return {"input_ids": input_ids, "attention_mask": mask.astype(np.int64)}
