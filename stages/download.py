"""Stage `download`: a task's pinned source → its raw files."""

from stages.artifacts import paths
from stages.command import run
from stages.settings.task import TaskSection
from stages.sources.fetch import fetch


def download(task: str) -> None:
    """Fetches the files of a task, each byte checked against the pin in params.yaml."""
    fetch(TaskSection.named(task).source, paths.raw(task), name=f"task.{task}.source")


if __name__ == "__main__":
    run(download)
