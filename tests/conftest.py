"""What many tests share: the laboratory machine, its FMU and one validation of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from build_fmu import build
from harness.datasets import Dataset, load_dataset
from harness.scores import Scores
from harness.validation import validate
from heatpump_twin_model.cycle import HeatPumpCycle
from heatpump_twin_model.machine import Machine
from heatpump_twin_model.machine_file import read_machine
from heatpump_twin_model.quantities import Boundary

ROOT = Path(__file__).resolve().parent.parent


def random_boundaries(machine: Machine, count: int, seed: int) -> list[Boundary]:
    """Boundaries spread evenly over a machine's envelope."""
    rng = np.random.default_rng(seed)
    envelope = vars(machine.envelope)
    return [
        Boundary(
            **{
                name: rng.uniform(envelope[f"{name}_min"], envelope[f"{name}_max"])
                for name in vars(machine.design.boundary)
            }
        )
        for _ in range(count)
    ]


@pytest.fixture(scope="session")
def machine() -> Machine:
    return read_machine("mci_lab")


@pytest.fixture(scope="session")
def cycle(machine: Machine) -> HeatPumpCycle:
    cycle = HeatPumpCycle(machine)
    cycle.design()
    return cycle


@pytest.fixture(scope="session")
def fmu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("mci_lab", tmp_path_factory.mktemp("fmu") / "mci_lab.fmu").path


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return load_dataset("mci_lab")


@pytest.fixture(scope="session")
def scores(fmu: Path, dataset: Dataset) -> Scores:
    return validate(dataset, fmu).scores
