"""`init --from`: tables of one heat pump as people write them are read to one frame."""

from pathlib import Path

import numpy as np
import pytest
from own_tables import CASES, RATED_RPM, frame
from typer.testing import CliRunner, Result

from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.own_dataset import begin_with_table
from heatpump_twin.machine_files.unit_names import known_unit

# What meters round away, in SI units by the first letter of the quantity.
ROUNDING = {"T": 0.011, "p": 120.0, "P": 0.6, "Q": 0.6, "m": 1e-4, "s": 0.06, "C": 1e-3, "c": 1e-3}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


@pytest.mark.parametrize("language", ["German", "English"])
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_a_table_is_understood_and_read_to_the_same_frame(
    make, language: str, tmp_path: Path
) -> None:
    case = make(tmp_path, language)
    before = case.path.read_bytes()
    begun = begin_with_table(tmp_path / "mine", case.path)
    found = {u.quantity: known_unit(u.unit) for u in begun.proposal.columns}
    assert found == {q: known_unit(unit) for q, unit in case.units.items()}
    assert not begun.contradiction
    assert case.path.read_bytes() == before
    read, expected = load_dataset(str(tmp_path / "mine")).values, frame()
    assert list(read.index) == list(expected.index)
    for quantity in (*case.units, "P_el", "Q_flow_sink"):
        values = expected[quantity].copy()
        values[case.missing.get(quantity, [])] = np.nan
        if quantity == "compressor_speed":
            values = values / RATED_RPM
        relative = 1e-5 if quantity in case.units else 5e-3
        assert read[quantity].to_numpy() == pytest.approx(
            values.to_numpy(), abs=ROUNDING[quantity[0]], rel=relative, nan_ok=True
        ), quantity
