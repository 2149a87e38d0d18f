"""The fit's own solver against TESPy, and its sensitivities against difference quotients."""

import math

import numpy as np
import pytest
from conftest import random_boundaries

from heatpump_twin.harness.calibration.fitting import Problem
from heatpump_twin.harness.calibration.parameters import FreeParameter
from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.machine_files.files import MACHINES
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import OUTPUTS, ROWS, QuickCycle, boundaries_of


@pytest.mark.parametrize(
    ("name", "count"), [("mci_lab", 100), ("nist_split", 30), ("rwth_brine_water", 30)]
)
def test_same_answers_as_tespy(name: str, count: int) -> None:
    machine = read_machine(name)
    tespy, quick = HeatPumpCycle(machine), QuickCycle(machine)
    for boundary in [machine.design.boundary, *random_boundaries(machine, count, seed=41)]:
        point, solution = tespy.off_design(boundary), quick.solve(boundary)
        for output, value in zip(OUTPUTS, solution.outputs, strict=True):
            expected = getattr(point, output)
            assert value == pytest.approx(expected, rel=1e-6), (output, boundary)


def test_design_point_comes_back(machine: Machine) -> None:
    outputs = QuickCycle(machine).solve(machine.design.boundary).outputs
    by_name = dict(zip(OUTPUTS, outputs, strict=True))
    for name in ("p_low", "p_high", "Q_flow_sink", "P_el"):
        assert by_name[name] == pytest.approx(getattr(machine.design, name), rel=1e-8), name


def rows(boundaries: list[Boundary]) -> np.ndarray:
    return np.array([list(vars(b).values()) for b in boundaries])


def test_answers_do_not_depend_on_the_start(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    boundaries = boundaries_of(rows(random_boundaries(machine, 12, seed=42)))
    cold = cycle.solve_all(boundaries)
    warm = cycle.solve_all(boundaries, np.roll(cold.unknowns, 1, axis=1))
    assert cold.are_solved.all()
    assert warm.outputs == pytest.approx(cold.outputs, rel=1e-7)


def test_answers_do_not_depend_on_what_is_solved_beside_them(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    boundaries = random_boundaries(machine, 8, seed=43)
    cold = Boundary(**{**vars(boundaries[3]), "T_source_in": 200.0})
    together = cycle.solve_all(boundaries_of(rows([*boundaries, cold])))
    assert together.are_solved.tolist() == [True] * 8 + [False]
    assert np.isnan(together.outputs[:, -1]).all()
    for i, boundary in enumerate(boundaries):
        alone = cycle.solve(boundary)
        assert together.outputs[:, i] == pytest.approx(alone.outputs, rel=1e-9)


def test_a_machine_may_stand_for_several(machine: Machine) -> None:
    powers = np.array([[0.95], [1.0], [1.05]]) * machine.design.P_el
    boundaries = boundaries_of(rows(random_boundaries(machine, 5, seed=44)))
    unknowns = QuickCycle(machine).solve_all(boundaries).unknowns
    several = QuickCycle(machine.with_parameters({"design_point.P_el": powers}))
    residuals, outputs = several.at(boundaries).evaluate(unknowns)
    assert residuals.shape == (2, 3, 5)
    assert outputs.shape == (len(ROWS), 3, 5)
    for i, power in enumerate(powers[:, 0]):
        one = QuickCycle(machine.with_parameters({"design_point.P_el": float(power)}))
        for found, expected in zip(
            (residuals[:, i], outputs[:, i]), one.at(boundaries).evaluate(unknowns), strict=True
        ):
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_machine_that_cannot_be_has_no_answers(machine: Machine) -> None:
    # 0.2 K between condensing and the sink's inlet cannot give that heat.
    table = QuickCycle(machine).refrigerant
    T = machine.design.boundary.T_sink_in + 0.2
    p_high = float(np.exp(table.at_bubble(np.array([T])).log_p[0]))
    cycle = QuickCycle(machine.with_parameters({"design_point.p_high": p_high}))
    with pytest.raises(SolveError):
        cycle.solve(machine.design.boundary)


def test_impossible_boundary_is_a_solve_error(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    boundary = Boundary(**{**vars(machine.design.boundary), "T_source_in": 200.0})
    with pytest.raises(SolveError):
        cycle.solve(boundary)
    cycle.solve(machine.design.boundary)


def free(place: str, value: float, scale: float) -> FreeParameter:
    return FreeParameter(place, "", value, scale, -math.inf, math.inf)


def parameters_of(machine: Machine) -> list[FreeParameter]:
    design = machine.design
    return [
        free("design_point.P_el", design.P_el, 0.02 * design.P_el),
        free("design_point.Q_flow_sink", design.Q_flow_sink, 0.02 * design.Q_flow_sink),
        free("design_point.p_low", design.p_low, 0.015 * design.p_low),
        free("design_point.p_high", design.p_high, 0.01 * design.p_high),
        free("compressor.leakage_coefficient", machine.compressor.leakage_coefficient, 0.004),
        free("compressor.built_in_loss_share", machine.compressor.built_in_loss_share, 0.25),
        free("condenser.subcooling_fraction", machine.condenser.subcooling_fraction, 0.05),
    ]


def problem_of(name: str, machine: Machine) -> Problem:
    """The records that the machine was fitted to.

    At others (point 17 of mci_lab) the noise of CoolProp's flashes shows in small derivatives.
    """
    records = CalibrationRecord.load(record_path(MACHINES / f"{name}.toml")).records
    return Problem(load_dataset(name), machine, lambda record, quantity: True, records)


def assert_equal_to_difference_quotients(problem: Problem, parameters: list[FreeParameter]) -> None:
    records = problem.records
    values = np.array([p.start for p in parameters])
    predicted, derivatives = problem.sensitivities(parameters, values, records)
    assert derivatives.shape == (len(records), len(OUTPUTS), len(parameters))
    again = problem.predict({p.place: p.start for p in parameters}, records)
    assert predicted.to_numpy() == pytest.approx(again.to_numpy(), rel=1e-7)
    for j, parameter in enumerate(parameters):
        step = 0.03 * parameter.scale
        above, below = (
            problem.predict({parameter.place: parameter.start + sign * step}, records).to_numpy()
            for sign in (1.0, -1.0)
        )
        quotients = (above - below) / (2 * step)
        # Relative to the largest of all records: a derivative may pass through zero.
        largest = np.abs(quotients).max(axis=0)
        assert (largest > 0).all()
        error = np.abs(derivatives[:, :, j] - quotients) / largest
        for output, worst in zip(OUTPUTS, error.max(axis=0), strict=True):
            assert worst < 1e-3, (parameter.place, output)


def test_sensitivities_are_those_of_solving_again(machine: Machine) -> None:
    problem = problem_of("mci_lab", machine)
    assert_equal_to_difference_quotients(problem, parameters_of(machine))
