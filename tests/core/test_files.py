import json
from pathlib import Path

import pytest

from decortique.core.files import (
    StageError,
    new_file,
    new_folder,
    read_json,
    write_json,
    write_json_lines,
    write_points,
)


class StageStopped(Exception):  # noqa: N818  (an interruption, not an error)
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writing_a_file_creates_its_folders(tmp_path: Path) -> None:
    with new_file(tmp_path / "deep" / "down" / "scores.csv") as path:
        path.write_text("new", encoding="utf-8")
        assert not (tmp_path / "deep" / "down" / "scores.csv").exists()
    assert (tmp_path / "deep" / "down" / "scores.csv").read_text(encoding="utf-8") == "new"
    assert names(tmp_path / "deep" / "down") == ["scores.csv"]


def test_a_stopped_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("old", encoding="utf-8")
    with pytest.raises(StageStopped), new_file(tmp_path / "scores.csv") as path:
        path.write_text("half", encoding="utf-8")
        raise StageStopped
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["scores.csv"]


def test_a_keyboard_interrupt_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "scores.csv") as path:
        path.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_new_folder_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    model = tmp_path / "models" / "student"
    model.mkdir(parents=True)
    (model / "of-before.bin").write_text("old", encoding="utf-8")
    with new_folder(model) as folder:
        assert names(folder) == []
        (folder / "model.bin").write_text("new", encoding="utf-8")
        assert names(model) == ["of-before.bin"]
    assert names(model) == ["model.bin"]
    assert names(model.parent) == ["student"]


@pytest.mark.parametrize("stop", [StageStopped, KeyboardInterrupt])
def test_a_stopped_stage_leaves_the_old_folder_and_nothing_else(tmp_path: Path, stop: type[BaseException]) -> None:
    model = tmp_path / "student"
    model.mkdir()
    (model / "model.bin").write_text("old", encoding="utf-8")
    with pytest.raises(stop), new_folder(model) as folder:
        (folder / "model.bin").write_text("half", encoding="utf-8")
        raise stop
    assert (model / "model.bin").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["student"]


def test_a_folder_that_cannot_be_moved_into_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "student"
    model.mkdir()
    (model / "model.bin").write_text("old", encoding="utf-8")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise PermissionError(13, "refused", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError), new_folder(model) as folder:
        (folder / "model.bin").write_text("new", encoding="utf-8")
    assert (model / "model.bin").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["student"]


def test_metrics_are_written_for_people_to_read(tmp_path: Path) -> None:
    write_json(tmp_path / "m.json", {"accuracy": 0.123456789, "name": "été", "counts": [1, 2.00000001], "pair": (1,)})
    text = (tmp_path / "m.json").read_text(encoding="utf-8")
    assert '"accuracy": 0.123457' in text
    assert "été" in text
    assert text.endswith("}\n")
    assert read_json(tmp_path / "m.json") == {"accuracy": 0.123457, "name": "été", "counts": [1, 2.0], "pair": [1]}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_metrics_never_hold_numbers_that_json_cannot(tmp_path: Path, number: float) -> None:
    write_json(tmp_path / "m.json", {"accuracy": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "m.json", {"deep": {"down": [number]}})
    assert read_json(tmp_path / "m.json") == {"accuracy": 0.5}
    assert names(tmp_path) == ["m.json"]


def test_a_missing_json_file_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"m\.json is missing: run `dvc repro`"):
        read_json(tmp_path / "m.json")


@pytest.mark.parametrize("content", [b'{"accuracy": 0.', b"", b"\xff\xfe{}"])
def test_a_damaged_json_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(StageError, match=r"m\.json is damaged"):
        read_json(tmp_path / "m.json")


def test_json_lines_keep_accents_and_survive_invalid_bytes(tmp_path: Path) -> None:
    rows: list[dict[str, str | float]] = [
        {"text": "été", "share": 1 / 3},
        {"text": b"caf\xe9".decode(errors="surrogateescape")},
    ]
    write_json_lines(tmp_path / "rows.jsonl", iter(rows))
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines[0] == '{"text": "été", "share": 0.3333333333333333}'
    assert [json.loads(line) for line in lines] == rows


def test_curve_points_are_rows_below_a_header(tmp_path: Path) -> None:
    write_points(tmp_path / "plots" / "a.csv", [{"set": "test", "texts": 3, "value": 1 / 3}, {"set": "a, b"}])
    assert (tmp_path / "plots" / "a.csv").read_bytes() == b'set,texts,value\ntest,3,0.333333\n"a, b",,\n'


def test_a_curve_without_points_is_still_written(tmp_path: Path) -> None:
    write_points(tmp_path / "a.csv", iter([]))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").strip() == ""
