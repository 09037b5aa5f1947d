"""The picture of a bag of words: the features that speak most for each label."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.pictures.style import COLOURS, picture


def draw_features(path: Path, strongest: Mapping[str, Sequence[tuple[str, float]]]) -> None:
    """Draws the weights of the strongest features, a panel for each label.

    Args:
        path: the PNG file.
        strongest: (feature, weight) by label, strongest first.
    """
    longest = max((len(features) for features in strongest.values()), default=1)
    with picture(path, columns=max(len(strongest), 1), width=3.4, height=1 + 0.19 * longest) as panels:
        for axes, colour, (label, features) in zip(panels, COLOURS, strongest.items(), strict=False):
            names, weights = [name for name, _ in features], [weight for _, weight in features]
            axes.barh(range(len(names)), weights, color=colour)
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
            axes.set(xlabel="weight", title=label)
