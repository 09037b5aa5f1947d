"""The tables of docs/representations.md, and what they say in words: each sentence is written from its numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from decortique.core.findings import format_p, interval
from decortique.words.findings import GROUPS, context_findings, listed, sense_findings
from tools.pages.showing import experiment, measured, table

Found = Mapping[str, Any]


def in_short() -> Iterator[str]:
    """Yields what was found, a sentence each."""
    found, polysemy = measured("pronouns", "en", "contextuality"), measured("polysemy", "en", "senses")
    for finding in [*context_findings(found), *sense_findings(found, polysemy)]:
        yield finding.markdown


def similarity() -> Iterator[str]:
    """Yields how well vectors of words agree with people."""
    found = measured("pronouns", "en", "similarity")
    last = max(_layers(next(iter(found["sets"].values()))["vectors"]))
    shown = {
        "word2vec": "word2vec, trained on the texts of the run",
        "glove": "GloVe, trained on 6 billion words",
        "input embeddings": "the encoder's table of input embeddings",
        "layer 0": "the word alone through the encoder, layer 0",
        f"layer {last}": f"… layer {last}",
    }
    for name, judged in found["sets"].items():
        yield f"{name}, {judged['pairs']} pairs of words, {judged['covered_by_all']} of which all vectors cover:"
        yield ""
        yield from table(
            ["vectors", "coverage", "Spearman", "on the pairs that all cover", "more than word2vec there"],
            (
                [
                    title,
                    f"{judged['vectors'][source]['coverage']:.0%}",
                    *(interval(judged["vectors"][source][measure]) for measure in ("spearman", "common")),
                    "" if source == "word2vec" else interval(judged["vectors"][source]["versus_word2vec"]),
                ]
                for source, title in shown.items()
            ),
        )
        yield ""
    yield (
        f"Of the {found['words']} words of both, {found['split_in_pieces']:.1%} are cut into several pieces, of which "
        "the mean is taken."
    )


def contextuality() -> Iterator[str]:
    """Yields the measures by layer, and whether the published findings hold here."""
    found = measured("pronouns", "en", "contextuality")
    yield from _parted(_by_layer(found), _verdicts(found))


def _by_layer(found: Found) -> Iterator[str]:
    self_similarity = found["measures"]["self_similarity"]
    yield from table(
        [
            "layer",
            "any two words",
            *(f"self-similarity of {group}" for group in GROUPS),
            "any word and its sentence",
            "pronoun and its sentence",
        ],
        (
            [
                layer,
                interval(any_two),
                *(interval(self_similarity[group][layer]["corrected"]) for group in GROUPS),
                interval(found["sentences"][layer]),
                interval(found["measures"]["intra_sentence"]["pronouns"][layer]["corrected"]),
            ]
            for layer, any_two in found["anisotropy"].items()
        ),
    )


def _verdicts(found: Found) -> Iterator[str]:
    words, last = found["words"], max(found["anisotropy"], key=int)
    for finding in context_findings(found):
        yield finding.markdown
    yield (
        "- **The most context-specific words of the last layer**: "
        + ", ".join(f"*{word}*" for word in words["all"]["most_contextual"])
        + "; the least: "
        + ", ".join(f"*{word}*" for word in words["all"]["least_contextual"])
        + "."
    )
    moved = found["measures"]["out_of_context"]
    yield (
        f"- **Pieces**: {words['split_in_pieces']:.1%} of the occurrences that were read are words cut into several "
        "pieces, of which the mean was taken."
    )
    yield (
        "- **From the word alone to the word in context**, last layer, cosine above that with another word alone: "
        + ", ".join(f"{group} {interval(moved[group][last]['corrected'])}" for group in GROUPS)
        + ": the lower, the further it moves."
    )


def carried() -> Iterator[str]:
    """Yields what a probe reads from pronouns."""
    probes = measured("pronouns", "en", "contextuality")["probes"]
    layers = _layers(next(iter(probes.values()))["vectors"])
    static = ("word2vec", "glove")
    contexts = {name: found for name, found in probes.items() if "examples" in found}
    yield from table(
        ["what", "occurrences", *(f"layer {layer}" for layer in layers), "word2vec", "mean of word2vec over the text",
         "mean of GloVe over the text", "labels by lot, last layer"],
        (
            [
                _property(name),
                str(found["examples"]),
                *(interval(found["vectors"][f"layer {layer}"]["accuracy"]) for layer in layers),
                f"{found['vectors']['word2vec']['accuracy']['value']:.3f}",
                *(interval(found["vectors"][f"{source}, mean of the text"]["accuracy"]) for source in static),
                interval(found["vectors"][f"layer {layers[-1]}"]["labels_by_lot"]),
            ]
            for name, found in contexts.items()
        ),
    )  # fmt: skip
    yield ""
    forms = {name: found for name, found in probes.items() if "forms" in found}
    yield from table(
        ["what", "pronouns (forms)", *(f"layer {layer}" for layer in layers), *static, "chance"],
        (
            [
                f"{name} ({' or '.join(found['classes'])})",
                f"{found['pronouns']} ({found['forms']})",
                *(interval(found["vectors"][f"layer {layer}"]["balanced_accuracy"]) for layer in layers),
                *(interval(found["vectors"][source]["balanced_accuracy"]) for source in static),
                f"{found['chance']:.2f}",
            ]
            for name, found in forms.items()
        ),
    )
    yield ""
    yield from _readings(contexts, layers)


def _readings(contexts: Found, layers: list[int]) -> Iterator[str]:
    for name, found in contexts.items():
        vectors = found["vectors"]
        last = vectors[f"layer {layers[-1]}"]
        text = vectors["glove, mean of the text"]["accuracy"]
        told = "more than" if last["accuracy"]["low"] > text["high"] else (
            "less than" if last["accuracy"]["high"] < text["low"] else "no more, as far as the intervals tell, than"
        )  # fmt: skip
        yield (
            f"- **{_property(name).capitalize()}**: in the last layer a pronoun tells it "
            f"{interval(last['versus_word2vec'])} above its static vector, and {told} the mean of the text's GloVe "
            "vectors."
        )


def _property(name: str) -> str:
    return "second half of the text" if name == "position" else name.replace("label of ", "label of the task ")


def antecedents() -> Iterator[str]:
    """Yields how often a pronoun is nearer to its antecedent."""
    yield from _antecedents(measured("pronouns", "en", "contextuality")["antecedents"])


def _antecedents(found: Found) -> Iterator[str]:
    yield from table(
        ["layer", "nearer to what is meant (sentences)", f"leans to what is meant ({found['pairs']} pairs)", "p"],
        (
            [layer, interval(one["sentences"]), interval(one["pairs"]), format_p(one["holm_p"])]
            for layer, one in found["layers"].items()
        ),
    )
    yield ""
    significant = [
        layer for layer, one in found["layers"].items() if one["holm_p"] < 0.05 and one["pairs"]["value"] > 0.5
    ]
    yield f"Pronouns lean to what is meant, significantly, in {listed(significant, 'layer')}."
    for name, one in found["association"].items():
        if "right" in one:
            yield (
                f"By association alone ({name}: which noun is nearer to the word that predicts?) {one['pairs']} pairs "
                f"give {interval(one['right'])}."
            )


def pairs() -> Iterator[str]:
    """Yields how well one sense is told from two."""
    yield from _pairs(measured("polysemy", "en", "senses")["pairs"])


def _pairs(found: Found) -> Iterator[str]:
    yield from table(
        ["predicted by", "validation", "test", "the chosen layer is better by", "p"],
        (
            [
                f"**{name}**, chosen" if name == found["chosen"] else name,
                f"{one['validation']:.3f}",
                interval(one["test"]),
                interval(one["chosen_minus_this"]) if "holm_p" in one else "",
                format_p(one["holm_p"]) if "holm_p" in one else "",
            ]
            for name, one in found["ways"].items()
        ),
    )
    yield ""
    sizes = found["pairs"]
    yield (
        f"{sizes['train']} pairs for the threshold, {sizes['validation']} for the choice of the layer, {sizes['test']} "
        "to test on, of other words; intervals and p (of swapped predictions, corrected by Holm) are over whole lemmas."
    )


def senses() -> Iterator[str]:
    """Yields how well clusters agree with senses."""
    yield from _senses(measured("polysemy", "en", "senses")["senses"])


def _senses(found: Found) -> Iterator[str]:
    yield from table(
        ["clusters of", "adjusted Rand index", "V-measure"],
        ([name, interval(one["adjusted_rand"]), interval(one["v_measure"])] for name, one in found["vectors"].items()),
    )


def neighbours() -> Iterator[str]:
    """Yields the neighbours of a few words, as static vectors and in each of their senses."""
    yield from _neighbours(measured("polysemy", "en", "senses")["neighbours"])


def _neighbours(found: Found) -> Iterator[str]:
    static = list(next(iter(found.values()))["static"])
    yield from table(
        ["word", *static, "sense", "nearest in context", "what sets the sense apart"],
        (
            [
                "" if number else word,
                *("" if number else ", ".join(one["static"][name]) for name in static),
                sense,
                ", ".join(lists["nearest"]),
                ", ".join(lists["sets_apart"]),
            ]
            for word, one in found.items()
            for number, (sense, lists) in enumerate(one["senses"].items())
        ),
    )


def other_encoder() -> Iterator[str]:
    """Yields what the multilingual encoder makes of English."""
    found = experiment("representations")["en"]
    pronouns, polysemy = found["pronouns"], found["polysemy"]
    yield from _parted(_by_layer(pronouns), _verdicts(pronouns), _pairs(polysemy["pairs"]))


def french() -> Iterator[str]:
    """Yields what the multilingual encoder makes of French."""
    found = experiment("representations")["fr"]
    pronouns, polysemy = found["pronouns"], found["polysemy"]
    yield from _parted(
        _by_layer(pronouns),
        _verdicts(pronouns),
        _antecedents(pronouns["antecedents"]),
        _senses(polysemy["senses"]),
        _neighbours(polysemy["neighbours"]),
    )


def _parted(*texts: Iterator[str]) -> Iterator[str]:
    """Yields the lines of several texts, an empty one between two."""
    for number, text in enumerate(texts):
        if number:
            yield ""
        yield from text


def _layers(vectors: Found) -> list[int]:
    return sorted(int(name.removeprefix("layer ")) for name in vectors if name.startswith("layer "))
