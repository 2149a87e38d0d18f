"""The compressor by itself: what is scored are the machine's own relations."""

import dataclasses

import pytest

from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.screening import screen
from heatpump_twin.harness.scoring.compressor_alone import score_compressor
from heatpump_twin.harness.scoring.scores import boundaries
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle


def recorded_by(machine: Machine, dataset: Dataset) -> Dataset:
    """The data set as the machine itself would have given it."""
    cycle, values = QuickCycle(machine), dataset.values.copy()
    for record, row in boundaries(dataset).iterrows():
        outputs = cycle.solve(Boundary(**row.astype(float))).outputs
        for quantity, value in zip(OUTPUTS, outputs, strict=True):
            if quantity in values.columns:
                values.loc[record, quantity] = value
    return dataclasses.replace(dataset, values=values)


# The second is far from 0 and the shares are not those of the shipped machine: equations that take
# neither from the machine do not give its readings back.
@pytest.mark.parametrize("density_exponent", [0.0, 0.5])
def test_readings_of_the_machine_itself_are_predicted_exactly(density_exponent: float) -> None:
    machine = read_machine("nist_split").with_parameters(
        {
            "compressor.suction_density_exponent": density_exponent,
            "compressor.built_in_loss_share": 0.6,
        }
    )
    dataset = recorded_by(machine, load_dataset("nist_split"))
    found = score_compressor(dataset, screen(dataset, machine), machine)
    assert found is not None
    assert len(found.records) == 16
    assert found.P_el < 1e-3  # %
    assert found.m_flow_refrigerant < 1e-3


def test_a_data_set_without_refrigerant_flow_has_no_score(
    machine: Machine, dataset: Dataset, cycle: HeatPumpCycle
) -> None:
    assert score_compressor(dataset, screen(dataset, cycle.machine), machine) is None
