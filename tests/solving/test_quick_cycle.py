"""The fit's own solver against TESPy, and its sensitivities against difference quotients."""

import math

import numpy as np
import pytest
from conftest import random_boundaries

from heatpump_twin.harness.calibration.fitting import FreeParameter, Problem
from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.machine_files.files import MACHINES
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle


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


def test_answer_does_not_depend_on_the_start(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    *boundaries, other = random_boundaries(machine, 11, seed=42)
    start = cycle.solve(other).unknowns
    for boundary in boundaries:
        cold, warm = cycle.solve(boundary), cycle.solve(boundary, start)
        assert warm.outputs == pytest.approx(cold.outputs, rel=1e-7)


def test_equations_of_a_boundary_do_not_depend_on_what_was_solved_before(machine: Machine) -> None:
    a, b = random_boundaries(machine, 2, seed=43)
    alone = QuickCycle(machine)
    unknowns = alone.solve(a).unknowns
    cycle = QuickCycle(machine)
    at_a = cycle.at(a)
    cycle.solve(b)
    for at in (at_a, cycle.at(a)):
        for found, expected in (
            (at.evaluate(unknowns), alone.at(a).evaluate(unknowns)),
            (at.jacobians(unknowns), alone.at(a).jacobians(unknowns)),
        ):
            for values, same in zip(found, expected, strict=True):
                assert np.array_equal(values, same)
    residuals, outputs = cycle.at(b).evaluate(unknowns)
    assert float(np.abs(residuals).max()) > 1e-3
    assert not np.array_equal(outputs, alone.at(a).evaluate(unknowns)[1])


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
