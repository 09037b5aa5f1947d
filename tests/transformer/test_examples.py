import numpy as np
import pytest

from stages.transformer.batches import TokenRows
from stages.transformer.examples import Examples


def test_the_weights_of_examples_are_those_of_their_labels(rows: TokenRows) -> None:
    labels = np.array([0] * 24 + [1] * 8)
    examples = Examples(rows, labels, np.full(32, np.nan, np.float32))
    assert examples.class_weights(2).tolist() == pytest.approx([32 / 48, 32 / 16])
    assert examples.class_weights(3).tolist() == pytest.approx([32 / 72, 32 / 24, 0.0])
