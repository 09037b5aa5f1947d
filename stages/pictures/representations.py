"""The pictures of words in and out of context: how contextual they are, what is read from them, what they refer to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.pictures.layers import draw_curve, draw_sources, finish
from stages.pictures.style import COLOURS, picture

TITLES = {
    "self_similarity": "Self-similarity",
    "intra_sentence": "Similarity with the sentence",
    "explained_variance": "Explained by one vector",
    "out_of_context": "Cosine with the word alone",
}


def draw_contextuality(path: Path, report: Mapping[str, Any]) -> None:
    """Draws each measure by kind of word, corrected by what random words have, and that itself.

    Args:
        path: the PNG file.
        report: of `stages.representations.contextuality`.
    """
    with picture(path, columns=len(TITLES) + 1, width=3.3, height=4.2) as (*panels, last):
        for axes, (measure, title) in zip(panels, TITLES.items(), strict=True):
            groups = [name for name in report["measures"][measure] if name != "all"]
            for group, colour in zip(groups, COLOURS, strict=False):
                layers = report["measures"][measure][group].values()
                draw_curve(axes, [one["corrected"] for one in layers], group, colour)
            finish(axes, title, "above random words" if measure == "self_similarity" else "")
        draw_curve(last, list(report["anisotropy"].values()), "random words", COLOURS[3])
        finish(last, "Anisotropy: any two words", "mean cosine")


def draw_probes(path: Path, probes: Mapping[str, Any]) -> None:
    """Draws what a linear probe reads from pronouns, property by property, beside its controls."""
    with picture(path, columns=max(len(probes), 1), width=3.6, height=4.8) as panels:
        for axes, (name, found) in zip(panels, probes.items(), strict=False):
            of_forms = "forms" in found
            measure = "balanced_accuracy" if of_forms else "accuracy"
            draw_sources(axes, found["vectors"], measure, "pronoun in context")
            axes.axhline(found.get("chance", 0.5), color="grey", linewidth=0.8, label="chance")
            finish(axes, f"{name}, of unseen pronouns" if of_forms else name, measure.replace("_", " "))


def draw_antecedents(path: Path, found: Mapping[str, Any]) -> None:
    """Draws how often a pronoun is nearer to, or leans to, what it refers to."""
    with picture(path, width=5.2, height=4.4) as (axes,):
        if not found["pairs"]:
            axes.set(title="No pairs in this language")
            return
        layers = list(found["layers"].values())
        draw_curve(axes, [one["pairs"] for one in layers], "leans to what is meant, of two sentences", COLOURS[0])
        draw_curve(axes, [one["sentences"] for one in layers], "nearer to what is meant, in one sentence", COLOURS[1])
        axes.axhline(0.5, color="grey", linewidth=0.8, label="vectors that no context changes")
        for (name, one), dash in zip(found["association"].items(), ("--", ":", "-."), strict=False):
            if "right" in one:
                axes.axhline(
                    one["right"]["value"],
                    color=COLOURS[2],
                    linestyle=dash,
                    linewidth=1,
                    label=f"noun nearer to the deciding word, {name} ({one['pairs']} pairs)",
                )
        finish(axes, f"Pronouns and their antecedents, {found['pairs']} pairs", "share")


def draw_similarity(path: Path, sets: Mapping[str, Any]) -> None:
    """Draws how well vectors agree with people on the likeness of words."""
    with picture(path, columns=max(len(sets), 1), width=4.6, height=4.4) as panels:
        for axes, (name, found) in zip(panels, sets.items(), strict=False):
            shown = {
                source if source.startswith("layer") else f"{source} ({one['coverage']:.0%})": one
                for source, one in found["vectors"].items()
            }
            draw_sources(axes, shown, "spearman", "the word alone, by layer")
            finish(axes, f"{name}, {found['pairs']} pairs", "Spearman's correlation with people")
