from pathlib import Path

import numpy as np
import pytest

from decortique.models.batches import Examples, TokenRows
from decortique.models.heads import Headed
from tests.conftest import CLASSES
from tests.models.made_transformer import headed


@pytest.fixture
def model(encoder: Path) -> Headed:
    return headed(encoder)


@pytest.fixture
def examples(rows: TokenRows) -> Examples:
    return Examples(rows, np.array(CLASSES), np.full(len(CLASSES), np.nan, np.float32))
