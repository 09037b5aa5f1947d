"""Words in and out of context (D1), as findings, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decortique.core.findings import Finding, Part, Table, format_p, interval, measured, pictures_of

PICTURED = ("pronouns", "polysemy", "similarity")
RANKED = ("spearman", "common")  # where there are pairs enough to be ranked
GROUPS = ("pronouns", "stop words", "content words")
Found = Mapping[str, Any]


def words_part(language: str, alpha: float) -> Part:
    """Tells of the words of one language; `alpha` is the p-value below which a difference is taken for one."""
    pronouns, similarity = (measured("pronouns", language, part) for part in ("contextuality", "similarity"))
    polysemy = measured("polysemy", language, "senses")
    findings = [*context_findings(pronouns, alpha), *sense_findings(pronouns, polysemy, alpha)]
    pictures = [picture for subject in PICTURED for picture in pictures_of(subject, language)]
    return Part(f"Language: {language}", findings, [*pictures, _depth(pronouns), *_judged(similarity)])


def context_findings(found: Found, alpha: float = 0.05) -> list[Finding]:
    """Says which published findings hold here (Ethayarajh, EMNLP 2019)."""
    depth, cone, words = found["depth"]["self_similarity"], found["anisotropy"], found["words"]
    last = max(cone, key=int)
    falls, told = _falls(depth["all"])
    findings = [
        Finding(
            "Self-similarity falls with depth",
            falls,
            f"Rank correlation of a word's self-similarity with the layer, mean of {words['all']['words']} words: "
            f"{interval(depth['all'])}; " + ", ".join(f"{group} {interval(depth[group])}" for group in GROUPS) + ".",
            told,
        )
    ]
    compared = found["compared"]["self_similarity"]
    findings += [
        _specific(group, compared[group], last, alpha) for group in ("stop words", "pronouns") if group in compared
    ]
    return [*findings, _anisotropy(cone, last)]


def _falls(found: Mapping[str, float]) -> tuple[str, bool]:
    if found["low"] <= 0 <= found["high"]:
        return "cannot be told", False
    return "holds" if found["high"] < 0 else "the contrary holds", True


def _specific(group: str, compared: Found, last: str, alpha: float) -> Finding:
    layers = compared["layers"]
    below = [layer for layer, one in layers.items() if one["high"] < 0 and one["holm_p"] < alpha]
    above = layers[last]["low"] > 0 and layers[last]["holm_p"] < alpha
    verdict = "holds in some layers only" if below else "not borne out"
    if last in below or above:
        verdict = "holds" if last in below else "the contrary holds"
    return Finding(
        f"{group.capitalize()} are more context-specific than content words",
        verdict,
        f"Last layer, {compared['pairs']} pairs of words of the same frequency: {interval(layers[last])}, p "
        f"{format_p(layers[last]['holm_p'])} (Wilcoxon, corrected by Holm); significantly below 0 in "
        f"{listed(below, 'layer')}.",
        last in below or above,
    )


def _anisotropy(cone: Found, last: str) -> Finding:
    highest = max(cone, key=lambda layer: cone[layer]["value"])
    rises = cone[highest]["low"] > cone["0"]["high"]
    stays = cone[last]["low"] > cone["0"]["high"]
    return Finding(
        "Upper layers are anisotropic",
        "holds" if stays else f"holds up to layer {highest}, not in the last" if rises else "not borne out",
        f"Any two words have a cosine of {interval(cone['0'])} in layer 0, {interval(cone[highest])} in layer {highest}"
        + (f", {interval(cone[last])} in the last." if highest != last else ", the last."),
        rises,
    )


def sense_findings(pronouns: Found, polysemy: Found, alpha: float = 0.05) -> Iterator[Finding]:
    """Says whether pronouns lean to what they refer to, and whether senses are told apart; as far as there are sets."""
    if antecedents := pronouns.get("antecedents"):
        layers = antecedents["layers"]
        last = layers[max(layers, key=int)]
        leans = last["holm_p"] < alpha
        yield Finding(
            "Pronouns lean to what they refer to",
            "holds" if leans else "cannot be told",
            f"Last layer, share of {antecedents['pairs']} pairs of sentences: {interval(last['pairs'])}, p "
            f"{format_p(last['holm_p'])}.",
            leans,
        )
    if pairs := polysemy.get("pairs"):
        chosen, static = pairs["ways"][pairs["chosen"]], pairs["ways"]["word2vec"]
        knows = static["holm_p"] < alpha
        yield Finding(
            "The cosine of a word in two texts tells one sense from two",
            "better than chance" if knows else "no better than chance, as far as can be told",
            f"Right in {interval(chosen['test'])} of {pairs['pairs']['test']} pairs ({pairs['chosen']}, chosen on "
            f"others); word2vec, as it must be, in {static['test']['value']:.1f}, p {format_p(static['holm_p'])}.",
            knows,
        )


def _depth(found: Found) -> Table:
    measures = found["measures"]["self_similarity"]
    return Table(
        ["layer", "any two words", *(f"self-similarity of {group}" for group in GROUPS)],
        [
            [layer, interval(any_two), *(interval(measures[group][layer]["corrected"]) for group in GROUPS)]
            for layer, any_two in found["anisotropy"].items()
        ],
        "Cosine of two words taken by lot, and, above that, of the same word in two texts. Downwards: from the table "
        "of words to the last layer. What falls is a word that becomes more and more what its text makes of it.",
        folded=True,
    )


def _judged(found: Found) -> Iterator[Table]:
    for name, judged in found.get("sets", {}).items():
        yield Table(
            ["vectors", "coverage", "Spearman", "on the pairs that all cover"],
            [
                [source, f"{one['coverage']:.0%}", *(interval(one[name]) if name in one else "" for name in RANKED)]
                for source, one in judged["vectors"].items()
            ],
            f"Words out of context: do vectors rank the {judged['pairs']} pairs of {name} as people do?",
            folded=True,
        )


def listed(layers: Sequence[str], what: str) -> str:
    """Names some layers, or that there is none."""
    if not layers:
        return f"no {what}"
    return f"{what}{'s' if len(layers) > 1 else ''} {', '.join(layers)}"
