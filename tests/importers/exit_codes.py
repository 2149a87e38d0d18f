"""Count how processes end that step an FMU: ``python exit_codes.py x.fmu --runs 200``.

With FMPy and with the host in C, each by the map and with TESPy at each step. Exits with 1 if a
process ended with anything but 0.
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


def count_exit_codes(fmu: Path, runs: int, live_runs: int) -> dict[str, Counter[int]]:
    """Give by host how many runs ended with which exit code."""
    counts: dict[str, Counter[int]] = {}
    answers: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="exit_codes_") as name:
        folder = Path(name)
        host, environment = compile_host(folder), host_environment()
        unzipped = Path(fmpy.extract(str(fmu), unzipdir=str(folder / "fmu")))
        for mode, count in (("map", runs), ("live", live_runs)):
            texts = {"solver": mode}
            code = (
                "import fmpy, sys\n"
                f"r = fmpy.simulate_fmu({str(unzipped)!r}, stop_time=60, start_values={texts!r})\n"
                f"assert r['operating_status'][-1] == 1 and ('tespy' in sys.modules) == "
                f"{mode == 'live'}"
            )

            def with_fmpy(code: str = code) -> int:
                command = [sys.executable, "-c", code]
                return subprocess.run(
                    command, capture_output=True, env=environment, check=False
                ).returncode

            def with_c(mode: str = mode, texts: dict[str, str] = texts) -> int:
                run = run_host(
                    host,
                    unzipped,
                    ["T_sink_in"],
                    ["P_el"],
                    [[308.0]],
                    texts=texts,
                    environment=environment,
                )
                answers.setdefault(mode, run.results)
                # The map is near TESPy's answer, but not equal to it.
                assert run.code or run.results == answers[mode], run.everything
                assert mode == "map" or run.results != answers["map"], run.everything
                return run.code

            hosts: dict[str, Callable[[], int]] = {"FMPy": with_fmpy, "C host": with_c}
            for host_name, run in hosts.items():
                codes = Counter(run() for _ in range(count))
                counts[f"{host_name}, {mode}"] = codes
                print(f"{host_name}, {mode}: {count} runs, exit codes {dict(codes)}", flush=True)
    return counts


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fmu", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--live-runs", type=int, default=200)
    arguments = parser.parse_args()
    counts = count_exit_codes(arguments.fmu, arguments.runs, arguments.live_runs)
    return int(any(set(codes) - {0} for codes in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
