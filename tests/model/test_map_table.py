"""The table of a map: its file, its axes and its factors."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import FORMAT, LEAST_MODE, MapTable

# The file ---------------------------------------------------------------------------------------


@pytest.fixture
def saved(certified: CertifiedMap, tmp_path: Path) -> Path:
    path = tmp_path / "map.json"
    certified.table.save(path)
    return path


def rewritten(path: Path, change: Callable[[dict], None]) -> None:
    """Change the content and give it a hash that fits, as another version would."""
    content = json.loads(path.read_text())
    del content["sha256"]
    change(content)
    text = json.dumps(content, sort_keys=True)
    content["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(content))


def test_file_gives_the_same_table(saved: Path, machine: Machine, certified: CertifiedMap) -> None:
    assert map_file(machine, MapTable.load(saved, machine)) == map_file(machine, certified.table)


def damages() -> Iterator[tuple[str, Callable[[Path], object]]]:
    def write(path: Path, content: bytes) -> None:
        path.write_bytes(content)

    def flip(path: Path, place: float) -> None:
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= 1
        path.write_bytes(content)

    yield "no JSON", lambda p: write(p, b"not a map")
    yield "empty JSON", lambda p: write(p, b"")
    yield "no object", lambda p: write(p, b"[]")
    yield "half of it", lambda p: write(p, p.read_bytes()[: p.stat().st_size // 2])
    yield "no text", lambda p: write(p, b"\xff\xfe\x00")
    yield (
        "another number",
        lambda p: p.write_text(p.read_text().replace('"low": 0.3', '"low": 0.4')),
    )
    yield "no JSON at all", lambda p: p.unlink()
    yield "a bit of the coefficients", lambda p: flip(p.with_suffix(".npy"), 0.5)
    yield "the last bit", lambda p: flip(p.with_suffix(".npy"), 0.999999)
    yield "half of the coefficients", lambda p: write(p.with_suffix(".npy"), b"\x93NUMPY")
    yield "no coefficients", lambda p: p.with_suffix(".npy").unlink()


@pytest.mark.parametrize("damage", [d for _, d in damages()], ids=[name for name, _ in damages()])
def test_damaged_file_is_refused(
    saved: Path, machine: Machine, damage: Callable[[Path], object]
) -> None:
    before = saved.read_bytes(), saved.with_suffix(".npy").read_bytes()
    damage(saved)
    files = (saved, saved.with_suffix(".npy"))
    assert before != tuple(f.read_bytes() if f.is_file() else b"" for f in files)
    with pytest.raises(InputError, match=r"map\.json.*(not a performance map|is damaged)"):
        MapTable.load(saved, machine)


def test_map_of_another_machine_is_refused(saved: Path, machine: Machine) -> None:
    other = dataclasses.replace(machine, auxiliary_power=machine.auxiliary_power + 1.0)
    with pytest.raises(InputError, match="of another machine or of other parameters than mci_lab"):
        MapTable.load(saved, other)


def test_map_of_another_format_is_refused(saved: Path, machine: Machine) -> None:
    rewritten(saved, lambda content: None)
    MapTable.load(saved, machine)  # the hash is not what makes the difference
    rewritten(saved, lambda content: content.update(format=FORMAT + 1))
    with pytest.raises(InputError, match=f"format {FORMAT + 1}; expected {FORMAT}"):
        MapTable.load(saved, machine)


def test_nothing_is_lost_where_the_range_is_scaled(certified: CertifiedMap) -> None:
    for axis in certified.table.axes:
        for value in (axis.low, axis.high, 0.3 * axis.low + 0.7 * axis.high):
            assert axis.value(axis.scaled(value)) == pytest.approx(value, rel=1e-12)
        assert axis.scaled(axis.low) == pytest.approx(-1.0)
        assert axis.scaled_within(math.nextafter(axis.high, math.inf)) <= 1.0


def test_factors_leave_out_what_no_digit_shows(certified: CertifiedMap) -> None:
    left, right = certified.table.factors()
    coefficients = certified.table.coefficients
    whole = coefficients.reshape(len(coefficients), -1)
    product = (left @ right).reshape(whole.shape)
    largest = np.abs(whole).max(axis=1, keepdims=True)
    assert (np.abs(product - whole) <= 100 * LEAST_MODE * largest).all()
    assert len(right) < min(len(left), right.shape[1]) / 2
