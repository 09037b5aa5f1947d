"""Many dimensions seen in two: the plane in which points differ most."""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA


@dataclass(frozen=True, slots=True)
class Plane:
    """The first two principal components of some points."""

    points: np.ndarray  # (points, 2) float64, around 0
    explained: tuple[float, float]  # share of the variance of each


def plane_of(points: np.ndarray) -> Plane:
    """Projects (points, width) values, at least two of them.

    A component and its opposite explain the same: scikit-learn gives the one whose largest loading is positive.
    """
    components = PCA(n_components=2, svd_solver="full")
    projected = components.fit_transform(points.astype(np.float64))
    first, second = components.explained_variance_ratio_.tolist()
    return Plane(projected, (first, second))
