"""Settings of `prepare`; what languages and collections are."""

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from decortique.core.settings import Catalogue, Name, Run, Section, Seed, Single, Strict
from decortique.data.source_settings import FileName, Source
from decortique.data.task_settings import GradedReader, OneReader, SpeechesReader, TableReader, TurnsReader


class Prepare(Section, Strict):
    """How strict the reading is, how much of the corpus is used, what is left out of it, and what is hidden."""

    key: ClassVar[str] = "prepare"

    bad_rows: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=10)] | None
    near_duplicates: Annotated[float, Field(gt=0, le=1)] | None
    mask: bool


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


# The tables of a collection, and the file of summaries that people wrote.
SEEN, HELD_OUT, REFERENCES = "seen", "held_out", "references.json"

GROUP = "{group}"
PART = "[^/.][^/]*"  # of a path; names that begin with a point are notes of file systems


class ArchiveReader(Strict):
    """A zip archive of text files, of which each is a group, one text a line; beside them, what people wrote in short.

    Attributes:
        file: the archive.
        texts: the ends of the paths of files with texts, such as `topics/{group}.txt`; `*` stands for any name.
        references: likewise those of summaries, one per file; null where there are none.
        encoding: of all of them.
    """

    format: Literal["archive"]
    file: FileName
    texts: str
    references: str | None = None
    encoding: str = "utf-8"

    @field_validator("texts", "references")
    @classmethod
    def _names_its_group(cls, pattern: str | None) -> str | None:
        if pattern is not None and pattern.count(GROUP) != 1:
            raise ValueError(f"say once, by {GROUP}, which part of the path names the group")
        return pattern

    @staticmethod
    def matching(pattern: str) -> re.Pattern[str]:
        """Gives what the paths of a pattern match; its one group is the name of the group of texts."""
        parts = re.split(r"(\{group\}|\*)", pattern)
        known = {GROUP: f"({PART})", "*": PART}
        return re.compile("(?:.*/)?" + "".join(known.get(part, re.escape(part)) for part in parts))


class Collection(Strict):
    """Texts in groups: the reviews of a film, the sentences of an article.

    Attributes:
        title: for people.
        language: two-letter code.
        licence: of the texts.
        labels: those that the texts carry, [] if they carry none.
        source: brings the files.
        reader: of a task's kinds, or of archives of text files.
        cut: whether texts are cut into sentences.
        least: texts of a group; smaller ones are left out.
        groups: at most so many, drawn by lot; null for all.
        held_out: the share of a group's texts, by lot, that its summary does not see and is then held against. Of a
            text that runs on, none should be: it is held against all of it.
        sentences: of a summary.
        opinion: whether they hold opinions, so that a summary should keep the share of positive ones.
        seed: of what is drawn by lot.
    """

    title: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$", description="a two-letter language code")]
    licence: str
    labels: list[Name]
    source: Source
    reader: Annotated[
        GradedReader | TableReader | SpeechesReader | TurnsReader | ArchiveReader, Field(discriminator="format")
    ]
    cut: bool
    least: Annotated[int, Field(ge=2)]
    groups: Annotated[int, Field(ge=1)] | None
    held_out: Annotated[float, Field(ge=0, lt=1)]
    sentences: Annotated[int, Field(ge=1)]
    opinion: bool
    seed: Seed

    def readers(self) -> dict[str, OneReader]:
        """Gives the reader by its key, as a task does; none where an archive is read."""
        return {} if isinstance(self.reader, ArchiveReader) else {"reader": self.reader}

    @model_validator(mode="after")
    def _reads_what_it_brings(self) -> "Collection":
        read = {self.reader.file} if isinstance(self.reader, ArchiveReader) else set(self.reader.files)
        if absent := sorted(read - self.source.brings()):
            raise ValueError(
                f"reader names {absent[0]!r}, which source does not bring ({sorted(self.source.brings())})"
            )
        return self

    @model_validator(mode="after")
    def _leaves_something_out(self) -> "Collection":
        seen = self.least - round(self.least * self.held_out)
        if seen <= self.sentences:
            raise ValueError(
                f"least: of a group of {self.least} texts, {seen} would be summarised in {self.sentences} sentences: "
                "raise least, or lower held_out or sentences"
            )
        return self


class Collections(Single[list[Name]]):
    """The collections of a run, each described in `catalogue/collections/`."""

    key: ClassVar[str] = "collections"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A collection must be described."""
        yield from (("collections", "collections", name) for name in self.root)

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """The name of a collection is no task's, and somewhere there must be vectors of words."""
        if self.root and not run["languages"].root:
            yield "collections", "vectors of words are those of languages, which names none: -S 'collections=[]'"
        for name in self.root:
            if name in run["tasks"].root:
                yield "collections", f"{name!r} is the name of a task too: choose another one"


class CollectionSection(Catalogue[Collection]):
    """The collections by name."""

    folder: ClassVar[str] = "collections"
