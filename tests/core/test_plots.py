import numpy as np

from decortique.core.plots import plane_of

POINTS = np.random.default_rng(0).normal(size=(30, 8)) @ np.diag([9, 5, 1, 1, 1, 1, 1, 1])


def test_the_plane_is_the_one_in_which_the_points_differ_most() -> None:
    centred = POINTS - POINTS.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    plane = plane_of(POINTS)
    np.testing.assert_allclose(np.abs(plane.points), np.abs(centred @ axes[:2].T), atol=1e-9)
    np.testing.assert_allclose(plane.explained, lengths[:2] ** 2 / (lengths**2).sum())


def test_a_component_points_where_its_largest_loading_is_positive() -> None:
    centred = POINTS - POINTS.mean(axis=0)
    loadings = np.linalg.lstsq(centred, plane_of(POINTS).points, rcond=None)[0].T
    assert (loadings[np.arange(2), np.abs(loadings).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(plane_of(-POINTS).points, -plane_of(POINTS).points, atol=1e-9)


def test_the_order_of_the_points_changes_nothing_but_their_order() -> None:
    order = np.random.default_rng(1).permutation(len(POINTS))
    np.testing.assert_allclose(plane_of(POINTS[order]).points, plane_of(POINTS).points[order], atol=1e-9)
