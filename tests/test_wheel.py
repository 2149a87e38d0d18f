"""The wheel: its bytes, its content, and the commands where nothing but it is installed.

`make wheel-check` does the same with all dependencies from the package index.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore")
FOLDERS = ("fmu_src", "harness", "validation_data")
# Where the folders lie in the wheel.
PLACES = {
    "fmu_src/heatpump_twin": "heatpump_twin",
    "harness": "heatpump_twin/harness",
    "validation_data": "heatpump_twin/validation_data",
}


def copied(folder: Path, time: float) -> Path:
    """Copy what the archives are made of, as another clone at another time has it."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    for name in FOLDERS:
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=leave)
    # What earlier runs and builds leave behind.
    (folder / "harness" / "__pycache__").mkdir()
    (folder / "harness" / "__pycache__" / "cli.pyc").write_bytes(b"stale")
    (folder / "build" / "lib").mkdir(parents=True)
    (folder / "build" / "lib" / "stale.py").write_text("")
    for path in folder.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (time, time))
    return folder


def built(sources: Path, kind: str) -> Path:
    """Build an archive as pip does, by the project's build backend."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", sources / "dist"]
    variables = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(
        command, cwd=sources, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = (sources / "dist").glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("clone") / "first", 1_500_000_000)


@pytest.fixture(scope="module")
def wheel(clone: Path) -> Path:
    return built(clone, "wheel")


@pytest.fixture(scope="module")
def sdist(clone: Path) -> Path:
    return built(clone, "sdist")


def content() -> set[str]:
    """Names in the wheel of the clone's own files."""
    return {
        f"{place}/{path.relative_to(ROOT / source).as_posix()}"
        for source, place in PLACES.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.is_symlink()
    }


def test_the_tests_build_with_the_pinned_backend() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert requires == [f"hatchling=={version('hatchling')}"]


def test_equal_sources_give_equal_bytes(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    other = copied(tmp_path / "elsewhere" / "second", 1_700_000_000)
    for path in other.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)  # another umask
    assert built(other, "wheel").read_bytes() == wheel.read_bytes()
    assert built(other, "sdist").read_bytes() == sdist.read_bytes()


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    metadata = f"heatpump_twin-{version('heatpump-twin')}.dist-info"
    assert {name.split("/")[0] for name in names} == {"heatpump_twin", metadata}
    assert {name for name in names if not name.startswith(metadata)} == content()
    for needed in (
        "machine_files/shipped/mci_lab.toml",
        "machine_files/shipped/mci_lab.calibration.json",
        "validation_data/nist_split/data.csv",
        "fmu/slave.py",
        "fmu/fmi2.c",
        "core/heat_pump.h",
        "fmu/templates/icon.png",
        "harness/report/report.html.j2",
        "harness/data/templates/start.toml",
        "page/web/index.html",
        "page/web/app.js",
        "page/web/vendor/preact.js",
        "page/web/vendor/preact.LICENSE",
    ):
        assert f"heatpump_twin/{needed}" in names


def test_the_sdist_holds_each_file_once_and_makes_the_same_wheel(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path, filter="data")
    assert all(member.isfile() for member in members)
    names = [member.name.partition("/")[2] for member in members]
    assert len(names) == len(set(names))
    in_wheel = [
        f"{place}{name.removeprefix(source)}"
        for name in names
        for source, place in PLACES.items()
        if name.startswith(f"{source}/")
    ]
    assert sorted(in_wheel) == sorted(content())
    (unpacked,) = tmp_path.iterdir()
    assert built(unpacked, "wheel").read_bytes() == wheel.read_bytes()


def test_commands_run_where_only_the_wheel_is_installed(
    wheel: Path, fmu: Path, tmp_path: Path
) -> None:
    environment, work = tmp_path / "venv", tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True)
    packages = next((environment / "lib").glob("python*/site-packages"))
    # What else is installed here; a .pth file there, that of the clone, is not read.
    present = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "dependencies.pth").write_text("\n".join(present), encoding="utf-8")
    package = packages / "heatpump_twin"
    # Binds whom permissions bind; whom not, the comparison below finds.
    for path in [package, *package.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = state(package)
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"

    def run(*command: object) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=work,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    found = run(python, "-c", "import heatpump_twin.harness as h; print(h.__file__)")
    assert Path(found.strip()) == package / "harness" / "__init__.py"
    command = environment / "bin" / "heatpump-twin"
    run(command, "init", "mine")
    run(command, "build", "mci_lab")
    run(command, "diagram", "mci_lab", "--point", 7, "--fmu", "out/mci_lab.fmu")
    run(command, "validate", "rwth_brine_water")
    assert (work / "out" / "mci_lab.fmu").read_bytes() == fmu.read_bytes()
    assert (work / "mine" / "start.toml").is_file()
    assert (work / "out" / "mci_lab_log_p_h_7.svg").is_file()
    assert (work / "out" / "rwth_brine_water" / "report.html").is_file()
    assert state(package) == before


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }
