"""Imports point down the rooms of the house, and docs/architecture.md says what is true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT

import heatpump_twin

PACKAGE = "heatpump_twin"
HOUSE = ROOT / "fmu_src" / PACKAGE
PAGE = ROOT / "docs" / "architecture.md"

# From below to above. Rooms of one line stand side by side and do not know each other.
LAYERS = (
    ("model",),
    ("running",),
    ("cache", "outputs"),
    ("core",),
    ("solving",),
    ("machine_files", "map_making"),
    ("page",),
    ("fmu",),
    ("harness.errors", "harness.progress"),
    ("harness.data", "harness.stepping"),
    ("harness.calibration",),
    ("harness.scoring",),
    ("harness.drawing",),
    ("harness.report",),
    ("live",),
    ("harness.cli",),
    ("harness.entry",),
    ("benchmarks",),
    # The package itself: names of the Python interface, imported when they are asked for.
    ("heatpump_twin",),
)
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
# Folders beside the package that links make part of it.
LINKED = ("harness", "live")
# The package inside an FMU has another name.
IN_FMU = ("model", "core", "solving")


class Import(NamedTuple):
    """A room that a module imports; `is_relative` as it is written there."""

    module: str
    line: int
    target: str
    is_relative: bool


def module_of(file: Path) -> str:
    """Dotted name of a source file: ``heatpump_twin.model.machine``, ``benchmarks.steps``."""
    relative = file.relative_to(HOUSE.parent if file.is_relative_to(HOUSE) else ROOT)
    name = ".".join(relative.with_suffix("").parts)
    return f"{PACKAGE}.{name}" if name.startswith(LINKED) else name


def room_of(module: str) -> str:
    """The room in which a module lies; a module that lies in none is a room of its own.

    The package itself is the room "heatpump_twin", the harness itself "harness".
    """
    parts = module.removesuffix(".__init__").split(".")
    if parts[0] != PACKAGE:
        return parts[0]
    # `from heatpump_twin import validate` asks the package itself, and no room of that name.
    if len(parts) == 1 or parts[1] in heatpump_twin.__all__:
        return PACKAGE
    return ".".join(parts[1 : 3 if parts[1:2] == ["harness"] else 2])


def imports_of(module: str, text: str) -> Iterator[Import]:
    """Imports of a module's text wherever they stand, in functions and for types too."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name, False)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            # `from heatpump_twin import model`: the names may be rooms.
            for alias in node.names:
                yield Import(module, node.lineno, f"{origin}.{alias.name}", bool(node.level))
        # Modules that are started or loaded by name.
        elif isinstance(node, ast.Constant) and re.fullmatch(
            rf"{PACKAGE}(\.\w+)+", str(node.value)
        ):
            yield Import(module, node.lineno, str(node.value), False)


def crossings(module: str, text: str) -> Iterator[tuple[Import, str, str]]:
    """Imports from one room into another, with both rooms."""
    room = room_of(module)
    for found in imports_of(module, text):
        if found.target.split(".")[0] in (PACKAGE, "benchmarks"):
            target = room_of(found.target)
            # `import heatpump_twin` alone asks for nothing that the package imports.
            if target not in (room, "harness") and found.target != PACKAGE:
                yield found, room, target


def upward_imports(module: str, text: str) -> list[str]:
    """One line for each import that does not point down."""
    return [
        f"{module}, line {found.line}: {room} imports {target}, which does not stand below it"
        for found, room, target in crossings(module, text)
        if HEIGHT.get(target, len(LAYERS)) >= HEIGHT[room]
    ]


def sources() -> dict[str, str]:
    files = [
        *(f for f in HOUSE.rglob("*.py") if f.relative_to(HOUSE).parts[0] not in LINKED),
        *(f for folder in LINKED for f in (ROOT / folder).rglob("*.py")),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]
    return {module_of(file): file.read_text(encoding="utf-8") for file in sorted(files)}


def test_each_module_lies_in_a_room_with_a_layer() -> None:
    rooms = {room_of(module) for module in sources()} - {"harness"}
    assert rooms == set(HEIGHT), "name new rooms in LAYERS and in docs/architecture.md"


def test_packages_around_rooms_import_nothing() -> None:
    for module, text in sources().items():
        if room_of(module) == "harness":
            assert not list(imports_of(module, text)), module


def test_the_package_imports_its_rooms_for_type_checkers_only() -> None:
    text = sources()[f"{PACKAGE}.__init__"]
    crossed = {target for _, _, target in crossings(f"{PACKAGE}.__init__", text)}
    assert {"model", "fmu", "harness.scoring"} <= crossed
    always = [node for node in ast.parse(text).body if not isinstance(node, ast.If)]
    for found in imports_of(f"{PACKAGE}.__init__", ast.unparse(ast.Module(always, []))):
        assert not found.target.startswith(PACKAGE), found


