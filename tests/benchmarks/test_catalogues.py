"""Invented catalogues are made the same again, and judged; `make catalogues` runs 200 of them."""

from pathlib import Path

import pytest

from benchmarks.catalogues import FAULTS, run, write_catalogue
from benchmarks.third_party import DATA_VARIABLE, main
from heatpump_twin.harness.data.datasets import load_dataset

# Seeds of small catalogues: without fault, and with one of a whole column.
GOOD, MIXED_UP = 2, 5


def test_a_seed_gives_the_same_catalogue(tmp_path: Path) -> None:
    first, again = (write_catalogue(tmp_path / name, GOOD) for name in ("first", "again"))
    assert first == again
    assert load_dataset(str(tmp_path / "first")).values.equals(
        load_dataset(str(tmp_path / "again")).values
    )


def test_catalogues_are_judged(tmp_path: Path) -> None:
    good = run(tmp_path / "good", GOOD, is_built=False)
    assert not good.catalogue.fault
    assert good.is_expected, good.text
    mixed_up = run(tmp_path / "mixed up", MIXED_UP, is_built=False)
    assert mixed_up.catalogue.fault in FAULTS
    assert mixed_up.is_expected, mixed_up.text


def test_tables_of_others_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(SystemExit, match=f"{DATA_VARIABLE}: expected a folder with danfoss"):
        main()
