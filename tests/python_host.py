"""A host in Python, a process of its own, and what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from c_host import host_environment

TESTS = Path(__file__).resolve().parent


def run_python(code: str, **environment: str) -> Any:
    """Run code that can import `fmi_calls`; it has to end well. Gives its last line as JSON."""
    host = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{code}"],
        capture_output=True,
        text=True,
        env=host_environment(**environment),
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    return json.loads(host.stdout.splitlines()[-1])
