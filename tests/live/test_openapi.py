"""What the OpenAPI document allows and forbids, sent to a real server by Schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from server import running

# Seconds for requests without a past, and for chains of requests that follow from each other.
TIME = 25


def test_no_request_that_the_document_describes_breaks_the_server(
    fmu: Path, tmp_path: Path
) -> None:
    with running(tmp_path / "data", "--sessions", "20") as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{server.server.address}/api/openapi.json",
            *("--checks", "not_a_server_error", "--phases", "coverage,fuzzing,stateful"),
            *("--max-time", str(TIME), "--request-timeout", "20", "--max-response-time", "20"),
            # It does not end by itself.
            *("--exclude-path", "/api/sessions/{session}/stream"),
            *("--seed", "15", "--suppress-health-check", "all", "--no-color"),
            *("--generation-database", "none", "--warnings", "off"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=4 * TIME, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        # It still answers.
        assert server.ask("GET", "/api")["machines"] == ["mci_lab"]
