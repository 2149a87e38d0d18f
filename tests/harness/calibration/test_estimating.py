"""Parameters and uncertainties estimated together, on data whose answer is known."""

import dataclasses

import numpy as np
import pytest

from heatpump_twin.harness.calibration.cross_validation import predict_with_band
from heatpump_twin.harness.calibration.estimating import estimate
from heatpump_twin.harness.calibration.fitting import STATED_FREEDOM, Problem
from heatpump_twin.harness.calibration.starting import Start, begin
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.files import DATASETS


@pytest.fixture(scope="module")
def known() -> tuple[Problem, Start]:
    """The dry tests of NIST as the start's machine would have given them."""
    dataset = load_dataset("nist_split")
    records = [r for r in dataset.values.index if r not in dataset.declared_unscored]
    start = begin(dataset, DATASETS / "nist_split" / "start.toml", records)
    problem = Problem(dataset, start.machine, lambda r, q: True, records)
    changed = dataset.values.copy()
    changed.loc[records, problem.quantities] = problem.predict({}, records)[problem.quantities]
    return problem._of(dataclasses.replace(dataset, values=changed)), start


def with_noise(problem: Problem, times: dict[str, float]) -> Problem:
    """Add noise whose root mean square is the stated uncertainty, times a factor by quantity."""
    random = np.random.default_rng(1)
    values = problem.dataset.values.copy()
    for q in problem.quantities:
        noise = random.standard_normal(len(problem.records))
        noise *= times.get(q, 1.0) / np.sqrt(np.mean(noise**2))
        values.loc[problem.records, q] += noise * [problem.sigma[r][q] for r in problem.records]
    return problem._of(dataclasses.replace(problem.dataset, values=values))


def test_without_noise_all_parameters_are_those_of_the_machine(
    known: tuple[Problem, Start],
) -> None:
    problem, start = known
    found = estimate(problem, (*start.base, *start.options))
    assert not found.fit.on_bound
    assert [p.place for p in found.fit.parameters] == [p.place for p in start.base + start.options]
    for parameter in found.fit.parameters:
        deviation = found.fit.by_place[parameter.place] - parameter.start
        assert abs(deviation) < 1e-4 * parameter.scale, parameter.place
    for q, factor in found.uncertainty_factors.items():
        alone = np.sqrt(STATED_FREEDOM / found.fit.freedom[q])
        assert factor == pytest.approx(alone, rel=0.01)  # the stated one is all that is left


def test_a_noisier_quantity_gets_a_larger_uncertainty_and_a_wider_band(
    known: tuple[Problem, Start],
) -> None:
    problem, start = known
    noisy = with_noise(problem, {"p_high": 4.0})
    found = estimate(noisy, (*start.base, *start.options))
    others = [f for q, f in found.uncertainty_factors.items() if q != "p_high"]
    assert 2.0 < found.uncertainty_factors["p_high"] < 6.0
    assert 0.6 < np.mean(others) < 1.4
    record = problem.records[0]
    assert found.problem.sigma[record]["p_high"] == pytest.approx(
        noisy.sigma[record]["p_high"] * found.uncertainty_factors["p_high"]
    )
    assert noisy.sigma == problem.sigma  # as stated
    quiet = estimate(with_noise(problem, {}), (*start.base, *start.options))
    wide, narrow = (predict_with_band(e, [record]).half_widths["p_high"] for e in (found, quiet))
    assert wide.iloc[0] > 1.5 * narrow.iloc[0]


def test_redundancy_is_readings_less_what_parameters_took(known: tuple[Problem, Start]) -> None:
    problem, start = known
    free = [dataclasses.replace(p, prior_sd=np.inf) for p in start.base]
    fit = problem.fit(free)
    readings = problem.rows(problem.records)
    assert sum(fit.redundancy.values()) == pytest.approx(readings - len(free), abs=1e-6)


def test_a_parameter_that_ends_on_its_bound_stays_there(known: tuple[Problem, Start]) -> None:
    problem, start = known
    option = next(p for p in start.options if p.place == "expansion_valve.superheat_setting")
    # The data say 10 K; the start is 8 K and may not exceed 9.
    low = dataclasses.replace(option, start=8.0, upper=9.0)
    moved = problem._of(problem.dataset)
    moved.machine = problem.machine.with_parameters({option.place: low.start})
    found = estimate(moved, (*start.base, low))
    assert found.fit.on_bound == [option.place]
    assert found.fit.by_place[option.place] == pytest.approx(9.0, abs=1e-4)
    # The others are the best ones for it: held there, they come out the same.
    held = problem._of(problem.dataset)
    held.machine = problem.machine.with_parameters({option.place: 9.0})
    again = estimate(held, start.base)
    for parameter in start.base:
        difference = again.fit.by_place[parameter.place] - found.fit.by_place[parameter.place]
        assert abs(difference) < 0.01 * parameter.scale, parameter.place
