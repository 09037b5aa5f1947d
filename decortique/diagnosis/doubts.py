"""Leaks, suspected labels, flips and explanations: what else a score may rest on, as findings, tables and examples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decortique.core.findings import (
    Cell,
    Example,
    Examples,
    Finding,
    Table,
    format_p,
    interval,
    is_significant,
    many,
    p_equals,
    signed,
)

Found = Mapping[str, Any]
TURN = "turn"


def audit_findings(found: Found) -> Iterator[Finding]:
    """Says what leaks there are, what they are worth, and how many labels are suspected."""
    yield _leaks(found["near_duplicates"])
    labels = found["labels"]
    suspected = labels["suspected"]
    yield Finding(
        "Are the labels right?",
        f"{suspected['count']} of them are suspected",
        f"{interval(suspected['share'])} of all; a bag of words that has not seen them doubts them (confident "
        "learning). " + "".join(_beside(labels)) + "A suspicion is no proof.",
    )


def _leaks(near: Found) -> Finding:
    leaks, met = near["leaks"], near["met"]["test"]
    where = ", ".join(
        f"{one['exact'] + one['near']} in {split} ({one['exact']} of them copies)"
        for split, one in met.items()
        if isinstance(one, Mapping)
    )
    evidence = f"Of {met['texts']} test texts, those that stand, or nearly, in another split: {where or 'none'}."
    apart = [
        f"{name} {signed(one['difference'])}"
        for name, one in leaks["accuracy"].items()
        if not one["difference"]["low"] <= 0 <= one["difference"]["high"]
    ]
    if leaks["accuracy"]:
        worth = {name: one["difference"]["value"] for name, one in leaks["accuracy"].items()}
        most = max(worth, key=lambda name: abs(worth[name]))
        evidence += (
            f" Without those that were learnt from, accuracy changes by "
            f"{signed(leaks['accuracy'][most]['difference'])} at most ({most}; all less without them)."
        )
    verdict = f"{leaks['texts']} test texts were met in training, or nearly"
    if leaks["texts"]:
        verdict += f", which changes {', '.join(apart)}" if apart else ", which changes no score that can be told"
    return Finding("Does the test leak into what is learnt?", verdict, evidence, bool(apart) or not leaks["texts"])


def _beside(labels: Found) -> Iterator[str]:
    if grade := labels.get("absolute_grade"):
        yield (
            f"People's mean grade of these is {interval(grade['suspected'])} from zero, that of the others "
            f"{interval(grade['others'])}. "
        )
    opinion = labels["second_opinion"]
    if against := opinion["predicts_against"].get(opinion["witness"]):
        yield (
            f"{opinion['witness']} predicts against {interval(against['suspected'])} of them, and against "
            f"{interval(against['others'])} of the others. "
        )
    if again := labels["control"].get("suspected"):
        yield f"Of labels that were turned on purpose, {interval(again['turned'])} are suspected. "


def suspects(lines: Sequence[Found], count: int) -> Examples:
    """Shows the most suspicious labels."""
    return Examples(
        "The most suspicious labels: would you have said so? A bag of words that learnt from other texts finds them "
        "unlikely, and so does, where it was asked, the best of the other approaches.",
        [
            Example(
                f"labelled {one['label']}" + (f", mean grade {one['score']:+.2f}" if one["score"] is not None else ""),
                f"{one['text']} — probability of this label: bag of words {one['probability']:.2f}"
                + "".join(f", {name} {said:.2f}" for name, said in one["approaches"].items()),
            )
            for one in lines[:count]
        ],
        folded=True,
    )


def flip_findings(found: Found, alpha: float) -> Iterator[Finding]:
    """Says for each rewriting how many predictions flip, and who flips significantly less or more than the baseline."""
    for name, one in found["rewrites"].items():
        flips = {approach: measures["flips"] for approach, measures in one["approaches"].items()}
        least, most = (choose(flips, key=lambda approach: flips[approach]["value"]) for choose in (min, max))
        tests = {approach: test for approach, test in one["versus"].items() if is_significant(test, alpha)}
        fewer, more = (
            [approach for approach, test in tests.items() if sign * test["flips_difference"]["value"] > 0]
            for sign in (-1, 1)
        )
        baseline = next(iter(flips))
        said = [
            *([f"{', '.join(fewer)} fewer than {baseline}"] if fewer else []),
            *([f"{', '.join(more)} more than {baseline}"] if more else []),
        ]
        aim = "predictions should often turn" if one["should"] == TURN else "predictions should stay"
        yield Finding(
            f"{name.replace('_', ' ').capitalize()}: {aim}",
            f"{flips[least]['value']:.0%} to {flips[most]['value']:.0%} flip"
            + ("" if tests else f", none significantly different from {baseline}"),
            f"Of {one['changed']} texts that the rule changes: "
            + ", ".join(f"{approach} {interval(score)}" for approach, score in flips.items())
            + f". Told apart from {baseline}: {'; '.join(said) or 'none'}.",
            bool(tests),
        )
    for name, reason in found["left_out"].items():
        yield Finding(f"{name.replace('_', ' ').capitalize()}", "left out", f"{reason}.", is_significant=False)


def flips_table(found: Found, alpha: float) -> Table:
    """Gives the flips of each approach; bold is significantly fewer (of a negation: more) than the baseline's."""
    rows: list[list[Cell | str]] = []
    for name, one in found["rewrites"].items():
        better = 1 if one["should"] == TURN else -1
        cells = [
            Cell(
                interval(measures["flips"]),
                approach in one["versus"]
                and is_significant(one["versus"][approach], alpha)
                and one["versus"][approach]["flips_difference"]["value"] * better > 0,
            )
            for approach, measures in one["approaches"].items()
        ]
        rows.append([name.replace("_", " "), many(one["changed"]), *cells])
    approaches = list(next(iter(found["rewrites"].values()))["approaches"])
    return Table(
        ["rewriting", "texts changed", *approaches],
        rows,
        "Share of predictions that flip. Bold is significantly better than the baseline, the first approach: fewer "
        "flips, or, where the claim is turned round, more.",
        folded=True,
    )


