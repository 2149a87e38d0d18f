"""Frost through the FMU: of a coil in air, in both modes, and of a source that is a liquid."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fmpy
import pandas as pd
import pytest

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.scoring.connection import connect
from heatpump_twin.harness.stepping.replay import inspect_fmu
from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

# The loss at 2 degC and the default humidity; by hand in tests/core/test_frost.py.
AT_2_DEGC = 0.1682774


@pytest.fixture(scope="module")
def in_air(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only shipped machine with a coil in air; it was measured far from any frost."""
    path = tmp_path_factory.mktemp("in_air") / "in_air.fmu"
    return build("nist_split", path, start=("frost=estimated",)).path


def test_coil_in_air_frosts_with_the_map_and_live(in_air: Path) -> None:
    starts = {v.name: v.start for v in fmpy.read_model_description(str(in_air)).modelVariables}
    assert (starts["frost"], starts["phi_source"]) == ("estimated", "0.84")
    clean, factors = {}, {}
    for solver in ("map", "live"):
        with Session(in_air, start_values={"solver": solver}) as session:
            session.advance(60.0)
            warm = session.get()
            assert warm["operating_status"] == 1
            assert warm["frost_factor"] == pytest.approx(1.0, abs=1e-9)
            session.set({"T_source_in": 291.15, "phi_source": 0.0})
            session.advance(60.0)
            clean[solver] = session.get()["Q_flow_sink"]
            session.set({"T_source_in": 275.15, "phi_source": 0.84})
            session.advance(60.0)
            cold = session.get()
            assert cold["operating_status"] == 2
            factors[solver] = cold["frost_factor"]
            # Beside the envelope heat is that of its nearest point.
            factor = cold["Q_flow_sink"] / clean[solver]
            assert factor == pytest.approx(1.0 - AT_2_DEGC, abs=1e-6)
            into = cold["P_el"] + cold["Q_flow_source"]
            assert into == pytest.approx(cold["Q_flow_sink"] + cold["Q_flow_loss"], rel=1e-9)
            session.set({"phi_source": 84.0})
            session.advance(60.0)
            assert session.get()["operating_status"] == 4
            assert session.get()["Q_flow_sink"] == cold["Q_flow_sink"]
            assert any("is it in per cent?" in m.text for m in session.messages)
    assert factors["map"] == factors["live"] == pytest.approx(1.0 - AT_2_DEGC, abs=1e-6)
    assert clean["map"] == pytest.approx(clean["live"], rel=1e-3)


def test_liquid_does_not_frost_and_the_log_says_so(fmu: Path) -> None:
    answers = []
    for frost in ("off", "estimated"):
        with Session(fmu, start_values={"frost": frost}, debug_logging=True) as session:
            session.set({"T_source_in": 274.15, "phi_source": 1.0})
            session.advance(60.0)
            answers.append(session.get())
            said = [m.text for m in session.messages if "frost" in m.text]
            assert len(said) == (frost == "estimated")
            assert all("has no effect: the source of this machine is not air" in m for m in said)
    assert answers[0] == answers[1]
    assert answers[1]["frost_factor"] == 1.0


def test_build_refuses_frost_of_a_liquid(tmp_path: Path) -> None:
    output = tmp_path / "x.fmu"
    with pytest.raises(InputError, match=r"the source of mci_lab is INCOMP::MEA\[0.25\], and a"):
        build("mci_lab", output, start=("frost=estimated",))
    assert not output.exists()
    with pytest.raises(InputError, match="expected frost to be one of off, estimated"):
        build("nist_split", output, start=("frost=on",))


def test_documentation_says_what_frost_is_worth(in_air: Path, fmu: Path) -> None:
    pages = []
    for path in (in_air, fmu):
        with zipfile.ZipFile(path) as archive:
            pages.append(archive.read("documentation/index.html").decode())
    assert "by the curve of Wetter and Afjei (1996): an estimate" in pages[0]
    assert "Wetter and Afjei" not in pages[1]


def test_records_are_of_a_clean_coil_however_the_fmu_starts(in_air: Path, tmp_path: Path) -> None:
    """So a fit takes them. At 20 % base loss warm air would show it."""
    frosted = build(
        "nist_split",
        tmp_path / "frosted.fmu",
        start=("frost=estimated", "frost_base_loss=0.2", "frost_base_slope=0"),
    ).path
    dataset = load_dataset("nist_split")
    boundaries = dataset.values[list(BOUNDARY_QUANTITIES)].dropna()
    found = [
        connect(inspect_fmu(path), dataset, None, "").run(inspect_fmu(path), boundaries).outputs
        for path in (in_air, frosted)
    ]
    assert len(found[0]) > 5
    pd.testing.assert_frame_equal(*found)
    with Session(frosted) as session:
        session.advance(60.0)
        assert session.get()["frost_factor"] == pytest.approx(0.8, abs=1e-9)
