"""Fetching over the web, in parts that are kept."""

import email.utils
import logging
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from filelock import FileLock
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random
from tqdm import tqdm
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import PyPIClient

from decortique.core.errors import StageError
from decortique.data.pins import Pin

logger = logging.getLogger(__name__)
# It logs every address in full, with the query, where a signature or a token may stand.
logging.getLogger(httpx2.__name__).setLevel(logging.WARNING)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to come back.

    The defaults wait half a minute in all, which rides out a restart, and give up on a server that is gone.
    """

    attempts: int = 6
    wait: float = 1.0  # before the second attempt; doubled before each one after it
    longest_wait: float = 60.0  # also of what a server may ask for by Retry-After
    connect: float = 15.0
    silence: float = 60.0  # without one byte: the server has stalled


PATIENCE = Patience()


class Client(PyPIClient):
    """An HTTP client that also reads file:// addresses, and credentials from addresses and netrc.

    It is also what the `unearth` library reads package indexes with. `index_urls` are those whose credentials
    hold for other addresses of the same host.
    """

    def __init__(self, patience: Patience, *, index_urls: Iterable[str] = (), **options: Any) -> None:
        timeout = httpx2.Timeout(patience.silence, connect=patience.connect)
        super().__init__(timeout=timeout, follow_redirects=True, **options)
        self.auth = MultiDomainBasicAuth(prompting=False, index_urls=index_urls)
        self.patience = patience

    def get(self, url: httpx2.URL | str, **options: Any) -> httpx2.Response:
        """Gives the response of the first attempt that succeeds; raises `httpx2.HTTPError` if none does."""

        def attempt() -> httpx2.Response:
            return super(Client, self).get(url, **options).raise_for_status()

        return self.patiently(attempt)

    def patiently(self, attempt: Callable[[], Result]) -> Result:
        """Calls `attempt` until it returns, as long as its failures are ones that pass."""
        retrying = Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_attempt(self.patience.attempts),
            wait=_wait(self.patience),
            before_sleep=_log,
            reraise=True,
        )
        return retrying(attempt)


def shown(url: object) -> str:
    """Gives `url` without what may be secret: credentials, and the query that signs it."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return "an address that cannot be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def explain(error: httpx2.HTTPError) -> str:
    """Says in one line which address failed, how, and what can be done."""
    return f"{shown(error.request.url)}: {_reason(error)}"


def _reason(error: httpx2.HTTPError) -> str:
    match error:
        case httpx2.HTTPStatusError(response=response):
            return (
                f"the server answers {response.status_code} {response.reason_phrase}: {_remedy(response.status_code)}"
            )
        case httpx2.TimeoutException():
            return "no answer in time (time-out): check the network and the proxy, then run it again"
        case httpx2.ConnectError() if _is_certificate(error):
            return f"its certificate is refused ({error}): set SSL_CERT_FILE, or pip's `cert`, to your authority's"
        case httpx2.ConnectError() | httpx2.ProxyError():
            return f"no connection ({error}): check the address, the network and the proxy, then run it again"
        case httpx2.NetworkError() | httpx2.RemoteProtocolError():
            return f"the transfer broke off ({error}): run it again, a download continues where it stopped"
        case _:
            return f"{error}: check the address"


def _remedy(status: int) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return "check your credentials for it (in the address, or in netrc)"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "wait a while, then run it again"
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "run it again later"
        case _:
            return "check the address"


def _passes(error: BaseException) -> bool:
    """Tells a failure of the moment from one that will be the same next time."""
    if isinstance(error, httpx2.HTTPStatusError):
        status = error.response.status_code
        return status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500
    lasting = isinstance(error, httpx2.UnsupportedProtocol) or _is_certificate(error)
    return isinstance(error, httpx2.TransportError) and not lasting


def _is_certificate(error: BaseException | None) -> bool:
    """Looks for a refused certificate among the causes of `error`: the client wraps it in two of its own."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _wait(patience: Patience) -> Callable[[RetryCallState], float]:
    # Jitter keeps the machines of a class, started at the same minute, from coming back all at once.
    backoff = wait_exponential(patience.wait, patience.longest_wait) + wait_random(0, patience.wait)

    def wait(state: RetryCallState) -> float:
        asked = _retry_after(state)
        return backoff(state) if asked is None else min(asked, patience.longest_wait)

    return wait


def _retry_after(state: RetryCallState) -> float | None:
    """The seconds for which the server asked by Retry-After, which holds a number or a date."""
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, httpx2.HTTPStatusError):
        return None
    value = error.response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, httpx2.HTTPError):
        logger.warning("%s; trying again in %.0f s", explain(error).rpartition(": ")[0], state.upcoming_sleep)


CACHE = Path(".cache/downloads")


def cached(pin: Pin, cache: Path) -> Path | None:
    """Gives the file of `cache` that has the pinned bytes, if it is there; deletes one that is corrupt."""
    file = cache / pin.digest
    if not file.exists():
        return None
    if pin.of(file) == pin:
        return file
    logger.warning("%s is corrupt: its bytes no longer have the checksum that names it; fetching it anew", file)
    file.unlink()
    return None


def download(url: str, pin: Pin, cache: Path, client: Client) -> Path:
    """Gives the file of `cache` that holds the bytes of `url`.

    Raises:
        StageError: the bytes are not the pinned ones.
        httpx2.HTTPError: the server cannot be reached, refuses, or gives up half-way.
    """
    cache.mkdir(parents=True, exist_ok=True)
    # Two stages may want the same file at once; the second finds it finished.
    with FileLock(cache / f"{pin.digest}.lock"):
        return cached(pin, cache) or _download(url, pin, cache, client)


def _download(url: str, pin: Pin, cache: Path, client: Client) -> Path:
    logger.info("downloading %s", shown(url))
    part = cache / f"{pin.digest}.part"
    resumed = part.exists()
    client.patiently(lambda: _stream(url, part, pin, client))
    if resumed and pin.of(part) != pin:
        logger.warning("%s: what an earlier run left does not fit what follows; starting over", shown(url))
        part.unlink()
        client.patiently(lambda: _stream(url, part, pin, client))
    try:
        pin.check(part, shown(url))
    except StageError:
        part.unlink()
        raise
    return part.replace(cache / pin.digest)


def _stream(url: str, part: Path, pin: Pin, client: Client) -> None:
    """Appends to `part` what it lacks of `url`."""
    offset = part.stat().st_size if part.exists() else 0
    if offset and pin.of(part) == pin:
        return  # the run that wrote its last byte did not live to rename it
    # Compressed on the way, the bytes would be others than the pinned ones, and could not be resumed.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    with client.stream("GET", url, headers=headers) as response:
        if offset and _cannot_resume(response, offset):
            part.unlink()
            raise httpx2.RemoteProtocolError("resuming was refused", request=response.request)
        response.raise_for_status()
        if response.status_code != HTTPStatus.PARTIAL_CONTENT:
            offset = 0  # a server that ignores Range sends the whole file
        length = int(response.headers.get("Content-Length", 0))
        with (
            part.open("ab" if offset else "wb") as file,
            tqdm(
                desc=Path(shown(url)).name,
                initial=offset,
                total=offset + length or None,
                unit="B",
                unit_scale=True,
                leave=False,
                disable=None,  # silent where no one watches: not a terminal
            ) as progress,
        ):
            for chunk in response.iter_raw():
                file.write(chunk)
                progress.update(len(chunk))


def _cannot_resume(response: httpx2.Response, offset: int) -> bool:
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        return not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
    return response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
