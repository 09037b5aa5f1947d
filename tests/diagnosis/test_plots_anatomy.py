from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Annotation, Text

from decortique.core.plots import SHARED, Plane, label_points, picture, settle
from decortique.diagnosis.plots import draw_attention, draw_layers, draw_parameters
from tests.drawing import assert_drawn_alike

RANDOM = np.random.default_rng(0)
TEXTS = ["The film is good.", "It costs between 5 $ and 7 $.", "It costs a $_2 film."]
TOKENS = [["[CLS]", *text.split(), "[SEP]"] for text in TEXTS]
COUNT = sum(map(len, TOKENS))


def maps(blocks: int, heads: int, tokens: int) -> np.ndarray:
    return RANDOM.dirichlet(np.ones(tokens), size=(blocks, heads, tokens))


def planes(layers: int) -> dict[str, Plane]:
    return {f"block {n}": Plane(RANDOM.normal(size=(COUNT, 2)), (0.4, 0.2)) for n in range(layers)}


DRAWINGS: dict[str, Callable[[Path], None]] = {
    "attention": partial(draw_attention, text=TEXTS[1], tokens=TOKENS[1], maps=maps(3, 2, len(TOKENS[1]))),
    "attention of one head": partial(draw_attention, text="a", tokens=["[CLS]", "a", "[SEP]"], maps=maps(1, 1, 3)),
    "attention of many tokens": partial(draw_attention, text="a " * 60, tokens=["a"] * 60, maps=maps(2, 2, 60)),
    "layers": partial(draw_layers, planes=planes(4), tokens=TOKENS, texts=TEXTS),
    "one layer": partial(draw_layers, planes=planes(1), tokens=TOKENS, texts=TEXTS),
    "parameters": partial(
        draw_parameters, encoder={"embeddings": 900, "block 1": 300}, decisions={"polarity: linear": 9}
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_a_reproducible_png(tmp_path: Path, name: str) -> None:
    assert_drawn_alike(DRAWINGS[name], tmp_path)


def test_a_long_sentence_does_not_make_a_picture_too_large_to_open(tmp_path: Path) -> None:
    draw_attention(tmp_path / "a.png", "a " * 128, ["a"] * 128, maps(3, 3, 128))
    assert max(imread(tmp_path / "a.png").shape) < 1500


def test_each_attention_map_is_in_the_row_of_its_block_and_column_of_its_head(tmp_path: Path) -> None:
    pictures = []
    for block, head in [(0, 0), (0, 1), (1, 0)]:
        attention = np.full((2, 2, 4, 4), 0.0)
        attention[block, head] = 1
        draw_attention(tmp_path / "a.png", "a", list("abcd"), attention)
        pixels = imread(tmp_path / "a.png")[..., :3]
        width = pixels.shape[1] * 2 // 3  # the colour scale is at the right
        dark = np.argwhere((np.abs(pixels[:, :width] - [0.03, 0.19, 0.42]) < 0.02).all(axis=2))
        pictures.append(dark.mean(axis=0))
    (top, left), right, below = pictures
    assert right[0] == pytest.approx(top, abs=2)
    assert right[1] > left + 10
    assert below[1] == pytest.approx(left, abs=2)
    assert below[0] > top + 10


def labelled(path: Path, points: np.ndarray, words: list[str], colours: list[str]) -> list[dict[str, Any]]:
    """Label points, and return the positions of the labels."""
    with picture(path, width=4.4, height=3.6) as (axes,):
        axes.scatter(points[:, 0], points[:, 1], s=9)
        settle(axes)
        label_points(axes, points, words, colours)
        return [
            {"word": text.get_text(), "colour": text.get_color(), "box": _box(text), "xy": text.xy}
            for text in cast("list[Annotation]", axes.texts)
        ]


def test_labels_do_not_overlap_even_when_crowded(tmp_path: Path) -> None:
    points = np.concatenate([RANDOM.normal(size=(40, 2)), RANDOM.normal(scale=0.05, size=(40, 2))])
    result = labelled(tmp_path / "a.png", points, [f"word-{n}" for n in range(80)], ["black"] * 80)
    assert len(result) > 40
    boxes = [one["box"].shrunk(0.95, 0.95) for one in result]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_equal_words_at_one_point_share_a_label_and_others_do_not(tmp_path: Path) -> None:
    points = np.array([[0, 0], [0, 0], [0.001, 0], [5, 5], [5, 5], [9, 0], [0, 9]], float)
    words = ["the", "the", "film", "film", "film", "the", "end"]
    colours = ["blue", "red", "red", "blue", "blue", "blue", "red"]
    result = {
        (one["word"], tuple(one["xy"]), one["colour"]) for one in labelled(tmp_path / "a.png", points, words, colours)
    }
    assert result == {
        ("the", (0, 0), SHARED),
        ("film", (0.001, 0), "red"),
        ("film", (5, 5), "blue"),
        ("the", (9, 0), "blue"),
        ("end", (0, 9), "red"),
    }


def test_a_label_stays_inside_its_panel(tmp_path: Path) -> None:
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float)
    with picture(tmp_path / "a.png", width=2, height=2) as (axes,):
        axes.scatter(points[:, 0], points[:, 1])
        axes.margins(0.1)
        settle(axes)
        label_points(axes, points, ["a long word", "another", "a third one", "the fourth"], ["black"] * 4)
        panel = axes.get_window_extent().padded(1)
        assert len(axes.texts) == 4
        assert all(_within(_box(text), panel) for text in axes.texts)


def _box(text: Any) -> Any:
    """Return the box of the letters alone, without the line to the point."""
    text.get_window_extent()  # computes the positions of the letters
    return Text.get_window_extent(text)


def _within(box: Any, panel: Any) -> bool:
    return bool(panel.contains(box.x0, box.y0) and panel.contains(box.x1, box.y1))


def test_dollar_signs_are_shown_and_not_read_as_a_formula(tmp_path: Path) -> None:
    (result,) = labelled(tmp_path / "a.png", np.zeros((1, 2)), ["$x_1$"], ["black"])
    assert result["word"] == r"\$x_1\$"
