"""What many tests share: the laboratory machine, its map, its FMU and one validation of it.

Finished maps are looked up and kept where a user's are, or where HEATPUMP_TWIN_CACHE says: the
first session after a change of the model certifies one, which takes minutes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fmpy
import numpy as np
import pandas as pd
import pytest
from c_host import COMPILER, compile_host

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.calibration.starting import begin
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.harness.scoring.validation import validate
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import (
    DEFAULT_MAP_TOLERANCE,
    read_machine,
    read_machine_file,
)
from heatpump_twin.map_making.map_build import CertifiedMap, certified_map
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import QuickCycle, boundaries_of

ROOT = Path(__file__).resolve().parent.parent


def random_boundaries(machine: Machine, count: int, seed: int) -> list[Boundary]:
    """Boundaries spread evenly over a machine's envelope."""
    rng = np.random.default_rng(seed)
    ranges = machine.envelope.ranges
    return [
        Boundary(**{name: rng.uniform(*limits) for name, limits in ranges.items()})
        for _ in range(count)
    ]


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start.

    A shell that starts the tests in the background lets it be ignored, and so would they.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def serially(label: str, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> list:
    """Run a build's tasks here."""
    return [function(*task) for task in tasks]


def synthetic_catalogue(folder: Path, records: int, seed: int) -> Dataset:
    """Write an invented machine's catalogue as `init` does, of as many records as wanted.

    The machine differs from the start file in sizes and in most parameters that a fit may move.
    """
    rng = np.random.default_rng(seed)
    write_example(folder)
    example = load_dataset(str(folder))
    start = begin(example, folder / "start.toml", list(example.values.index))
    moved = {
        p.place: float(
            np.clip(p.start + 0.5 * p.prior_sd * rng.standard_normal(), p.lower, p.upper)
        )
        for p in start.options
    }
    truth = QuickCycle(start.machine.with_parameters(moved))
    inputs = np.column_stack(
        [
            np.ones(records),
            rng.choice([-5.0, 0.0, 5.0, 10.0, 15.0], records) + 273.15,
            rng.choice([25.0, 30.0, 35.0, 40.0, 45.0, 50.0], records) + 273.15,
            rng.choice([24.0, 30.0, 36.0], records) / 60.0,
            rng.choice([16.0, 20.0, 24.0], records) / 60.0,
        ]
    )
    solved = truth.solve_all(boundaries_of(inputs))
    assert solved.are_solved.all()
    table = pd.DataFrame(
        {
            "point": np.arange(1, records + 1),
            "T_source_in_degC": inputs[:, 1] - 273.15,
            "T_sink_in_degC": inputs[:, 2] - 273.15,
            "m_flow_source_kg_min": 60.0 * inputs[:, 3],
            "m_flow_sink_kg_min": 60.0 * inputs[:, 4],
            "P_el_kW": (solved.column("P_el") / 1e3).round(3),
            "Q_flow_sink_kW": (solved.column("Q_flow_sink") / 1e3).round(3),
        }
    )
    table.to_csv(folder / "data.csv", index=False)
    return load_dataset(str(folder))


@pytest.fixture(scope="session")
def machine() -> Machine:
    return read_machine("mci_lab")


@pytest.fixture(scope="session")
def small(machine: Machine) -> Machine:
    """The machine with an envelope so small that its map is made in seconds."""
    return with_envelope(machine, 0.1)


def with_envelope(machine: Machine, share: float, **limits: float) -> Machine:
    """Narrow a machine's envelope to a share of its width at either side of the design point."""
    for name, at_design in vars(machine.design.boundary).items():
        for end, limit in zip(("min", "max"), machine.envelope.range(name), strict=True):
            limits.setdefault(f"{name}_{end}", at_design + share * (limit - at_design))
    return machine.with_parameters({f"envelope.{k}": limit for k, limit in limits.items()})


@pytest.fixture(scope="session")
def cycle(machine: Machine) -> HeatPumpCycle:
    cycle = HeatPumpCycle(machine)
    cycle.design()
    return cycle


@pytest.fixture(scope="session")
def certified(machine: Machine) -> CertifiedMap:
    return certified_map(machine, DEFAULT_MAP_TOLERANCE)


@pytest.fixture(scope="session")
def certified_maps(certified: CertifiedMap) -> dict[str, CertifiedMap]:
    """The maps of all shipped machines."""
    return {
        "mci_lab": certified,
        **{
            name: certified_map(machine_file.to_machine(), machine_file.relative_map_tolerance)
            for name in ("nist_split", "rwth_brine_water")
            for machine_file in [read_machine_file(machine_path(name))]
        },
    }


@pytest.fixture(scope="session")
def fmu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("mci_lab", tmp_path_factory.mktemp("fmu") / "mci_lab.fmu").path


@pytest.fixture(scope="session")
def fmus(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All shipped machines."""
    folder = tmp_path_factory.mktemp("fmus")
    others = ("nist_split", "rwth_brine_water")
    return {"mci_lab": fmu, **{name: build(name, folder / f"{name}.fmu").path for name in others}}


@pytest.fixture(scope="session")
def unzipped(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the FMU; a test that changes it makes a copy."""
    return Path(fmpy.extract(str(fmu), unzipdir=str(tmp_path_factory.mktemp("unzipped"))))


@pytest.fixture(scope="session")
def c_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host in C, as `c_host.run_host` wants one."""
    if COMPILER is None:
        pytest.skip("no C compiler (gcc or cc) here")
    return compile_host(tmp_path_factory.mktemp("c_host"))


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return load_dataset("mci_lab")


@pytest.fixture(scope="session")
def scores(fmu: Path, dataset: Dataset) -> Scores:
    return validate(dataset, fmu).scores


@pytest.fixture(scope="session")
def all_scores(scores: Scores, fmus: dict[str, Path]) -> dict[str, Scores]:
    """All shipped machines on their data."""
    others = {
        name: validate(load_dataset(name), path).scores
        for name, path in fmus.items()
        if name != "mci_lab"
    }
    return {"mci_lab": scores, **others}
