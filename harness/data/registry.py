"""Files of others that a data set needs and that are not ours to ship.

A descriptor states the SHA-256 of such a file, and where it can be had. Only a file with these very
bytes is used, wherever it comes from.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from heatpump_twin.cache import kept
from heatpump_twin.model.errors import InputError

from .fields import Strict, Text

#: Names a folder with such files, or folders below it, for work without a network.
DATA_VARIABLE = "HEATPUMP_TWIN_DATA"

_BLOCK = 1 << 20
_SHOWN = 12


class Registered(Strict):
    """A file of others: its SHA-256, its terms of use, and where it can be downloaded.

    Without `url` it has to be in the data set's folder or below ``HEATPUMP_TWIN_DATA``.
    """

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: Text
    url: Annotated[str, Field(pattern="^https?://")] | None = None


def fetch(name: str, registered: Registered, folder: Path) -> Path:
    """Find a registered file, or download it, and check its bytes.

    Looked for in the data set's folder, below ``HEATPUMP_TWIN_DATA`` and, if that is not set, in
    the cache, into which it is downloaded.

    Parameters
    ----------
    name : str
        Of the file, with ``/`` between folders.
    registered : Registered
        What it has to be.
    folder : Path
        Of the data set.

    Raises
    ------
    InputError
        If it is nowhere, cannot be downloaded, or has other bytes.
    """
    beside = folder / name
    if beside.is_file():
        return _checked(beside, registered)
    offline = os.environ.get(DATA_VARIABLE)
    if offline:
        path = Path(offline) / name
        if not path.is_file():
            raise InputError(
                f"data file {name}: is not ours to ship and is not in {offline}, which "
                f"{DATA_VARIABLE} names; put it there, or unset {DATA_VARIABLE} to download it"
                f"{_from(registered)}"
            )
        return _checked(path, registered)
    if registered.url is None:
        raise InputError(
            f"data file {name}: is not ours to ship, and no address of it is known; put it into "
            f"{folder}, or into a folder that {DATA_VARIABLE} names"
        )
    return _downloaded(name, registered)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _checked(path: Path, registered: Registered) -> Path:
    found = sha256_of(path)
    if found != registered.sha256:
        raise InputError(
            f"data file {path}: is not the registered one or was changed: SHA-256 "
            f"{found[:_SHOWN]}..., expected {registered.sha256[:_SHOWN]}..."
        )
    return path


def _downloaded(name: str, registered: Registered) -> Path:
    # They take half a second to import, and most runs download nothing.
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    folder = kept("data", registered.sha256[:_SHOWN])
    try:
        found = pooch.retrieve(
            registered.url,
            known_hash=f"sha256:{registered.sha256}",
            fname=name.rsplit("/", 1)[-1],
            path=folder,
            downloader=pooch.HTTPDownloader(timeout=60),
        )
    except ValueError as error:  # of pooch: the hash
        raise InputError(
            f"data file {name}: what {registered.url} gave is not the registered file: it was cut "
            f"off or changed; expected SHA-256 {registered.sha256[:_SHOWN]}...; nothing was kept"
        ) from error
    except (requests.RequestException, OSError) as error:
        raise InputError(
            f"data file {name}: cannot be downloaded from {registered.url}: {_reason(error)}; "
            f"without a network, {DATA_VARIABLE} names a folder that holds it"
        ) from error
    return Path(found)


def _reason(error: Exception) -> str:
    """What went wrong with a download, in a few words."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return " ".join(str(error).split())


def _from(registered: Registered) -> str:
    return f" from {registered.url}" if registered.url else ""
