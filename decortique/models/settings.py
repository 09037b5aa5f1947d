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
    """Settings of a training, named as in `transformers.TrainingArguments` where it has them."""

    num_train_epochs: Count  # passes over the training texts
    batch_size: Count  # of all processes together, unlike per_device_train_batch_size
    gradient_accumulation_steps: Count = 1  # batches to a step: 2 × 16 trains as 1 × 32 does, in half the memory
    optim: Optimizer
    optim_args: dict[str, float | bool | list[float]] = Field(default_factory=dict)  # as torch.optim names them
    learning_rate: Positive  # of the heads
    layer_decay: Annotated[float, Field(gt=0, le=1)]  # a layer's learning rate, as a share of that of the layer above
    weight_decay: Weight  # of matrices only
    lr_scheduler_type: Scheduler
    lr_scheduler_kwargs: dict[str, float] = Field(default_factory=dict)  # num_cycles, min_lr_rate …
    warmup_ratio: Share  # of the steps, in which the learning rate rises
    max_grad_norm: Positive  # gradients are clipped to it
    dropout: Annotated[float, Field(ge=0, lt=1)] | None  # None keeps the encoder's own
    precision: Literal["full", "bf16", "fp16"] = "full"  # 16 bits where the device computes in them
    gradient_checkpointing: bool = False  # recompute activations instead of keeping them: slower, in less memory
    early_stopping_patience: Count | None  # epochs without a better score before it stops; None for all epochs
    metric_for_best_model: Literal["accuracy", "macro_f1", "log_loss"]  # on validation; the best epoch is kept
    seed: Seed  # of new weights, the order of texts and dropout

    @model_validator(mode="after")
    def _options_have_an_effect(self) -> "Training":
        if self.lr_scheduler_kwargs and self.lr_scheduler_type in {"constant", "constant_with_warmup"}:
            raise ValueError(f"lr_scheduler_kwargs: the scheduler {self.lr_scheduler_type} takes none")
        if own := sorted({"lr", "weight_decay", "params"} & set(self.optim_args)):
            raise ValueError(f"optim_args.{own[0]} has a setting of its own: see learning_rate and weight_decay")
        return self


class Adaptation(Strict):
    """What of a pretrained encoder is trained; the heads always are."""

    # Every weight; the last `layers`; nothing but the heads; or low-rank additions to the matrices of the layers
    # (Hu et al., 2022), which are merged at the end.
    kind: Literal["full", "top", "probe", "lora"]
    freeze_embeddings: bool = False  # of full
    layers: Count = 2  # of top
    rank: Count = 8  # of lora
    alpha: Count = 16  # of lora, whose additions are scaled by alpha / rank
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of lora, on what the additions read


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
    """A Hugging Face encoder folder: `config.json`, `model.safetensors` and the tokenizer's files."""

    source: Source  # brings those files; or, if the weights are packed, `weights.q4` and `tokenizer.json`
    licence: str
    weights: Literal["safetensors", "packed"] = (
        "safetensors"  # packed in 4 bits: see decortique/models/encoder_files.py
    )
    prefix: str = ""  # the tokenizer puts it before every text, as the encoder was trained: `query: `

    @model_validator(mode="after")
    def _source_brings_what_is_needed(self) -> "Encoder":
        packed = self.weights == "packed"
        brought = self.source.file_names()
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
    """One bag of words: what is counted, how it is weighted, which classifier is trained."""

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
    def _is_consistent(self) -> "Candidate":
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
        """Yield approaches that are not in the run: an exported one is compared with its original."""
        for name in self.approaches:
            if name not in run["approaches"].root:
                yield "export.approaches", f"{name!r} is not among approaches ({', '.join(run['approaches'].root)})"


STACKED = "stacked"  # the approach that the stage `stack` makes


class Stack(Section, Strict):
    """Two approaches of which one model folder is made, by a logistic regression over what both predict."""

    key: ClassVar[str] = "stack"

    students: Annotated[list[Name], Field(max_length=1)]  # a list, as DVC has no stage for an empty one
    partner: Name

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield members that are not in the run, and a member that is there twice."""
        others = [name for name in run["approaches"].root if name != STACKED]
        for student in self.students:
            for key, name in (("stack.students", student), ("stack.partner", self.partner)):
                if name not in others:
                    yield key, f"{name!r} is not among approaches ({', '.join(others)})"
            if self.partner == student:
                yield "stack.partner", f"{student!r} is in stack.students too: choose another approach"
