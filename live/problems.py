"""Errors as problem documents (RFC 9457): what is wrong, where, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Fault:
    """One field of a request that cannot be used.

    Attributes
    ----------
    field : str
        Its place in the request, such as ``inputs.T_sink_in``.
    given : str
        What was there, as text.
    expected : str
        What would do.
    """

    field: str
    given: str
    expected: str


class Problem(Exception):  # noqa: N818  RFC 9457 calls it so
    """What a request cannot have, as its client is told.

    Parameters
    ----------
    status : int
        Of HTTP.
    kind : str
        Short name of the kind, the end of the document's ``type``.
    detail : str
        One or two sentences for a person.
    faults : sequence of Fault
        Fields of the request that are at fault.
    **more : Any
        Further members of the document.
    """

    def __init__(
        self, status: int, kind: str, detail: str, faults: Sequence[Fault] = (), **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.faults, self.more = tuple(faults), more

    def response(self) -> Response:
        """Return the document."""
        content = {
            "type": f"urn:heatpump-twin:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **({"errors": [asdict(f) for f in self.faults]} if self.faults else {}),
            **self.more,
        }
        return Response(json_bytes(content), self.status, media_type=MEDIA_TYPE)


def json_bytes(content: Any) -> bytes:
    """Write JSON that every reader takes: ASCII, and null for numbers that JSON does not have."""
    return json.dumps(finite(content), allow_nan=False).encode("ascii")


def finite(content: Any) -> Any:
    """Return the content with None for NaN and infinities."""
    if isinstance(content, float):
        return content if abs(content) < float("inf") else None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content


def shown(value: Any) -> str:
    """Write what a request gave, short."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
