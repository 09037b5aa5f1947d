"""Findings about words in and out of context (D1): claims with their evidence, tables and pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from decortique.core.findings import Finding, Part, Table, decimal, format_p, interval, measured, percent, pictures

Results = Mapping[str, Any]
GROUPS = ("pronouns", "stop words", "content words")
CAPTIONS = {
    "pronouns": {
        "contextuality": "From layer to layer, words become what their text makes of them: the lower a curve lies, the "
        "more these words depend on their context.",
        "probes": "What a linear probe reads from a pronoun alone: what lies above word2vec comes from its text.",
        "antecedents": "Is a pronoun nearer to its antecedent? Half is chance.",
        "similarity": "Words out of context, ranked as people rank them (Spearman).",
    },
    "polysemy": {
        "words": "Occurrences of words of two senses: two clouds where the encoder separates them.",
        "senses": "Layer by layer, do clusters of occurrences agree with senses?",
    },
}
FOLDED = ("antecedents", "similarity", "senses")
OF_TEXT = ", mean of the text"  # static vectors
SOURCES = {
    "word2vec": "word2vec, trained on the texts of the run",
    "glove": "GloVe, trained on 6 billion words",
    "input embeddings": "the encoder's table of input embeddings",
    "layer 0": "the word alone through the encoder, layer 0",
}


def words_part(language: str, alpha: float) -> Part:
    """Return all findings about the words of a language; differences with a p-value below `alpha` are significant."""
    pronouns, similarity = (measured("pronouns", language, part) for part in ("contextuality", "similarity"))
    polysemy = measured("polysemy", language, "senses")
    findings = [*context_findings(pronouns, alpha), *sense_findings(pronouns, polysemy, alpha)]
    findings += probe_findings(pronouns["probes"])
    drawn = [one for stage, captions in CAPTIONS.items() for one in pictures(stage, language, captions, FOLDED)]
    tables = [
        *context_tables(pronouns),
        *similarity_tables(similarity),
        *probe_tables(pronouns["probes"]),
        *antecedent_tables(pronouns["antecedents"]),
        *pair_tables(polysemy["pairs"]),
        *sense_tables(polysemy["senses"]),
        *neighbour_tables(polysemy["neighbours"]),
    ]
    return Part(f"Language: {language}", findings, [*drawn, *tables])


def context_findings(results: Results, alpha: float = 0.05) -> list[Finding]:
    """Return whether published findings are reproduced (Ethayarajh, EMNLP 2019)."""
    depth, cone = results["depth"]["self_similarity"], results["anisotropy"]
    last, sure = max(cone, key=int), not depth["all"]["low"] <= 0 <= depth["all"]["high"]
    correlations = [interval(depth["all"]), *(f"{name} {interval(depth[name])}" for name in GROUPS if name in depth)]
    falls = Finding(
        "Self-similarity falls with depth",
        "no significant trend" if not sure else "holds" if depth["all"]["high"] < 0 else "the contrary holds",
        "Rank correlation of a word's self-similarity with the layer, mean of "
        f"{results['words']['all']['words']} words: {'; '.join(correlations)}.",
        sure,
    )
    compared = results["compared"]["self_similarity"]
    specific = [_specific(name, compared[name], last, alpha) for name in ("stop words", "pronouns") if name in compared]
    return [falls, *specific, _anisotropy(cone, last)]


def _specific(group: str, compared: Results, last: str, alpha: float) -> Finding:
    layers = compared["layers"]
    below = [layer for layer, one in layers.items() if one["high"] < 0 and one["holm_p"] < alpha]
    holds, contrary = last in below, layers[last]["low"] > 0 and layers[last]["holm_p"] < alpha
    elsewhere = "holds in some layers only" if below else "not reproduced"
    return Finding(
        f"{group.capitalize()} are more context-specific than content words",
        "holds" if holds else "the contrary holds" if contrary else elsewhere,
        f"Last layer, {compared['pairs']} pairs of words of the same frequency: {interval(layers[last])}, p "
        f"{format_p(layers[last]['holm_p'])} (Wilcoxon, corrected by Holm); significantly below 0 in {_listed(below)}.",
        holds or contrary,
    )


def _anisotropy(cone: Results, last: str) -> Finding:
    highest = max(cone, key=lambda layer: cone[layer]["value"])
    rises, stays = (cone[layer]["low"] > cone["0"]["high"] for layer in (highest, last))
    return Finding(
        "Upper layers are anisotropic",
        "holds" if stays else f"holds up to layer {highest}, not in the last" if rises else "not reproduced",
        f"Any two words have a cosine of {interval(cone['0'])} in layer 0, {interval(cone[highest])} in layer {highest}"
        + (f", {interval(cone[last])} in the last." if highest != last else ", the last."),
        rises,
    )


def _listed(layers: Sequence[str]) -> str:
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)}" if layers else "no layer"


def sense_findings(pronouns: Results, polysemy: Results, alpha: float = 0.05) -> Iterator[Finding]:
    """Yield whether pronouns lean to their antecedents, and whether senses are separated; as far as there are sets."""
    if layers := pronouns["antecedents"]["layers"]:
        leaning = [layer for layer, one in layers.items() if one["holm_p"] < alpha and one["pairs"]["value"] > 0.5]
        last = max(layers, key=int)
        yield Finding(
            "Pronouns lean to what they refer to",
            "holds" if last in leaning else "not in the last layer",
            f"Last layer, share of {pronouns['antecedents']['pairs']} pairs of sentences: "
            f"{interval(layers[last]['pairs'])}, p {format_p(layers[last]['holm_p'])}; significant in "
            f"{_listed(leaning)}.",
            last in leaning,
        )
    if pairs := polysemy["pairs"]:
        chosen, static = pairs["ways"][pairs["chosen"]], pairs["ways"]["word2vec"]
        better = static["holm_p"] < alpha
        yield Finding(
            "The cosine of a word in two texts separates one sense from two",
            "better than chance" if better else "not significantly better than chance",
            f"Right in {interval(chosen['test'])} of {pairs['pairs']['test']} pairs ({pairs['chosen']}, chosen on "
            f"others); word2vec, as it must be, in {decimal(static['test']['value'], 1)}, "
            f"p {format_p(static['holm_p'])}.",
            better,
        )


def context_tables(results: Results) -> list[Table]:
    """Return the measures by layer, and the words that depend most and least on their context."""
    measures, words, last = results["measures"], results["words"], max(results["anisotropy"], key=int)
    groups = [name for name in GROUPS if name in measures["self_similarity"]]
    columns = {
        "any two words": results["anisotropy"],
        **{f"self-similarity of {name}": measures["self_similarity"][name] for name in groups},
        "any word and its sentence": results["sentences"],
        **{f"{name} and their sentence": measures["intra_sentence"][name] for name in groups[:1]},
    }
    by_layer = _table(
        ["layer", *columns],
        [
            [layer, *(interval(column[layer].get("corrected", column[layer])) for column in columns.values())]
            for layer in results["anisotropy"]
        ],
        "Cosine of two random words, and, above that, of the same word in two texts; of a word and the mean of the "
        "other words of its sentence, above that of another sentence. From the table of input embeddings to the last "
        "layer, a word whose values fall depends more and more on its text. "
        f"{percent(words['split_in_pieces'])} of the occurrences are split into several tokens; their mean is taken.",
    )
    by_group = _table(
        ["words", "how many", "cosine with the word alone", "most context-specific", "least"],
        [
            [name, str(words[name]["words"]), interval(moved[last]["corrected"])]
            + [", ".join(words[name][f"{end}_contextual"]) for end in ("most", "least")]
            for name, moved in measures["out_of_context"].items()
        ],
        "The last layer. The cosine of a word in context with the word alone is that above another word alone: the "
        "lower it is, the further the word moves from its vector out of context.",
    )
    return [by_layer, by_group]


def _table(heading: Sequence[str], rows: list[list[str]], caption: str) -> Table:
    return Table(heading, rows, caption, folded=True)


def similarity_tables(results: Results) -> Iterator[Table]:
    """Yield how well vectors of words agree with people, by set of judgments."""
    for name, judged in results["sets"].items():
        yield _table(
            ["vectors", "coverage", "Spearman", "on the pairs that all cover", "more than word2vec there"],
            [
                [SOURCES.get(source, f"… {source}"), percent(one["coverage"], 0)]
                + [interval(one[key]) if key in one else "" for key in ("spearman", "common")]
                + [interval(one["versus_word2vec"]) if "versus_word2vec" in one and source != "word2vec" else ""]
                for source, one in judged["vectors"].items()
            ],
            f"Words out of context: are the {judged['pairs']} pairs of {name} ranked as people rank them? All vectors "
            f"cover {judged['covered_by_all']} pairs. Of the {results['words']} words of all sets, "
            f"{percent(results['split_in_pieces'])} are split into several tokens, of which the mean is taken.",
        )


def _property(name: str) -> str:
    return "second half of the text" if name == "position" else name.replace("label of ", "label of the task ")


def _last_layer(sources: Iterable[str]) -> str:
    return [source for source in sources if source.startswith("layer ")][-1]


def probe_findings(probes: Results) -> Iterator[Finding]:
    """Yield for each property of texts whether pronouns in context reveal it, compared with static vectors."""
    for name, probed in probes.items():
        if "examples" in probed:
            vectors = probed["vectors"]
            last = vectors[_last_layer(vectors)]
            accuracy, text = last["accuracy"], [source for source in vectors if source.endswith(OF_TEXT)][-1]
            static = vectors[text]["accuracy"]
            more, less = accuracy["low"] > static["high"], accuracy["high"] < static["low"]
            yield Finding(
                f"A linear probe of pronouns in context predicts the {_property(name)}",
                f"{'better' if more else 'worse' if less else 'not significantly better'} than one of {text}",
                f"Accuracy in the last layer {interval(accuracy)}, {interval(last['versus_word2vec'])} above its "
                f"static vector; {text}: {interval(static)}.",
                more or less,
            )


def probe_tables(probes: Results) -> Iterator[Table]:
    """Yield what linear probes read from pronouns: properties of their texts, and of their forms."""
    of_texts = {name: probed for name, probed in probes.items() if "examples" in probed}
    of_forms = {name: probed for name, probed in probes.items() if "forms" in probed}
    if of_texts:
        sources = list(next(iter(of_texts.values()))["vectors"])
        last = _last_layer(sources)
        yield _table(
            ["property", "occurrences", *sources, f"shuffled labels, {last}"],
            [
                [_property(name), str(probed["examples"])]
                + [interval(probed["vectors"][source]["accuracy"]) for source in sources]
                + [interval(probed["vectors"][last]["shuffled_labels"])]
                for name, probed in of_texts.items()
            ],
            "Accuracy of linear probes that read a property of the text from a pronoun alone; chance is a half.",
        )
    if of_forms:
        sources = list(next(iter(of_forms.values()))["vectors"])
        yield _table(
            ["property", "pronouns (forms)", *sources, "chance"],
            [
                [f"{name} ({' or '.join(probed['classes'])})", f"{probed['pronouns']} ({probed['forms']})"]
                + [interval(probed["vectors"][source]["balanced_accuracy"]) for source in sources]
                + [decimal(probed["chance"], 2)]
                for name, probed in of_forms.items()
            ],
            "Balanced accuracy of linear probes that read a property of the form, on pronouns not seen in any form.",
        )


def antecedent_tables(results: Results) -> Iterator[Table]:
    """Yield how often a pronoun is nearer to its antecedent, by layer."""
    if layers := results["layers"]:
        association = [
            f"By association alone ({name}: which noun is nearer to the deciding word?) {one['pairs']} pairs give "
            f"{interval(one['right'])}."
            for name, one in results["association"].items()
            if "right" in one
        ]
        yield _table(
            ["layer", "nearer to its antecedent (sentences)", f"leans to it ({results['pairs']} pairs)", "p"],
            [
                [n, interval(one["sentences"]), interval(one["pairs"]), format_p(one["holm_p"])]
                for n, one in layers.items()
            ],
            " ".join(["Pronouns and their antecedents: half is chance.", *association]),
        )


def pair_tables(results: Results) -> Iterator[Table]:
    """Yield how well one sense is distinguished from two."""
    if results:
        sizes = results["pairs"]
        yield _table(
            ["predicted by", "validation", "test", "the chosen layer is better by", "p"],
            [
                [way + ", chosen" * (way == results["chosen"]), decimal(one["validation"]), interval(one["test"])]
                + ([interval(one["chosen_minus_this"]), format_p(one["holm_p"])] if "holm_p" in one else ["", ""])
                for way, one in results["ways"].items()
            ],
            f"One sense or two? {sizes['train']} pairs for the threshold, {sizes['validation']} for the choice of the "
            f"layer, {sizes['test']} to test on, of other words; intervals and p (of swapped predictions, corrected by "
            "Holm) are over whole lemmas.",
        )


def sense_tables(results: Results) -> Iterator[Table]:
    """Yield how well clusters agree with senses."""
    if results:
        yield _table(
            ["clusters of", "adjusted Rand index", "V-measure"],
            [
                [name, *(interval(one[key]) for key in ("adjusted_rand", "v_measure"))]
                for name, one in results["vectors"].items()
            ],
            f"{results['sentences']} sentences with {results['words']} words; as many clusters as a word has senses.",
        )


def neighbour_tables(results: Results) -> Iterator[Table]:
    """Yield the neighbours of a few words, as static vectors and in each of their senses."""
    if results:
        static = list(next(iter(results.values()))["static"])
        yield _table(
            ["word", *static, "sense", "nearest in context", "what sets the sense apart"],
            [
                ([""] * (1 + len(static)) if number else [word, *(", ".join(one["static"][name]) for name in static)])
                + [sense, ", ".join(lists["nearest"]), ", ".join(lists["sets_apart"])]
                for word, one in results.items()
                for number, (sense, lists) in enumerate(one["senses"].items())
            ],
            "Neighbours of words of several senses: of their static vectors, and of their mean in each sense.",
        )
