"""Install the wheel with its dependencies as a user does, and run the commands: `make wheel-check`.

Takes minutes for each Python, and needs a package index. Versions are not pinned here: this is what
a user gets today. The exit code is 1 when a step fails, or when no Python of the list is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.13")
COMMANDS = (
    ("init", "mine"),
    ("build", "mci_lab"),
    ("validate", "mci_lab", "--fmu", "out/mci_lab.fmu"),
    ("diagram", "mci_lab", "--point", "7", "--fmu", "out/mci_lab.fmu"),
    ("calibrate", "mci_lab"),
)
RESULTS = (
    "mine/descriptor.toml",
    "out/mci_lab.fmu",
    "out/mci_lab/report.html",
    "out/mci_lab_log_p_h_7.svg",
    "out/mci_lab.toml",
)


def find_python(version: str) -> str | None:
    """Give an interpreter of a version ("3.11") that runs, from PATH, uv or pyenv."""
    candidates = [shutil.which(f"python{version}"), sys.executable, shutil.which("python3")]
    if uv := shutil.which("uv"):
        candidates.append(_output(uv, "python", "find", "--no-python-downloads", version))
    if pyenv := shutil.which("pyenv"):
        versions = Path(_output(pyenv, "root") or "") / "versions"
        candidates += map(str, sorted(versions.glob(f"{version}.*/bin/python3")))
    # What pyenv puts into PATH is there for versions that it does not start, too.
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        if candidate and _output(candidate, "-c", asked) == version:
            return candidate
    return None


def _output(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def check(python: str, wheel: Path, folder: Path) -> bool:
    """Install the wheel into a fresh environment and run each command outside the clone."""
    environment = folder / "venv"
    work = folder / "work"
    work.mkdir(parents=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = (str(scripts / "python"), "-m", "pip", "--disable-pip-version-check")
    steps = {
        "venv": (python, "-m", "venv", str(environment)),
        "install": (*pip, "install", "--quiet", str(wheel)),
        **{words[0]: (str(scripts / "heatpump-twin"), *words) for words in COMMANDS},
    }
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    for name, command in steps.items():
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=work, env=variables, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        print(f"  {name}: exit {done.returncode}, {seconds:.0f} s", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            return False
    missing = [name for name in RESULTS if not (work / name).is_file()]
    if missing:
        print(f"  not written: {', '.join(missing)}")
    return not missing


def main() -> int:
    """Check each Python that is there; returns the exit code."""
    passed = []
    with tempfile.TemporaryDirectory(prefix="wheel_check_") as temporary:
        folder = Path(temporary)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
        subprocess.run(command, check=True)
        (wheel,) = folder.glob("*.whl")
        for version in PYTHONS:
            python = find_python(version)
            if python is None:
                print(f"Python {version}: skipped, none in PATH, uv or pyenv")
                continue
            print(f"Python {version}", flush=True)
            passed.append(check(python, wheel, folder / version))
    if not passed:
        print(f"failed: needs one of Python {', '.join(PYTHONS)}")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
