"""Pinned files from the web: downloaded in parts that are kept, checked by their digest, and cached under it."""

import base64
import binascii
import email.utils
import hashlib
import logging
import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import httpx2
from filelock import FileLock
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random
from tqdm import tqdm
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import PyPIClient

from decortique.core.files import StageError

logger = logging.getLogger(__name__)
# It logs every address in full, with the query, where a signature or a token may stand.
logging.getLogger(httpx2.__name__).setLevel(logging.WARNING)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Pin:
    """The digest that a file's bytes must have."""

    algorithm: Literal["sha256", "integrity", "git-blob"]  # integrity: npm's SHA-512; git-blob: Git's SHA-1 of a file
    digest: str  # in hexadecimal, whatever the algorithm: it also names the file in the cache

    @classmethod
    def integrity(cls, text: str) -> "Pin":
        """Read npm's `sha512-<base64>`."""
        try:
            digest = base64.b64decode(text.removeprefix("sha512-"), validate=True)
        except binascii.Error:
            digest = b""
        if len(digest) != hashlib.sha512().digest_size:
            raise StageError(f"integrity {text} is no SHA-512 in base64: copy `dist.integrity` from the npm registry")
        return cls("integrity", digest.hex())

    def of(self, file: Path) -> "Pin":
        """Return the pin, of this one's algorithm, that the bytes of `file` would satisfy."""
        if self.algorithm == "git-blob":
            # Git hashes a header that holds the length, then the bytes. Its SHA-1 names the file; it does not sign it.
            digest = hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False)
        else:
            digest = hashlib.sha256() if self.algorithm == "sha256" else hashlib.sha512()
        with file.open("rb") as content:
            hashlib.file_digest(content, lambda: digest)
        return Pin(self.algorithm, digest.hexdigest())

    def check(self, file: Path, name: str) -> None:
        """Raise a StageError that calls `file` by the name, unless it has the pinned bytes."""
        actual = self.of(file)
        if actual != self:
            raise StageError(
                f"{name} has the wrong checksum: expected {self}, found {actual}: run it again; if that does not help, "
                "find out why the file changed before you change its pin"
            )

    def __str__(self) -> str:
        if self.algorithm == "integrity":
            return f"sha512-{base64.b64encode(bytes.fromhex(self.digest)).decode()}"
        return f"{self.algorithm} {self.digest}"


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often: half a minute in all rides out a restart."""

    attempts: int = 6
    wait: float = 1.0  # before the second attempt; doubled before each one after it
    longest_wait: float = 60.0  # also of what a server may ask for by Retry-After
    connect: float = 15.0
    silence: float = 60.0  # without one byte: the server has stalled


PATIENCE = Patience()


class Client(PyPIClient):
    """An HTTP client that retries, reads file:// addresses, and takes credentials from addresses and netrc.

    `unearth` reads package indexes with it; credentials in `index_urls` hold for other addresses of the same host.
    """

    def __init__(self, patience: Patience, *, index_urls: Iterable[str] = (), **options: Any) -> None:
        timeout = httpx2.Timeout(patience.silence, connect=patience.connect)
        super().__init__(timeout=timeout, follow_redirects=True, **options)
        self.auth = MultiDomainBasicAuth(prompting=False, index_urls=index_urls)
        self.patience = patience

    def get(self, url: httpx2.URL | str, **options: Any) -> httpx2.Response:
        """Return the response of the first attempt that succeeds; raise `httpx2.HTTPError` if none does."""
        return self.retry(lambda: super(Client, self).get(url, **options).raise_for_status())

    def retry(self, attempt: Callable[[], Result]) -> Result:
        """Call `attempt` until it returns, as long as its failures are ones that pass."""
        patience = self.patience
        # Jitter keeps the machines of a class, started at the same minute, from coming back all at once.
        backoff = wait_exponential(patience.wait, patience.longest_wait) + wait_random(0, patience.wait)

        def wait(state: RetryCallState) -> float:
            asked = _retry_after(state)
            return backoff(state) if asked is None else min(asked, patience.longest_wait)

        stop, retry = stop_after_attempt(patience.attempts), retry_if_exception(_is_temporary)
        return Retrying(stop=stop, retry=retry, wait=wait, before_sleep=_log, reraise=True)(attempt)


REMEDIES = dict.fromkeys([401, 403, 407], "check your credentials for it (in the address, or in netrc)")
REMEDIES |= {429: "wait a while, then run it again"}


def public(url: object) -> str:
    """Return an address without what may be secret: credentials, and the query that signs it."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return "an address that cannot be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def explain(error: httpx2.HTTPError) -> str:
    """Return in one line which address failed, how, and what can be done."""
    match error:
        case httpx2.HTTPStatusError(response=response):
            status = response.status_code
            remedy = REMEDIES.get(status, "run it again later" if status >= 500 else "check the address")
            reason = f"the server answers {status} {response.reason_phrase}: {remedy}"
        case httpx2.TimeoutException():
            reason = "no answer in time (time-out): check the network and the proxy, then run it again"
        case httpx2.ConnectError() if _is_certificate(error):
            reason = f"its certificate is refused ({error}): set SSL_CERT_FILE, or pip's `cert`, to your authority's"
        case httpx2.ConnectError() | httpx2.ProxyError():
            reason = f"no connection ({error}): check the address, the network and the proxy, then run it again"
        case httpx2.NetworkError() | httpx2.RemoteProtocolError():
            reason = f"the transfer broke off ({error}): run it again, a download continues where it stopped"
        case _:
            reason = f"{error}: check the address"
    return f"{public(error.request.url)}: {reason}"


