"""A map file that is cut off, altered or of another version is refused, and says why."""

from __future__ import annotations

import hashlib
import math
import random
import struct
from collections.abc import Callable

import pytest

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import FORMAT, HEAD, map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine

HASH_SIZE = 32


@pytest.fixture(scope="module")
def content(machine: Machine, certified: CertifiedMap) -> bytes:
    return map_file(machine, certified.table)


def sealed(content: bytes) -> bytes:
    """Give altered content a hash that fits."""
    return content[:-HASH_SIZE] + hashlib.sha256(content[:-HASH_SIZE]).digest()


def with_head(content: bytes, place: int, value: object) -> bytes:
    head = list(HEAD.unpack_from(content))
    head[place] = value
    return sealed(HEAD.pack(*head) + content[HEAD.size :])


def with_number(content: bytes, place: int, value: float) -> bytes:
    changed = bytearray(content)
    struct.pack_into("<d", changed, HEAD.size + 8 * place, value)
    return sealed(bytes(changed))


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda c: b"", "cut off: 0 bytes"),
    "head alone": (lambda c: c[: HEAD.size], "cut off"),
    "half": (lambda c: c[: len(c) // 2], "cut off or has bytes to spare"),
    "one number less": (lambda c: sealed(c[:-40] + bytes(32)), "cut off or has bytes to spare"),
    "more": (lambda c: c + bytes(8), "cut off or has bytes to spare"),
    "text": (lambda c: b"PK" + c[2:], "not a map file"),
    "a bit": (lambda c: c[:5000] + bytes([c[5000] ^ 1]) + c[5001:], "altered"),
    "a bit of the hash": (lambda c: c[:-1] + bytes([c[-1] ^ 1]), "altered"),
    "format": (lambda c: with_head(c, 1, FORMAT + 1), f"format {FORMAT + 1}; expected {FORMAT}"),
    "layout": (lambda c: with_head(c, 2, 7), "another version of heatpump-twin: layout 7"),
    "count": (lambda c: with_head(c, 3, 2**63), "cut off or has bytes to spare"),
    "not a number": (lambda c: with_number(c, 3, math.nan), "no map"),
    "infinite": (lambda c: with_number(c, 3, math.inf), "no map"),
}


@pytest.mark.parametrize("damage", BAD)
def test_damaged_file_is_refused(content: bytes, damage: str) -> None:
    change, words = BAD[damage]
    HeatPump(content)
    with pytest.raises(InputError, match=words):
        HeatPump(change(content))


def test_numbers_that_no_map_has_are_refused_or_answered(content: bytes, machine: Machine) -> None:
    # Counts and ranges are among the numbers; whatever they become, reading ends in words.
    rng, refused = random.Random(63), 0
    count = HEAD.unpack_from(content)[3]
    for _ in range(300):
        place = rng.randrange(150) if rng.random() < 0.8 else rng.randrange(count)
        value = rng.choice([0.0, -1.0, 0.5, 1e9, 1e300, -1e300, 2.0**53, 3.0, 65.0])
        try:
            HeatPump(with_number(content, place, value)).answer(machine.design.boundary)
        except InputError:
            refused += 1
    assert refused > 10


def test_equal_maps_give_equal_files(machine: Machine, certified: CertifiedMap) -> None:
    assert map_file(machine, certified.table) == map_file(machine, certified.table)
