"""Many dimensions seen in two: the plane in which points differ most."""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA


@dataclass(frozen=True, slots=True)
class Plane:
    """The first two principal components of some points."""

    points: np.ndarray  # (points, 2) float64, around 0
    explained: tuple[float, float]  # share of the variance of each


def plane_of(points: np.ndarray, differing: np.ndarray | None = None) -> Plane:
    """Projects (points, width) values on the plane in which they differ most.

    A component and its opposite explain the same: scikit-learn gives the one whose largest loading is positive.

    Args:
        points: at least two.
        differing: (others, width): on the plane in which these differ most, instead. At least two of them.
    """
    differing = points if differing is None else differing
    components = PCA(n_components=2, svd_solver="full")
    projected = components.fit(differing.astype(np.float64)).transform(points.astype(np.float64))
    first, second = components.explained_variance_ratio_.tolist()
    return Plane(projected, (first, second))
