import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import errno
from decortique.core.command import run
from decortique.core.files import StageError

def greet(task: str, times: int = 1) -> None:
    '''Greets a task.'''
    {body}

run(greet)
"""


def run_script(body: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )


def test_arguments_arrive_with_their_types() -> None:
    done = run_script("print(repr(task), repr(times))", "opinion", "--times", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "'opinion' 3\n", "")


def test_a_user_error_ends_in_one_line_without_traceback() -> None:
    done = run_script("raise StageError('films.txt is missing: run `dvc repro`')", "opinion")
    assert done.returncode == 1
    assert done.stderr == "ERROR films.txt is missing: run `dvc repro`\n"
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [("opinion", "--tims", "3"), ("opinion", "--times", "three"), ()])
def test_wrong_arguments_exit_with_code_2_and_show_the_usage(arguments: tuple[str, ...]) -> None:
    done = run_script("print('called')", *arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help_is_the_docstring() -> None:
    done = run_script("print('called')", "--help")
    assert done.returncode == 0
    assert "Greets a task." in done.stdout


def test_a_full_disk_is_reported_in_one_line() -> None:
    done = run_script("raise OSError(errno.ENOSPC, 'No space left on device', 'data/x.parquet')", "opinion")
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR the disk is full (data/x.parquet): free some space")
    assert done.stderr.count("\n") == 1


def test_a_full_disk_without_a_file_name_is_reported_too() -> None:
    done = run_script("raise OSError(errno.ENOSPC, 'No space left on device')", "opinion")
    assert done.stderr.startswith("ERROR the disk is full (while writing)")


@pytest.mark.parametrize("defect", ["1 / 0", "raise PermissionError(errno.EACCES, 'refused', 'x')"])
def test_a_bug_in_the_pipeline_shows_where_it_is(defect: str) -> None:
    done = run_script(defect, "opinion")
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


def test_the_log_goes_to_standard_error_so_that_output_can_be_piped() -> None:
    done = run_script("import logging; logging.getLogger('stages').info('computing'); print('answer')", "opinion")
    assert done.stdout == "answer\n"
    assert done.stderr == "INFO computing\n"
