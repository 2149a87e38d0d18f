"""Pages in one file that need no server and no network: the twin, and the figures of a report.

Modules and what they show are one compressed text. A browser unpacks it and gives itself the
modules by an import map of ``data:`` addresses, which works in a file that was opened from a disk.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from heatpump_twin.core.compiling import WEB, compiled_core
from heatpump_twin.map_making.certificate import Certificate
from heatpump_twin.model.machine import Machine

from .kept_diagram import kept_log_p_h
from .twin import twin
from .web_files import IMPORTS, web_files

# Modules of the page that a server gives, and of the figures of a report.
_OF_SERVER = ("main.js", "session.js", "series.js", "records.js")
_OF_REPORT = (
    *("charts.js", "log_p_h.js", "report.js"),
    *("texts.js", "ui.js", "units.js", "view.js"),
)
_ONLY_OF_REPORT = ("charts.js", "report.js")
# Libraries of the figures of a report; the core is not among them.
_LIBRARIES_OF_REPORT = ("preact", "preact/hooks", "htm")

# What such a page may load: nothing from anywhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' data:; "
    "style-src 'unsafe-inline'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)

# Unpacks the text, and starts the modules in it.
_START = """
(async () => {
  const place = document.getElementById("%(place)s");
  try {
    const packed = Uint8Array.from(atob(document.getElementById("%(content)s").textContent),
      (c) => c.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const content = JSON.parse(await new Response(unpacked).text());
    const map = document.createElement("script");
    map.type = "importmap";
    map.textContent = JSON.stringify({ imports: Object.fromEntries(
      Object.entries(content.modules).map(([name, text]) =>
        [name, "data:text/javascript;charset=utf-8," + encodeURIComponent(text)])) });
    document.head.append(map);
    const { start } = await import("twin/%(module)s");
    start(content, place);
  } catch (error) {
    place.insertAdjacentText("afterbegin", "This browser cannot run the page: " + error.message);
  }
})();
"""


_CONTENT = re.compile(r'<script type="text/plain" id="twin-content">([A-Za-z0-9+/=]*)</script>')


def twin_style() -> str:
    """Return the style sheet of the twin."""
    return web_files()["style.css"].decode()


def twin_page(documentation: str) -> str | None:
    """Return a page that has nothing but an FMU's twin in it, in the colours of what it is in.

    Core, map and diagram are those that the FMU carries, so nothing is compiled or worked out.

    Parameters
    ----------
    documentation : str
        The FMU's ``documentation/index.html``.

    Returns
    -------
    str or None
        HTML; None if there is no twin in it, or one with other modules than those of this package:
        scripts of a stranger are not passed on.
    """
    packed = _CONTENT.search(documentation)
    if packed is None:
        return None
    try:
        parts = json.loads(gzip.decompress(base64.b64decode(packed[1])))
        if parts["modules"] != _twin_modules():
            return None
        title = str(parts["machine"]["title"])
    except (ValueError, OSError, EOFError, KeyError, TypeError):
        return None
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>\n{twin_style()}</style>\n</head>\n"
        f'<body>\n<div id="app"></div>\n{_scripts(parts)}\n</body>\n</html>\n'
    )


def twin_scripts(machine: Machine, certificate: Certificate, content: bytes) -> str:
    """Return the scripts that show a machine in the element ``app`` of a page.

    Parameters
    ----------
    machine : Machine
        The machine.
    certificate : Certificate
        Of its map.
    content : bytes
        The map file.

    Returns
    -------
    str
        HTML. Equal machines and equal code give equal text.
    """
    parts = {
        "modules": _twin_modules(),
        "machine": twin(machine, certificate),
        "diagram": kept_log_p_h(machine),
        "map": _text(content),
        "wasm": _text(compiled_core(WEB).read_bytes()),
    }
    return _scripts(parts)


def report_scripts(data: dict[str, Any]) -> str:
    """Return the scripts that draw the figures of a report in the element ``report`` of a page.

    Parameters
    ----------
    data : dict
        What the module ``report.js`` draws, ready for JSON.

    Returns
    -------
    str
        HTML.
    """
    files = web_files()
    modules = _modules(_OF_REPORT) | {
        name: files[IMPORTS[name]].decode() for name in _LIBRARIES_OF_REPORT
    }
    return _packed({"modules": modules, "data": data}, "report", "report-content", "report.js")


def _scripts(parts: dict[str, Any]) -> str:
    return _packed(parts, "app", "twin-content", "one_file.js")


def _packed(parts: dict[str, Any], place: str, content: str, module: str) -> str:
    packed = gzip.compress(_json(parts), 9, mtime=0)
    start = _START % {"place": place, "content": content, "module": module}
    return (
        f'<script type="text/plain" id="{content}">{_text(packed)}</script>\n'
        f"<script>{start}</script>"
    )


def _twin_modules() -> dict[str, str]:
    files = web_files()
    others = {*_OF_SERVER, *_ONLY_OF_REPORT, *IMPORTS.values()}
    own = [name for name in files if name.endswith(".js") and name not in others]
    return {name: files[place].decode() for name, place in IMPORTS.items()} | _modules(own)


def _modules(names: Iterable[str]) -> dict[str, str]:
    """Texts of modules by the name under which they import each other here."""
    files = web_files()
    # A module at a data: address has no place beside which others lie.
    return {
        f"twin/{name}": re.sub(r'(from ")\./', r"\1twin/", files[name].decode()) for name in names
    }


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
