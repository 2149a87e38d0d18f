"""Count how processes end that step an FMU: ``python exit_codes.py x.fmu --runs 200``.

With FMPy and with the host in C. Exits with 1 if a process ended with anything but 0.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import fmpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from c_host import compile_host, host_environment, run_host


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fmu", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exit_codes_") as folder:
        unzipped = Path(fmpy.extract(str(arguments.fmu), unzipdir=str(Path(folder) / "fmu")))
        host = compile_host(Path(folder))
        code = f"import fmpy; fmpy.simulate_fmu({str(arguments.fmu)!r}, stop_time=60)"
        hosts: dict[str, Callable[[], int]] = {
            "FMPy": lambda: (
                subprocess.run(
                    [sys.executable, "-c", code],
                    capture_output=True,
                    env=host_environment(),
                    check=False,
                ).returncode
            ),
            "C host": lambda: run_host(host, unzipped, ["T_sink_in"], ["P_el"], [[308.0]]).code,
        }
        bad = 0
        for name, run in hosts.items():
            codes = Counter(run() for _ in range(arguments.runs))
            counts = ", ".join(f"exit code {code}: {n}" for code, n in sorted(codes.items()))
            print(f"{name}: {arguments.runs} runs, {counts}", flush=True)
            bad += arguments.runs - codes[0]
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