def test_imports_point_down() -> None:
    modules = sources()
    assert len(modules) > 50
    upward = [line for module, text in modules.items() for line in upward_imports(module, text)]
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize(
    ("module", "text", "room", "target"),
    [
        ("heatpump_twin.model.machine", "from heatpump_twin.fmu.build import x", "model", "fmu"),
        ("heatpump_twin.model.machine", "from ..solving.cycle import x", "model", "solving"),
        ("heatpump_twin.model.machine", "from .. import core", "model", "core"),
        ("heatpump_twin.core.layout", "import heatpump_twin.fmu.slave", "core", "fmu"),
        (
            "heatpump_twin.map_making.jobs",
            "def f():\n    from heatpump_twin.machine_files import machine_file",
            "map_making",
            "machine_files",
        ),
        (
            "heatpump_twin.solving.cycle",
            "if TYPE_CHECKING:\n    from heatpump_twin.map_making.jobs import Jobs",
            "solving",
            "map_making",
        ),
        (
            "heatpump_twin.harness.scoring.scores",
            "from ..report.tables import Table",
            "harness.scoring",
            "harness.report",
        ),
        (
            "heatpump_twin.harness.data.datasets",
            "from .. import cli",
            "harness.data",
            "harness.cli",
        ),
        (
            "heatpump_twin.fmu.build",
            "run('-m', 'heatpump_twin.harness.stepping.conformance')",
            "fmu",
            "harness.stepping",
        ),
        ("heatpump_twin.harness.cli", "import benchmarks.steps", "harness.cli", "benchmarks"),
        ("heatpump_twin.fmu.build", "from heatpump_twin import validate", "fmu", "heatpump_twin"),
        ("heatpump_twin.model.machine", "from .. import Machine", "model", "heatpump_twin"),
    ],
)
def test_an_import_turned_round_is_found(module: str, text: str, room: str, target: str) -> None:
    line = text.count("\n") + 1
    assert upward_imports(module, text) == [
        f"{module}, line {line}: {room} imports {target}, which does not stand below it"
    ]
    assert not upward_imports("benchmarks.steps", "from heatpump_twin.harness import cli")


def test_what_the_fmu_carries_imports_relatively() -> None:
    for module, text in sources().items():
        if room_of(module) in IN_FMU or module == "heatpump_twin.fmu.slave":
            for found, _, _ in crossings(module, text):
                assert found.is_relative, f"{module}, line {found.line}: {found.target}"


def test_c_includes_point_from_fmu_to_core_only() -> None:
    headers = {file.name: file.parent.name for file in HOUSE.rglob("*.h")}
    crossing = set()
    for file in [*HOUSE.rglob("*.c"), *HOUSE.rglob("*.h")]:
        for name in re.findall(r'#include "([^"]+)"', file.read_text(encoding="utf-8")):
            # Others are those of FMI.
            if name in headers and headers[name] != file.parent.name:
                crossing.add((file.parent.name, headers[name]))
    assert crossing == {("fmu", "core")}


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    assert f"\n## {title}\n" in text
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def rooms_on_the_page() -> dict[str, list[str]]:
    """Room to what it may import, in the order of the page."""
    rooms: dict[str, list[str]] = {}
    for line in section("Rooms").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and quoted(cells[0]):
            allowed = list(rooms) if cells[2].startswith("all rooms above") else quoted(cells[2])
            rooms[quoted(cells[0])[0]] = allowed
    return rooms


def test_the_page_names_each_room_and_no_other() -> None:
    rooms = rooms_on_the_page()
    assert set(rooms) == set(HEIGHT)
    for room, allowed in rooms.items():
        assert all(HEIGHT[other] < HEIGHT[room] for other in allowed), room


def test_rooms_import_what_the_page_allows() -> None:
    rooms = rooms_on_the_page()
    for module, text in sources().items():
        for found, room, target in crossings(module, text):
            assert target in rooms[room], f"{module}, line {found.line}: {room} imports {target}"


def test_places_of_changes_exist() -> None:
    places = [word for word in quoted(section("Where a change belongs")) if "/" in word]
    assert len(places) > 10
    for place in places:
        assert (ROOT / place).exists(), place


def is_defined(name: str, file: Path, text: str) -> bool:
    if file.suffix == ".py":
        return re.search(rf"^\s*(def|class) {name}\b", text, re.MULTILINE) is not None
    return re.search(rf"^[\w\s*]*\b{name}\([^;]*\{{", text, re.MULTILINE) is not None


@pytest.mark.parametrize("title", ["machine parameter", "input of the FMU", "recorded reading"])
def test_files_and_functions_of_the_walks_exist(title: str) -> None:
    text = section("Three data on their way")
    (walk,) = [part for part in text.split("\n### ")[1:] if title in part.splitlines()[0]]
    words = quoted(walk)
    assert len(words) > 8
    file, content = ROOT, ""
    for word in words:
        if "/" in word:
            file = ROOT / word
            assert file.is_file(), word
            content = file.read_text(encoding="utf-8")
        elif word.endswith("()"):
            assert is_defined(word[:-2], file, content), f"{word} in {file}"
        else:
            assert re.search(rf"\b{re.escape(word)}\b", content), f"{word} in {file}"
