"""Settings of the audit, controls, robustness, explanations and dissection."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from decortique.core.settings import Section, Seed, Strict


class Audit(Section, Strict):
    """When two texts are near duplicates, and in how many folds labels are doubted."""

    key: ClassVar[str] = "audit"

    threshold: Annotated[float, Field(gt=0, le=1)]
    folds: Annotated[int, Field(ge=2)]
    seed: Seed


class Validity(Section, Strict):
    """Controls of the baseline: how many of its strongest features are examined, and the seed of a random split."""

    key: ClassVar[str] = "validity"

    features: Annotated[int, Field(ge=1)]
    seed: Seed


Rewrite = Literal["typos", "lower_case", "upper_case", "no_punctuation", "contractions", "synonyms", "negation"]


class Robustness(Section, Strict):
    """How test texts are rewritten, and how many of them."""

    key: ClassVar[str] = "robustness"

    rewrites: Annotated[list[Rewrite], Field(min_length=1)]
    texts: Annotated[int, Field(ge=10)] | None
    typo_rate: Annotated[float, Field(gt=0, le=1)]
    seed: Seed


class Explain(Section, Strict):
    """How predictions are attributed to words, how many are shown, and on how many explanations are tested."""

    key: ClassVar[str] = "explain"

    steps: Annotated[int, Field(ge=2)]
    max_examples: Annotated[int, Field(ge=1)]
    n_tested: Annotated[int, Field(ge=10)]
    n_deleted: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    seed: Seed


class Dissect(Section, Strict):
    """What a model is shown while it is dissected; the attention maps are drawn for the first sentence."""

    key: ClassVar[str] = "dissect"

    sentences: Annotated[list[Annotated[str, Field(pattern=r"\S", description="not empty")]], Field(min_length=1)]
