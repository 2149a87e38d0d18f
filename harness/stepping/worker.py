"""A process that hosts an FMU: reads a request, does it, and writes the response in one move.

Needs the standard library only, as `session`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def answer_request(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Do the work that the first argument of the command names, and write to the second."""
    request, response = Path(sys.argv[1]), Path(sys.argv[2])
    result = work(json.loads(request.read_text(encoding="utf-8")))
    partial = response.with_suffix(".partial")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(response)
