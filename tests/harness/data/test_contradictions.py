"""Columns that contradict physics as a whole are named with the likely cause, before any fit."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from heatpump_twin.harness.data.contradictions import check_columns
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

MEDIA = ("R410A", "INCOMP::MEA[0.25]", "INCOMP::Water")


def mci(change: Callable[[pd.DataFrame], dict[str, object]]) -> Dataset:
    dataset = load_dataset("mci_lab")
    return replace(dataset, values=dataset.values.assign(**change(dataset.values)))


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_shipped_data_do_not_contradict_physics(name: str) -> None:
    media = {
        "mci_lab": MEDIA,
        "nist_split": ("R410A", "Air", "Air"),
        "rwth_brine_water": ("R410A", "INCOMP::MPG[0.3]", "INCOMP::Water"),
    }
    check_columns(load_dataset(name), media[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: {"p_low": v.p_low - 101325.0}, "p_low contradicts superheat.* gauge pressure"),
        (lambda v: {"p_low": 0.1 * v.p_low}, "p_low contradicts .* MPa given as bar"),
        (lambda v: {"p_low": v.p_high, "p_high": v.p_low}, "mixed up"),
        (
            lambda v: {"P_el": v.Q_flow_sink, "Q_flow_sink": v.P_el},
            "not above P_el at 17 of 17 records.*two columns look mixed up",
        ),
        (lambda v: {"P_el": 1000.0 * v.P_el}, "not above P_el.*another unit"),
        (lambda v: {"P_el": 1e-3 * v.P_el}, "is [0-9]+ times P_el.*kW given as W"),
        (lambda v: {"p_high": v.p_high / 14.5038}, "p_high is .* no usual sat.* bar given as psi"),
        (lambda v: {"p_high": 1000.0 * v.p_high}, "p_high is .* no usual saturation.*check its"),
        (
            lambda v: {"T_sink_out": v.T_sink_in - 5.0},
            "T_sink_out is colder than T_sink_in at 17 of 17.*record 1: .*look mixed up",
        ),
        (
            lambda v: {"T_source_in": v.T_source_out, "T_source_out": v.T_source_in},
            "T_source_out is warmer than T_source_in at .*inlet and outlet look mixed up",
        ),
        (
            lambda v: {"T_sink_out": 1.8 * (v.T_sink_in + 5.0 - 273.15) + 32.0 + 273.15},
            "the sink changes by .* K .*T_sink_out reads like degF given as degC",
        ),
        (
            lambda v: {"T_sink_in": 1.8 * (v.T_sink_in - 273.15) + 32.0 + 273.15},
            "where INCOMP::Water boils .*it reads like degF given as degC|isentropic efficiency",
        ),
        (
            lambda v: {"m_flow_sink": v.m_flow_sink / 1000.0, "T_sink_out": v.T_sink_in + 5.0},
            "the sink would change by .*off by 1,000",
        ),
        (
            lambda v: {"m_flow_sink": 60.0 * v.m_flow_sink, "T_sink_out": v.T_sink_in + 5.0},
            "the sink would change by .*the readings change by 5 K.*off by 60",
        ),
        (lambda v: {"P_el": 0.0 * v.P_el + 850.0}, "P_el has the same value at all 17.*stuck"),
        (lambda v: {"m_flow_sink": v.m_flow_sink / 60.0}, "the sink would change by .*units of"),
        (lambda v: {"T_source_in": v.T_source_in - 30.0}, "where INCOMP::MEA.* freezes"),
        (lambda v: {"T_sink_in": v.T_sink_in + 85.0}, "where INCOMP::Water boils"),
        (lambda v: {"P_el": 0.4 * v.P_el}, "isentropic efficiency of .* compressors reach 0.9"),
        (
            lambda v: {"P_el": 6.0 * v.P_el, "Q_flow_sink": 6.0 * v.Q_flow_sink},
            "would change by|would leave at|isentropic efficiency",
        ),
    ],
)
def test_a_column_is_named_with_its_cause(
    change: Callable[[pd.DataFrame], dict[str, object]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_columns(mci(change), MEDIA)


def test_inlets_mixed_up_are_named_where_a_medium_ends() -> None:
    # The sink's 24 to 54 degC in the source's column, where ethanol and water end at 40 degC.
    mixed_up = mci(lambda v: {"T_source_in": v.T_sink_in, "T_sink_in": v.T_source_in})
    with pytest.raises(InputError, match=r"T_source_in is .* T_source_in and T_sink_in look mixed"):
        check_columns(mixed_up, MEDIA)


def test_inlets_mixed_up_are_named_where_no_medium_ends() -> None:
    # Air to air: 24 to 54 degC in the source's column, 0 to 25 degC in the sink's.
    mixed_up = mci(
        lambda v: {
            "T_source_in": v.T_sink_in,
            "T_sink_in": v.T_source_in,
            "m_flow_source": 4.0 * v.m_flow_source,
            "m_flow_sink": 4.0 * v.m_flow_sink,
        }
    )
    bare = mixed_up.values[[*BOUNDARY_QUANTITIES, "P_el", "Q_flow_sink"]]
    with pytest.raises(InputError, match=r"and the sink colder, .* T_sink_in look mixed up"):
        check_columns(replace(mixed_up, values=bare), ("R410A", "Air", "Air"))


def test_a_sink_above_the_critical_point_is_said() -> None:
    # Carbon dioxide, 31.0 degC, into 41 to 51 degC.
    warm = mci(lambda v: {"T_sink_in": v.T_sink_in + 16.0})
    with pytest.raises(
        InputError,
        match=r"T_sink_in is .*, where R744 cannot condense \(critical point 31\.0 degC\)",
    ):
        check_columns(warm, ("R744", *MEDIA[1:]))


def test_a_water_source_that_freezes_is_said_with_the_record() -> None:
    with pytest.raises(InputError, match=r"-0\.3 degC at record \d+.*1 of 17.*INCOMP::MPG"):
        check_columns(load_dataset("mci_lab"), ("R410A", "INCOMP::Water", "INCOMP::Water"))
