"""Settings of tokenizing, embedding, the baseline, fine-tuning and export."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from decortique.core.settings import Catalogue, Name, Positive, Run, Section, Seed, Share, Strict, Weight
from decortique.data.source_settings import Source

Count = Annotated[int, Field(ge=1)]
# Names of torch.optim and of transformers' get_scheduler.
Optimizer = Literal["adamw", "adam", "nadam", "radam", "adagrad", "adafactor", "rmsprop", "sgd"]
Scheduler = Literal[
    "linear",
    "cosine",
    "cosine_with_restarts",
    "cosine_with_min_lr",
    "polynomial",
    "inverse_sqrt",
    "constant",
    "constant_with_warmup",
    "warmup_stable_decay",
]


class Training(Strict):
    """One run of the loop in `decortique.models.training`.

    Attributes:
        epochs: passes over the training texts.
        batch_size: texts of a step.
        accumulate: batches whose gradients are added up to one step: 2 × 16 learns as 1 × 32 does, in half the memory.
        optimizer: by its name.
        optimizer_options: betas, momentum, eps … as torch.optim names them.
        learning_rate: of the decision.
        layer_decay: what each layer's rate is of that of the layer above.
        weight_decay: of matrices only.
        scheduler: by its name.
        scheduler_options: num_cycles, min_lr_rate … as transformers names them.
        warmup: share of the steps in which the rate rises.
        max_gradient_norm: longer gradients are shortened to it.
        dropout: None keeps the encoder's own.
        precision: bf16 or fp16 where the device computes in them.
        checkpoint_gradients: computes activations twice instead of keeping them: slower, in less memory.
        patience: epochs without a better score before it stops; None for all epochs.
        select_by: the score on validation by which the best epoch is kept.
        seed: of the new weights, the order of texts and dropout.
    """

    epochs: Count
    batch_size: Count
    accumulate: Count = 1
    optimizer: Optimizer
    optimizer_options: dict[str, float | bool | list[float]] = Field(default_factory=dict)
    learning_rate: Positive
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Weight
    scheduler: Scheduler
    scheduler_options: dict[str, float] = Field(default_factory=dict)
    warmup: Share
    max_gradient_norm: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)] | None
    precision: Literal["full", "bf16", "fp16"] = "full"
    checkpoint_gradients: bool = False
    patience: Count | None
    select_by: Literal["accuracy", "macro_f1", "log_loss"]
    seed: Seed

    @model_validator(mode="after")
    def _options_are_heard(self) -> "Training":
        if self.scheduler_options and self.scheduler in {"constant", "constant_with_warmup"}:
            raise ValueError(f"scheduler_options: the scheduler {self.scheduler} has none")
        if own := sorted({"lr", "weight_decay", "params"} & set(self.optimizer_options)):
            raise ValueError(f"optimizer_options.{own[0]} is not for these options: see learning_rate and weight_decay")
        return self


class Adaptation(Strict):
    """What of a pretrained encoder learns; the decisions always do.

    Attributes:
        kind: `full`, every weight; `top`, the last blocks; `probe`, nothing but the decisions; `lora`, low-rank
            additions to the matrices of the blocks (Hu et al., 2022), which are merged at the end.
        freeze_embeddings: of `full`: leave the input embeddings as they are.
        layers: of `top`: how many blocks.
        rank: of `lora`.
        alpha: of `lora`: the additions are scaled by alpha / rank.
        dropout: of `lora`, on what the additions read.
    """

    kind: Literal["full", "top", "probe", "lora"]
    freeze_embeddings: bool = False
    layers: Count = 2
    rank: Count = 8
    alpha: Count = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Finetune(Section, Training):
    """The training loop on the task's own labels."""

    key: ClassVar[str] = "finetune"

    adaptation: Adaptation


Side = Literal["left", "right"]


class Tokenize(Section, Strict):
    """How texts become token ids of one length; the names are those of `PreTrainedTokenizer`."""

    key: ClassVar[str] = "tokenize"

    max_length: Annotated[int, Field(ge=4)]
    truncation_side: Side
    padding: Literal["max_length", "longest", "do_not_pad"]
    padding_side: Side


class Embed(Section, Strict):
    """Which vector of the encoder stands for a text."""

    key: ClassVar[str] = "embed"

    pooling: Literal["mean", "cls"]
    layer: int
    normalize: bool
    splits: list[str]


PACKED = "weights.q4"


class Encoder(Strict):
    """A Hugging Face encoder folder: `config.json`, `model.safetensors` and the tokenizer's files.

    Attributes:
        source: brings those files; or, if the weights are packed, `weights.q4` and `tokenizer.json`.
        weights: `packed` in 4 bits (see decortique/models/encoder_files.py), or safetensors.
        prefix: what the encoder was trained to see before every text, such as `query: `; it becomes a part of the
            tokenizer, so that nothing that reads the encoder can forget it.
    """

    source: Source
    licence: str
    weights: Literal["safetensors", "packed"] = "safetensors"
    prefix: str = ""

    @model_validator(mode="after")
    def _brings_what_it_is_made_of(self) -> "Encoder":
        packed = self.weights == "packed"
        brought = self.source.brings()
        needed = ([PACKED] if packed else []) + (["tokenizer.json"] if packed or self.prefix else [])
        if absent := [file for file in needed if file not in brought]:
            reason = "weights: packed" if packed else "prefix"
            raise ValueError(f"source brings no {absent[0]}, which `{reason}` is about (it brings {sorted(brought)})")
        if made := brought & ({"config.json", "model.safetensors"} if packed else {PACKED}):
            raise ValueError(f"source brings {min(made)}, which does not go with weights: {self.weights}")
        return self


class Encoders(Catalogue[Encoder]):
    """The encoders by name."""

    folder: ClassVar[str] = "encoders"


class Candidate(Strict):
    """One bag of words: what is counted, how it is weighted, what learns from it."""

    max_features: Annotated[int, Field(ge=1)] | None = None
    ngrams: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    min_documents: Annotated[int, Field(ge=1)] = 1
    weighting: Literal["tfidf", "counts", "binary"]
    stop_words: bool = False
    stemming: bool
    lowercase: bool
    punctuation: bool
    classifier: Literal["logistic_regression", "linear_svm", "naive_bayes"]
    class_weight: Literal["balanced"] | None
    regularization: Annotated[list[Positive], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Candidate":
        if self.ngrams[0] > self.ngrams[1]:
            raise ValueError("ngrams must be [shortest, longest]")
        if self.stemming and not self.lowercase:
            raise ValueError("stemming makes lower case: set lowercase to true, or stemming to false")
        if self.classifier == "linear_svm" and self.class_weight:
            raise ValueError("class_weight is undone where linear_svm is calibrated: set it to null, or choose another")
        return self


class BagOfWords(Section, Strict):
    """The baseline: the bags of words that compete on validation."""

    key: ClassVar[str] = "bag_of_words"

    candidates: Annotated[dict[Name, Candidate], Field(min_length=1)]
    select_by: Literal["accuracy", "macro_f1", "log_loss"]
    strongest: Annotated[int, Field(ge=1)]


class Export(Section, Strict):
    """Which approaches become a file that runs without PyTorch."""

    key: ClassVar[str] = "export"

    approaches: list[Name]

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What is exported is held against the decisions of the original."""
        for name in self.approaches:
            if name not in run["approaches"].root:
                yield "export.approaches", f"{name!r} is not among approaches ({', '.join(run['approaches'].root)})"
