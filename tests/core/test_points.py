from pathlib import Path

from decortique.core.files import write_points


def test_points_are_rows_below_the_names_of_their_columns(tmp_path: Path) -> None:
    write_points(tmp_path / "plots" / "a.csv", [{"set": "test", "texts": 3, "value": 1 / 3}, {"set": "a, b"}])
    assert (tmp_path / "plots" / "a.csv").read_bytes() == b'set,texts,value\ntest,3,0.333333\n"a, b",,\n'


def test_a_curve_without_points_is_a_file_all_the_same(tmp_path: Path) -> None:
    write_points(tmp_path / "a.csv", iter([]))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").strip() == ""
