"""The languages whose words are studied, and what there is for each of them."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from stages.settings.section import Catalogue, Run, Single, Strict
from stages.settings.source import FileName, Source

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="a two-letter language code")]
TRAINED = "word2vec"  # the name of the vectors that a run trains itself
WORDNET_FILES = ("data.noun", "data.verb", "data.adj", "data.adv")


class Features(Strict):
    """What a form of a pronoun says of whom it stands for; null where it leaves it open, as `you` does the number."""

    lemma: Annotated[str, Field(min_length=1, description="the pronoun of which it is a form")]
    person: Literal[1, 2, 3] | None = None
    number: Literal["singular", "plural"] | None = None


class PretrainedVectors(Strict):
    """Static vectors of words that someone else trained.

    Attributes:
        file: of `source`.
        format: `word2vec`, the binary format of the tool, or `wink`, the JSON in which winkNLP publishes GloVe.
        words: how many are kept, the most frequent first, in which order such files are.
    """

    file: FileName
    format: Literal["word2vec", "wink"]
    words: Annotated[int, Field(ge=1)]


class Described(Strict):
    """One language.

    Attributes:
        source: brings pretrained vectors and WordNet; null where there are none.
        vectors: of the files of `source`, beside the vectors that `word2vec` trains.
        wordnet: whether `source` brings WordNet's `data.*` files, whose examples become word-in-context pairs.
        judgments: how alike people find two words: sets that come with gensim.
        pronouns: forms of personal and possessive pronouns in lower case, with what each says.
    """

    source: Source | None
    vectors: dict[str, PretrainedVectors]
    wordnet: bool
    judgments: list[Literal["wordsim353", "simlex999"]]
    pronouns: Annotated[dict[str, Features], Field(min_length=1)]

    @field_validator("pronouns", mode="after")
    @classmethod
    def _are_single_words(cls, pronouns: dict[str, Features]) -> dict[str, Features]:
        for form in pronouns:
            if not form.isalpha() or form != form.lower():
                raise ValueError(f"pronouns: {form!r} is not one word in lower case, written with letters alone")
        return pronouns

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "Described":
        brought = self.source.brings() if self.source else set()
        wanted = [one.file for one in self.vectors.values()] + (list(WORDNET_FILES) if self.wordnet else [])
        if absent := [file for file in wanted if file not in brought]:
            raise ValueError(f"source brings no {absent[0]} (it brings {sorted(brought)})")
        return self


class Languages(Single[list[Language]]):
    """The languages of a run, each described in `catalogue/languages/`; their texts are those of the tasks in it."""

    key: ClassVar[str] = "languages"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A language that is studied must be described."""
        yield from (("languages", "languages", code) for code in self.root)

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """A language that is studied must have texts."""
        spoken = {run.entry("tasks", task).language for task in run["tasks"].root}
        for code in self.root:
            if code not in spoken:
                others = ", ".join(sorted(spoken))
                yield "languages", f"no task of `tasks` is in {code!r}: name languages they are in ({others}), or []"


class LanguageSection(Catalogue[Described]):
    """The languages by code."""

    folder: ClassVar[str] = "languages"
