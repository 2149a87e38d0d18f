"""The files of the page: HTML, styles and ES modules, as a server gives them or one file has them.

Nothing is built: a browser runs the modules as they lie in the folder ``web``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path

from heatpump_twin.core import heat_pump

FOLDER = Path(__file__).with_name("web")

# What modules import by a name of its own, not by the place beside them.
IMPORTS = {
    "preact": "vendor/preact.js",
    "preact/hooks": "vendor/hooks.js",
    "htm": "vendor/htm.js",
    "heat_pump": "heat_pump.js",
}

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@cache
def web_files() -> dict[str, bytes]:
    """Return all files of the page but its HTML, by their names; texts with LF."""
    files = [f for f in sorted(FOLDER.rglob("*")) if f.suffix in _TYPES]
    found = {f.relative_to(FOLDER).as_posix(): f.read_bytes() for f in files}
    found["heat_pump.js"] = Path(heat_pump.__file__).with_suffix(".js").read_bytes()
    return {name: content.replace(b"\r\n", b"\n") for name, content in found.items()}


def media_type(name: str) -> str:
    """Return the media type of a file of the page."""
    return f"{_TYPES[Path(name).suffix]}; charset=utf-8"


@cache
def index(root: str) -> tuple[str, str]:
    """Return the HTML of the page that a server gives, and the policy for its content.

    Parameters
    ----------
    root : str
        Where the files of `web_files` are, as ``/web/``.
    """
    import_map = json.dumps({"imports": {name: root + place for name, place in IMPORTS.items()}})
    # Asked for at once, not one after the other as their imports are read.
    names = [name for name in web_files() if name.endswith(".js") and name not in _OTHER_PAGES]
    preloads = "\n".join(f'<link rel="modulepreload" href="{root}{name}">' for name in names)
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    html = html.replace("{{ import_map }}", import_map).replace("{{ preloads }}", preloads)
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'wasm-unsafe-eval' 'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return html, "; ".join(f"{name} {value}" for name, value in policy.items())


# Modules that the page of a server has no use for.
_OTHER_PAGES = ("one_file.js", "charts.js", "report.js")
