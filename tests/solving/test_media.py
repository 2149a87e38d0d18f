"""Secondary media: what CoolProp says of them has to agree with itself."""

import dataclasses

import pytest

from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.media import Media


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_outlet_temperatures_follow_the_heat_capacity(name: str) -> None:
    machine = read_machine(name)
    media, boundary = Media(machine), machine.design.boundary
    source = media.source_capacity_flow(boundary)
    assert media.source_outlet(boundary, source) == pytest.approx(
        boundary.T_source_in - 1.0, abs=5e-3
    )
    sink = media.sink_capacity_flow(boundary)
    assert media.sink_outlet(boundary, sink) == pytest.approx(boundary.T_sink_in + 1.0, abs=5e-3)


def test_air_as_an_incompressible_fluid_is_refused(machine: Machine) -> None:
    # CoolProp 8.0: dh/dT 949 J/(kg K) at 290 K and 2 bar, cp 1006.
    with pytest.raises(InputError, match="enthalpy rises by"):
        Media(dataclasses.replace(machine, sink_medium="INCOMP::Air"))
