"""The faults of pythonfmu that docs/upstream reports are there: what works around them stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

FOLDER = ROOT / "docs" / "upstream"
SEGMENTATION_FAULT = -11

# A host that makes and frees instances of one file.
AGAIN = """
import fmpy
folder = fmpy.extract("Slave.fmu")
for _ in range(3):
    fmpy.simulate_fmu(folder, stop_time=1.0)
"""


def page(number: int) -> str:
    (file,) = FOLDER.glob(f"{number}-*.md")
    return file.read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def slave(line: str) -> str:
    (text,) = code((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert text.count("        ...\n") == 1
    return text.replace("        ...\n", f"        {line}\n")


def built(folder: Path, *files: str) -> None:
    command = "from pythonfmu.__main__ import cli_main; cli_main()"
    run([sys.executable, "-c", command, "build", "-f", *files], folder, check=True)


def run(
    command: list[str], folder: Path, check: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=check,
        errors="replace",
    )


@pytest.mark.parametrize("number", [2, 4, 5])
def test_the_code_of_a_report_shows_its_fault(number: int, tmp_path: Path) -> None:
    text = page(number)
    line = re.search(r"overview\]\(README\.md\) and `(.+?)` as its line", text)
    (tmp_path / "slave.py").write_text(slave(line[1] if line else "pass"), encoding="utf-8")
    built(tmp_path, "slave.py")
    (reproduce,) = code(text)
    reproduce = reproduce.replace("/tmp/ü", str(tmp_path / "ü"))
    done = run([sys.executable, "-c", reproduce], tmp_path, PYTHONMALLOC="debug")
    if number == 4:
        assert "value is %s and 85% of it" not in done.stdout
        assert re.search(r"value is .* and 85", done.stdout) or done.returncode < 0
    else:
        assert done.returncode == SEGMENTATION_FAULT, done.stdout + done.stderr


def test_the_dictionary_of_a_module_is_lost(tmp_path: Path) -> None:
    outer, end = code(page(6))
    inner = slave("pass")
    place = '        self.register_variable(Real("x", causality=Fmi2Causality.output))\n'
    assert place in inner
    (tmp_path / "outer.py").write_text(outer, encoding="utf-8")
    (tmp_path / "inner.py").write_text(
        "import sys\n\n" + inner.replace(place, place + end), encoding="utf-8"
    )
    built(tmp_path, "outer.py", "inner.py")
    done = run([sys.executable, "-c", AGAIN], tmp_path)
    assert done.stdout.split()[:1] == ["2"]
    assert done.returncode == SEGMENTATION_FAULT
