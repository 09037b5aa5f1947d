"""A server on 127.0.0.1 that answers each path as a test has scripted it, also badly."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Send the next scripted reply of the path, and repeat its last one."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Range")))
        self.server.credentials.append(self.headers.get("Authorization"))
        replies = self.server.replies[self.path] or [status(404)]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.close_connection = True
        reply(self)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the output of the tests clean."""

    def send(self, code: int, body: bytes, **headers: object) -> None:
        self.send_response(code)
        for key, value in ({"Content_Length": len(body)} | headers).items():
            self.send_header(key.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    @property
    def offset(self) -> int:
        """Return the offset at which the client wants to resume."""
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.requests: list[tuple[str, str | None]] = []
        self.credentials: list[str | None] = []
        self.closing = Event()

    def answer(self, path: str, *replies: Reply) -> str:
        """Script a path and return its address."""
        self.replies[path] = list(replies)
        return self.url(path)

    def url(self, path: str = "", credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.server_port}{path}"


@contextmanager
def running() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def whole(body: bytes, **headers: object) -> Reply:
    """Send all of it and ignore Range."""
    return lambda handler: handler.send(200, body, **headers)


def resumable(body: bytes) -> Reply:
    """Send what the client lacks."""

    def reply(handler: Handler) -> None:
        start = handler.offset
        if not handler.headers.get("Range"):
            handler.send(200, body)
        elif start >= len(body):
            handler.send(416, b"", Content_Range=f"bytes */{len(body)}")
        else:
            handler.send(206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")

    return reply


def cut(body: bytes, after: int) -> Reply:
    """Promise all of it, hang up half-way."""
    return lambda handler: handler.send(200, body[:after], Content_Length=len(body))


def stalled(body: bytes, after: int) -> Reply:
    """Promise all of it, fall silent half-way."""

    def reply(handler: Handler) -> None:
        handler.send(200, body[:after], Content_Length=len(body))
        handler.wfile.flush()
        handler.server.closing.wait(30)

    return reply


def elsewhere(body: bytes) -> Reply:
    """Answer a request to resume with bytes from another offset than the requested one."""
    return lambda handler: handler.send(206, body[1:], Content_Range=f"bytes 1-{len(body) - 1}/{len(body)}")


def status(code: int, **headers: object) -> Reply:
    return lambda handler: handler.send(code, b"no", **headers)


def slow(body: bytes) -> Reply:
    """Send all of it after a while."""

    def reply(handler: Handler) -> None:
        handler.server.closing.wait(0.2)
        handler.send(200, body)

    return reply


def redirect(url: str) -> Reply:
    return status(302, Location=url)


def locked(body: bytes, credentials: str) -> Reply:
    """Send it to those who know the (encoded) credentials."""

    def reply(handler: Handler) -> None:
        if handler.headers.get("Authorization") == f"Basic {credentials}":
            handler.send(200, body, Content_Type="text/html")
        else:
            handler.send(401, b"", WWW_Authenticate="Basic")

    return reply