def _is_temporary(error: BaseException) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        status = error.response.status_code
        return status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500
    lasting = isinstance(error, httpx2.UnsupportedProtocol) or _is_certificate(error)
    return isinstance(error, httpx2.TransportError) and not lasting


def _is_certificate(error: BaseException | None) -> bool:
    """Look for a refused certificate among the causes of `error`: the client wraps it in two of its own."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(state: RetryCallState) -> float | None:
    """Return the seconds for which the server asked by Retry-After, which holds a number or a date."""
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
    if state.outcome and isinstance(error := state.outcome.exception(), httpx2.HTTPError):
        logger.warning("%s; trying again in %.0f s", explain(error).rpartition(": ")[0], state.upcoming_sleep)


DOWNLOADS = "DECORTIQUE_DOWNLOADS"  # the environment variable by which copies of the project share a cache
CACHE = Path(os.environ.get(DOWNLOADS, ".cache/downloads"))


def cached(pin: Pin, cache: Path) -> Path | None:
    """Return the file of `cache` that has the pinned bytes, if it is there; delete one that is corrupt."""
    file = cache / pin.digest
    if file.exists() and pin.of(file) != pin:
        logger.warning("%s is corrupt: its bytes no longer have the checksum that names it; fetching it anew", file)
        file.unlink()
    return file if file.exists() else None


def download(url: str, pin: Pin, cache: Path, client: Client) -> Path:
    """Return the file of `cache` with the pinned bytes of `url`; raise a StageError or an `httpx2.HTTPError`."""
    cache.mkdir(parents=True, exist_ok=True)
    # Two stages may want the same file at once; the second finds it finished.
    with FileLock(cache / f"{pin.digest}.lock"):
        if file := cached(pin, cache):
            return file
        logger.info("downloading %s", public(url))
        part = cache / f"{pin.digest}.part"
        resumed = part.exists()
        client.retry(lambda: _append(url, part, pin, client))
        if resumed and pin.of(part) != pin:
            logger.warning("%s: what an earlier run left does not fit what follows; starting over", public(url))
            part.unlink()
            client.retry(lambda: _append(url, part, pin, client))
        try:
            pin.check(part, public(url))
        except StageError:
            part.unlink()
            raise
        return part.replace(cache / pin.digest)


def _append(url: str, part: Path, pin: Pin, client: Client) -> None:
    """Append to `part` what it lacks of `url`."""
    offset = part.stat().st_size if part.exists() else 0
    if offset and pin.of(part) == pin:
        return  # the run that wrote its last byte did not live to rename it
    # Compressed on the way, the bytes would be others than the pinned ones, and could not be resumed.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    with client.stream("GET", url, headers=headers) as response:
        partial = response.status_code == HTTPStatus.PARTIAL_CONTENT
        fits = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        if offset and (not fits if partial else response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
            part.unlink()
            raise httpx2.RemoteProtocolError("resuming was refused", request=response.request)
        response.raise_for_status()
        if not partial:
            offset = 0  # a server that ignores Range sends the whole file
        length = int(response.headers.get("Content-Length", 0))
        title, total = Path(public(url)).name, offset + length or None
        # `disable=None` is silent where no one watches: not a terminal.
        bar = tqdm(desc=title, initial=offset, total=total, unit="B", unit_scale=True, leave=False, disable=None)
        with part.open("ab" if offset else "wb") as file, bar:
            for chunk in response.iter_raw():
                file.write(chunk)
                bar.update(len(chunk))
