"""The pages of docs/import: their Python runs as it stands, their links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from importers import with_tbb

FOLDER = ROOT / "docs" / "import"
PAGES = sorted(FOLDER.rglob("*.md"))
PYTHON = {
    page.name: block
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
}


def test_three_tools_have_python_that_runs() -> None:
    assert sorted(PYTHON) == ["ecos.md", "fmpy.md", "libcosim.md"]


@pytest.mark.parametrize("page", PYTHON)
def test_python_of_a_page(page: str, fmu: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    shutil.copy(fmu, tmp_path / "out" / "mci_lab.fmu")
    done = subprocess.run(
        [sys.executable, "-c", PYTHON[page]],
        cwd=tmp_path,
        env=with_tbb(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_and_index() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page, target)
        if page.name != "README.md":
            assert f"({page.name})" in index, page
    for page in [p for p in PAGES if p.name != "README.md"]:
        state = page.read_text(encoding="utf-8")
        assert "ested at each change**" in state or "**Not tested" in state or "cannot" in state