def rewritten(lines: Sequence[Found], count: int) -> Examples:
    """Shows the most surprising texts of each rewriting."""
    shown: dict[str, list[Found]] = {}
    for one in lines:
        if len(some := shown.setdefault(one["rewrite"], [])) < count:
            some.append(one)
    return Examples(
        "Texts on which somebody flipped who should not have, or stayed who should have turned, the surest first.",
        [
            Example(
                f"{one['rewrite'].replace('_', ' ')}: {one['label']}",
                f"{one['text']} → {one['rewritten']} — "
                + "; ".join(_turn(*said) for said in one["approaches"].items()),
            )
            for some in shown.values()
            for one in some
        ],
        folded=True,
    )


def _turn(approach: str, said: Found) -> str:
    before, after = (f"{said[when]['prediction']} {said[when]['probability']:.2f}" for when in ("before", "after"))
    return f"{approach} {before} → {after}"


def explanation_findings(found: Found, alpha: float) -> Iterator[Finding]:
    """Says whether the words that are named matter, and whether two approaches name the same."""
    for approach, by_count in found["deletion"].items():
        count, one = min(by_count.items(), key=lambda item: int(item[0]))
        sure = is_significant(one, alpha) and one["difference"]["value"] > 0
        yield Finding(
            f"Do the words matter that explain {approach}?",
            "yes" if sure else "no significant difference from words by lot",
            f"Without the weightiest {'word' if count == '1' else f'{count} words'} the probability of the prediction "
            f"falls by {interval(one['weightiest'])}, without as many by lot by {interval(one['by_lot'])}; difference "
            f"{signed(one['difference'])}, {p_equals(one['holm_p'])}.",
            sure,
        )
    if same := found["agreement"]:
        apart = same["difference"]
        sure = not apart["low"] <= 0 <= apart["high"]
        yield Finding(
            "Do the bag of words and the transformer name the same word?",
            f"the same first word in {same['same_top']['value']:.0%} of the texts" + ("" if sure else ", as by chance"),
            f"Of {same['texts']} texts {interval(same['same_top'])}; by lot it would be "
            f"{interval(same['same_top_by_chance'])}. Mean rank correlation of the words of a text "
            f"{interval(same['spearman'])}.",
            sure,
        )


def deletion_table(found: Found) -> Table:
    """Gives the falls of probability by number of words that are taken out."""
    return Table(
        ["approach", "words taken out", "the weightiest", "by lot", "difference", "p"],
        [
            [
                approach,
                count,
                interval(one["weightiest"]),
                interval(one["by_lot"]),
                signed(one["difference"]),
                format_p(one["holm_p"]),
            ]
            for approach, by_count in found["deletion"].items()
            for count, one in by_count.items()
        ],
        "By how much the probability of the prediction falls when words are taken out (comprehensiveness).",
        folded=True,
    )
