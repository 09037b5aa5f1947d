"""Downloads a file into the cache, where its digest names it: once, and from where an earlier run stopped."""

import logging
from http import HTTPStatus
from pathlib import Path

import httpx2
from filelock import FileLock
from tqdm import tqdm

from stages.errors import StageError
from stages.sources.pins import Pin
from stages.sources.web import Client, shown

logger = logging.getLogger(__name__)

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
