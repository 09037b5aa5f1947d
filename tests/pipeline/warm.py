"""A Python that has imported what the stages and DVC import: each of their commands runs in a fork of it.

A run of the chain starts sixty processes, and most of them spend more time on imports than on their work. Where the
folder `warm_commands()` comes first on the PATH, `dvc …` and `python -m stages.…` are handed to a server, which forks.
Nothing of the project is imported before the fork: each command runs the code of its own folder.
"""

import ast
import gc
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from filelock import FileLock

OWN = {"decortique", "stages"}
THREADED = {"onnxruntime"}  # starts a thread, for which a fork would wait in vain at its end
LONGEST_REQUEST = 200_000  # bytes; the kernel sends no longer message in one piece
COMMAND = """#!{python} -IS
import json, os, socket, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
if name == "python" and not (arguments[:1] == ["-m"] and arguments[1].startswith("stages.")):
    os.execv({python!r}, [{python!r}, *arguments])
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    request = json.dumps([name, arguments, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [request], [0, 1, 2])
    sys.exit(int(server.recv(9)))
"""


def warm_commands(root: Path, session: int) -> Path:
    """Return the folder of the commands, and start their server if there is none; it ends with the process `session`.

    The folder stands near the root of the file system, as the address of a socket has a hundred characters at most.
    """
    folder = Path(tempfile.gettempdir()) / f"warm-{session}"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            for name in ("dvc", "python"):
                content = COMMAND.format(python=sys.executable, address=str(folder / "socket"))
                (folder / name).write_text(content, encoding="utf-8")
                (folder / name).chmod(0o755)
            command = [sys.executable, __file__, str(root), str(folder), str(session)]
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
    return folder


def import_packages(root: Path) -> None:
    """Import what any module of the project imports, at its top or later; and DVC's commands."""
    wanted = set()
    for path in (path for folder in OWN for path in (root / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {(name.name, "") for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted |= {(node.module, name.name) for name in node.names}
    for module, name in sorted(wanted):
        if module.split(".")[0] not in OWN | THREADED:
            with suppress(ImportError):  # of another platform or Python
                getattr(import_module(module), name, None)  # some packages load a module when it is asked for
    for package in ("dvc.commands", "dvc.repo"):
        for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            with suppress(ImportError):
                import_module(found.name)


def serve(folder: Path, session: int) -> None:
    """Run commands for as long as the process `session` runs."""
    over = os.pidfd_open(session)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        gc.collect()
        gc.freeze()  # so that forks share the memory of what is imported
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        waited: list[Any] = [listener, over]
        while over not in select.select(waited, [], [])[0]:
            connection, _ = listener.accept()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            with connection:
                if os.fork() == 0:
                    listener.close()
                    answer(connection)
    shutil.rmtree(folder)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def answer(connection: socket.socket) -> None:
    """Run the command that is asked for in a process of its own, say how it ended, and end."""
    request, files, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
    child = os.fork()
    if child:
        ended = os.pidfd_open(child)
        waited: list[Any] = [ended, connection]
        if ended not in select.select(waited, [], [])[0]:
            os.kill(child, signal.SIGTERM)  # who asked was ended
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(OSError):
            connection.send(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    name, arguments, folder, environment = json.loads(request)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(run(name, arguments))


def run(name: str, arguments: list[str]) -> int:
    """Run DVC, or a module as `python -m` does."""
    if name == "dvc":
        sys.argv = ["dvc", *arguments]
        return int(import_module("dvc.cli").main(arguments))
    _, module, *rest = arguments
    sys.orig_argv = [sys.executable, *arguments]
    sys.path[:1] = [str(Path.cwd()), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.modules.pop("sitecustomize", None)
    with suppress(ModuleNotFoundError):
        import_module("sitecustomize")
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    import_packages(Path(sys.argv[1]))
    serve(Path(sys.argv[2]), int(sys.argv[3]))
