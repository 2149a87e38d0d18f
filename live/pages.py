"""The page itself, which asks the API for all that it shows."""

from __future__ import annotations

import gzip
from hashlib import sha256

from fastapi import FastAPI, Request
from starlette.responses import Response

from heatpump_twin.page.web_files import index, media_type, web_files

from .problems import Problem, shown

_ROOT = "/web/"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for each time, and answered with 304: a page never mixes two versions.
    "Cache-Control": "no-cache",
}


def add_pages(app: FastAPI) -> None:
    """Add the page and its files to the application."""
    tags = {name: f'"{sha256(content).hexdigest()[:32]}"' for name, content in web_files().items()}
    # Once, and not for each browser: it takes longer than all else of an answer.
    packed = {name: gzip.compress(content, 9, mtime=0) for name, content in web_files().items()}

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        html, policy = index(_ROOT)
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)

    @app.get(_ROOT + "{name:path}", include_in_schema=False)
    async def file(name: str, request: Request) -> Response:
        content = web_files().get(name)
        if content is None:
            raise Problem(404, "not-found", f"There is no {shown(request.url.path)}.")
        headers = {**_HEADERS, "ETag": tags[name], "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match", "").removeprefix("W/") == tags[name]:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = packed[name], "gzip"
        return Response(content, media_type=media_type(name), headers=headers)
