"""Weighted least squares of a machine's parameters to recorded points.

Residuals are divided by their standard uncertainty, which includes that of the recorded inlets,
propagated through the model (effective variance: J. Orear, Am. J. Phys. 50 (1982) 912). A parameter
whose start value has a standard uncertainty is drawn to it by one residual more, as any other
measurement would; so a parameter that the data say nothing of stays where it was.

A trial for which a record has no solution costs more than any that has one, so the optimiser turns
back; it never ends a fit. Physical bounds belong to the optimiser (the trust region reflective
method of `scipy`): a parameter that the data drive to its bound stays there, and the others are the
best ones for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.solving.quick_cycle import (
    OUTPUTS,
    ROWS,
    Array,
    CycleAt,
    QuickCycle,
    Solutions,
    Vector,
)

from ..data.completion import HEAT
from ..data.datasets import FLOW_INLETS, Dataset
from .learning import Basis, choose_basis, is_weight
from .parameters import FreeParameter
from .speed_of_heat import CycleAtHeat, SolutionsAtHeat, solve_at_heat

Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]

# Difference quotients by a parameter take this fraction of its scale; where that leaves what can be
# computed, the other direction, and then less.
PARAMETER_STEP = 1e-4
STEP_SHARES = (1.0, -1.0, 0.01, -0.01)
# Transfer units are steep near their limit and computed without a solver.
OVERSIZE_STEP = 1e-6

# Convergence in parameters (relative to their scales) and in the sum of squares.
FIT_TOLERANCE = 1e-11
MOST_EVALUATIONS = 200

# Residual of each reading of a record that has no solution, in standard uncertainties.
PENALTY = 1e4

# Beyond so many standard uncertainties a robust fit counts a residual less than its square.
ROBUST_SCALE = 2.0

# Overall isentropic efficiency that the best compressors reach, and how sure that is. It counts as
# a reading only beyond, and only where no pressures were read.
USUAL_EFFICIENCY, EFFICIENCY_SD = 0.8, 0.03

# Transfer units of an exchanger at the design point that hardly any has, an effectiveness of 0.982,
# and how sure that is. They count as readings only beyond: without them a fit may end where an
# exchanger is infinitely large, and the last digits decide whether there is a machine at all.
LARGEST_NTU, NTU_SD, EXCHANGERS = 4.0, 0.5, 2

Loss: TypeAlias = Literal["linear", "soft_l1", "cauchy"]

# A fitted value this close to a bound, in scales, lies on it.
ON_BOUND = 1e-4

# Degrees of freedom of a stated uncertainty: one that is itself known to 50 % has 2 (JCGM 100:2008,
# G.4.2, equation G.3), and those of the data sets are estimates.
STATED_FREEDOM = 2.0

# Measured quantities that repeat others: fitting to them as well would count a reading twice.
REPEATED = ("COP", "superheat", "subcooling")


@dataclass(frozen=True)
class Fit:
    """Result of a fit.

    Attributes
    ----------
    parameters : tuple of FreeParameter
        The parameters that were fitted.
    values : numpy.ndarray
        Fitted values, SI units, shape (n,).
    covariance : numpy.ndarray
        Of the values, shape (n, n), scaled by the reduced chi-squared where that exceeds 1.
    chi_squared_reduced : float
        Sum of squared residuals over degrees of freedom.
    converged : bool
        Whether the optimiser met its tolerance.
    cost : float
        Half the sum of squares of all residuals.
    standardised : dict of int to numpy.ndarray
        Residuals by record, in standard uncertainties.
    left_out : dict of int to numpy.ndarray
        The same if the record had not taken part, to first order.
    redundancy : dict of str to float
        Readings of each quantity less what the parameters took of them.
    """

    parameters: tuple[FreeParameter, ...]
    values: Vector
    covariance: Matrix
    chi_squared_reduced: float
    converged: bool
    cost: float
    standardised: dict[int, Vector]
    left_out: dict[int, Vector]
    redundancy: dict[str, float]

    @property
    def by_place(self) -> dict[str, float]:
        """Fitted values by place."""
        return {p.place: float(v) for p, v in zip(self.parameters, self.values, strict=True)}

    @property
    def standard_errors(self) -> Vector:
        """Of the values, SI units."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def freedom(self) -> dict[str, float]:
        """Degrees of freedom of each quantity's uncertainty, with those it was stated with."""
        return {q: STATED_FREEDOM + r for q, r in self.redundancy.items()}

    @property
    def on_bound(self) -> list[str]:
        """Places of the parameters that ended on a physical bound."""
        return [
            p.place
            for p, v in zip(self.parameters, self.values, strict=True)
            if min(v - p.lower, p.upper - v) < ON_BOUND * p.scale
        ]

    @property
    def left_out_error(self) -> float:
        """Mean absolute standardised error of records that had not taken part."""
        return float(np.mean(np.abs(np.concatenate(list(self.left_out.values())))))


class Problem:
    """Recorded points and the machine whose parameters explain them.

    Parameters
    ----------
    dataset : Dataset
        In SI units.
    machine : Machine
        Start values of all parameters.
    usable : callable
        Whether a field ``(record, quantity)`` takes part.
    records : sequence of int
        That take part.
    """

    def __init__(
        self,
        dataset: Dataset,
        machine: Machine,
        usable: Callable[[int, str], bool],
        records: Sequence[int],
    ) -> None:
        self.dataset = dataset
        self.machine = machine
        self.basis: Basis | None = None
        self.records = list(records)
        quantities = [q for q in dataset.scored if q in OUTPUTS and q not in REPEATED]
        self.fields = {
            record: [
                q
                for q in quantities
                if usable(record, q) and math.isfinite(dataset.values.loc[record, q])
            ]
            for record in self.records
        }
        self.quantities = [q for q in quantities if any(q in f for f in self.fields.values())]
        self.sigma = {
            record: {q: float(dataset.uncertainties.loc[record, q]) for q in fields}
            for record, fields in self.fields.items()
        }

    def rows(self, records: Sequence[int]) -> int:
        """Number of measured values in some records."""
        return sum(len(self.fields[record]) for record in records)

    def with_uncertainties_times(self, factors: dict[str, float]) -> Problem:
        """Multiply the uncertainties of each quantity by a factor."""
        problem = self._of(self.dataset)
        problem.sigma = {
            record: {q: s * factors[q] for q, s in of_record.items()}
            for record, of_record in self.sigma.items()
        }
        return problem

    def with_input_uncertainty(self, fit: Fit) -> Problem:
        """Add to each uncertainty what that of the recorded inlets does to the prediction."""
        values, u = self.dataset.values, self.dataset.uncertainties
        inlets = [q for q in self.dataset.inputs if q not in self.dataset.unknown_flows]
        variance = {
            record: {q: s**2 for q, s in self.sigma[record].items()} for record in self.records
        }
        base = self.predict(fit.by_place, self.records)
        for inlet in inlets:
            moved = replace(self.dataset, values=values.assign(**{inlet: values[inlet] + u[inlet]}))
            change = self._of(moved).predict(fit.by_place, self.records) - base
            for record in self.records:
                for q in self.fields[record]:
                    # A record without a solution tells nothing of its inlets.
                    change_of_q = float(change.loc[record, q])
                    if math.isfinite(change_of_q):
                        variance[record][q] += change_of_q**2
        problem = self._of(self.dataset)
        problem.sigma = {
            record: {q: math.sqrt(v) for q, v in of_record.items()}
            for record, of_record in variance.items()
        }
        return problem

    def with_basis(self, fit: Fit) -> Problem:
        """Return the problem with a learned remainder, whose points lie where the records do."""
        problem = self._of(self.dataset)
        values = fit.by_place
        with threadpool_limits(1):
            solved = self._solve(values, self.records)
        boundaries = self._boundaries(values, self.records, solved)
        problem.basis = choose_basis(self.machine_with(values), boundaries, solved)
        return problem

    def with_data(self, dataset: Dataset) -> Problem:
        """Return the problem with other data of the same machine, to predict them."""
        return self._of(dataset)

    def without(self, records: Collection[int]) -> Problem:
        """Return the problem without some of its records."""
        problem = self._of(self.dataset)
        problem.records = [r for r in self.records if r not in records]
        return problem

    def _of(self, dataset: Dataset) -> Problem:
        problem = type(self).__new__(type(self))
        problem.__dict__.update(self.__dict__, dataset=dataset)
        return problem

    def machine_with(self, values: Mapping[str, Any]) -> Machine:
        """Return the machine with parameter values; unknown flows set its design flows.

        Values may be arrays of shape (m, 1); the machine then stands for `m` machines.
        """
        own = {
            place: v
            for place, v in values.items()
            if not (place.startswith("data.") or is_weight(place))
        }
        for quantity, (level, per_kelvin) in self.flows(values).items():
            T_name = quantity.replace("m_flow", "T") + "_in"
            T_mean = float(self.dataset.values[T_name].mean())
            T_design = getattr(self.machine.design.boundary, T_name)
            own[f"design_point.{quantity}"] = level * (1.0 + per_kelvin * (T_design - T_mean))
        machine = self.machine.with_parameters(own)
        if self.basis is None:
            return machine
        return replace(machine, remainder=self.basis.remainder(values))

    def dataset_with(self, values: dict[str, float]) -> Dataset:
        """Return the data with the unknown flows that a fit found."""
        if not self.dataset.unknown_flows:
            return self.dataset
        return self.dataset.with_flows(self.flows(values))

    def flows(self, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Unknown flows: level in kg/s and relative change per kelvin, by quantity."""
        flows = {}
        for quantity, constant in self.dataset.unknown_flows.items():
            level = values.get(f"data.{quantity}", to_si(constant.value, constant.unit, "kg/s"))
            per_kelvin = values.get(f"data.{quantity}.per_kelvin", constant.per_kelvin)
            flows[quantity] = (level, per_kelvin)
        return flows

    def predict(self, values: dict[str, float], records: Sequence[int]) -> pd.DataFrame:
        """Predict records: one row each, columns `OUTPUTS`, SI units; NaN without a solution."""
        with threadpool_limits(1):
            solved = self._solve(values, records)
        return pd.DataFrame(solved.outputs.T, index=list(records), columns=list(OUTPUTS))

    def speeds(self, values: dict[str, float], records: Sequence[int]) -> pd.Series[float]:
        """Compressor speeds of records: as recorded, or those that give the recorded heat."""
        with threadpool_limits(1):
            found = self._boundaries(values, records, self._solve(values, records))
        return pd.Series(found.compressor_speed, index=list(records))

    def sensitivities(
        self, parameters: Sequence[FreeParameter], values: Vector, records: Sequence[int]
    ) -> tuple[pd.DataFrame, Array]:
        """Predictions, and their derivatives by the parameters, shape (records, outputs, n).

        Records without a solution have NaN as prediction and 0 as derivatives.
        """
        by_place = {p.place: float(v) for p, v in zip(parameters, values, strict=True)}
        with threadpool_limits(1):
            solved = self._solve(by_place, records)
            derivatives = self._derivatives(parameters, values, records, solved)
        frame = pd.DataFrame(solved.outputs.T, index=list(records), columns=list(OUTPUTS))
        return frame, derivatives[:, : len(OUTPUTS)]

    def _derivatives(
        self,
        parameters: Sequence[FreeParameter],
        values: Vector,
        records: Sequence[int],
        solved: Solutions,
    ) -> Array:
        by_place = {p.place: float(v) for p, v in zip(parameters, values, strict=True)}
        at = self._at(by_place, records, solved)
        r0, o0 = at.evaluate(solved.unknowns)
        of_residuals, of_outputs = at.jacobians(solved.unknowns)
        usable: Array = np.isfinite(of_residuals).all(axis=(1, 2)) & np.isfinite(of_outputs).all(
            axis=(1, 2)
        )
        inverses = np.zeros_like(of_outputs)
        inverses[usable] = of_outputs[usable] @ np.linalg.pinv(of_residuals[usable])
        derivatives = np.full((len(records), len(ROWS), len(parameters)), np.nan)
        scales = np.array([p.scale for p in parameters])
        upper = np.array([p.upper for p in parameters])
        inward = np.where(values + PARAMETER_STEP * scales > upper, -1.0, 1.0)
        left = np.arange(len(parameters))
        for share in STEP_SHARES:
            steps = share * inward[left] * PARAMETER_STEP * scales[left]
            # One set of parameters for each that is moved.
            table = np.repeat(values[None], len(left), axis=0)
            table[np.arange(len(left)), left] += steps
            moved = {p.place: table[:, [j]] for j, p in enumerate(parameters)}
            residuals, outputs = self._at(moved, records, solved).evaluate(solved.unknowns)
            shape = (len(left), len(records))
            residuals = np.broadcast_to(residuals, (len(residuals), *shape))
            outputs = np.broadcast_to(outputs, (len(outputs), *shape))
            # Implicit function theorem: the unknowns follow so that residuals stay zero.
            change = (
                outputs - o0[:, None] - np.einsum("nor,rpn->opn", inverses, residuals - r0[:, None])
            )
            quotients = np.moveaxis(change / steps[:, None], (0, 1, 2), (1, 2, 0))
            so_far = derivatives[:, :, left]
            derivatives[:, :, left] = np.where(np.isfinite(so_far), so_far, quotients)
            wanted = ~np.isfinite(derivatives[usable][:, :, left]).all(axis=(0, 1))
            left = left[wanted]
            if not len(left):
                break
        return np.where(np.isfinite(derivatives), derivatives, 0.0) * usable[:, None, None]

    def fit(
        self,
        parameters: Sequence[FreeParameter],
        records: Sequence[int] | None = None,
        start: dict[str, float] | None = None,
        loss: Loss = "linear",
        tolerance: float = FIT_TOLERANCE,
    ) -> Fit:
        """Fit parameters to records.

        Parameters
        ----------
        parameters : sequence of FreeParameter
            That may move; all others keep the machine's values.
        records : sequence of int, optional
            That take part; all of the problem by default.
        start : dict of str to float, optional
            Where to begin, by place; a parameter's own start value by default.
        loss : str
            Of `scipy.optimize.least_squares`; other than ``linear`` outliers count less.
        tolerance : float
            At which it is converged.

        Raises
        ------
        SolveError
            If no record has a solution where the fit begins.
        """
        records = self.records if records is None else list(records)
        parameters = tuple(parameters)
        scales = np.array([p.scale for p in parameters])
        first = np.array([(start or {}).get(p.place, p.start) for p in parameters])
        lower = np.array([p.lower for p in parameters])
        upper = np.array([p.upper for p in parameters])
        first = np.clip(first, lower, upper)
        priors = np.array([j for j, p in enumerate(parameters) if math.isfinite(p.prior_sd)], int)
        prior_mean = np.array([p.start for p in parameters])
        prior_sd = np.array([p.prior_sd for p in parameters])
        place = [(i, OUTPUTS.index(q)) for i, r in enumerate(records) for q in self.fields[r]]
        rows, columns = np.array([i for i, _ in place]), np.array([k for _, k in place])
        sigma = np.array([self.sigma[r][q] for r in records for q in self.fields[r]])
        measured = self.dataset.values.loc[records, list(dict.fromkeys(self.quantities))]
        measured = np.array([measured.at[r, q] for r in records for q in self.fields[r]])
        known: list[tuple[bytes, Solutions]] = []
        is_open = all(
            any(p.place == place and math.isfinite(p.prior_sd) for p in parameters)
            for place in ("design_point.p_low", "design_point.p_high")
        )

        def excess(solved: Solutions) -> Array:
            """Efficiency of each record beyond what is usual, in standard uncertainties.

            Where no pressures were read a fit can trade them against the compressor's losses until
            it has none.
            """
            beyond = (solved.efficiency - USUAL_EFFICIENCY) / EFFICIENCY_SD
            return np.nan_to_num(np.maximum(beyond, 0.0))

        def oversize(table: Matrix) -> Array:
            """Transfer units beyond usual ones, standard uncertainties, shape (2, sets of values).

            A set without a design point has none; its records have no solution.
            """
            values = {p.place: table[:, [j]] for j, p in enumerate(parameters)}
            return (
                np.nan_to_num(np.maximum(self._transfer_units(values) - LARGEST_NTU, 0.0)) / NTU_SD
            )

        def solved_at(x: Vector) -> Solutions:
            # Residuals and derivatives are asked for at the same values, one after the other.
            if not known or known[0][0] != x.tobytes():
                by_place = {p.place: float(v) for p, v in zip(parameters, x * scales, strict=True)}
                before = known[0][1] if known else None
                known[:] = [(x.tobytes(), self._solve(by_place, records, before))]
            return known[0][1]

        def residuals(x: Vector) -> Vector:
            solved = solved_at(x)
            of_data = (solved.outputs[columns, rows] - measured) / sigma
            of_data = np.where(np.isfinite(of_data), of_data, PENALTY)
            of_priors = ((x * scales - prior_mean) / prior_sd)[priors]
            of_exchangers = oversize((x * scales)[None])[:, 0]
            rows_of_all = [of_data, of_priors, of_exchangers]
            return np.concatenate([*rows_of_all, excess(solved)] if is_open else rows_of_all)

        def jacobian(x: Vector) -> Matrix:
            solved = solved_at(x)
            derivatives = self._derivatives(parameters, x * scales, records, solved)
            of_data = derivatives[rows, columns, :] / sigma[:, None] * scales
            of_priors = np.zeros((len(priors), len(parameters)))
            of_priors[np.arange(len(priors)), priors] = (scales / prior_sd)[priors]
            steps = OVERSIZE_STEP * scales
            moved = oversize(x * scales + np.vstack([np.diag(steps), -np.diag(steps)]))
            ahead, behind = np.split(moved, 2, axis=1)
            of_exchangers = (ahead - behind) / (2.0 * OVERSIZE_STEP)
            if not is_open:
                return np.vstack([of_data, of_priors, of_exchangers])
            is_beyond = (excess(solved) > 0.0)[:, None]
            of_excess = is_beyond * derivatives[:, -1] * scales / EFFICIENCY_SD
            return np.vstack([of_data, of_priors, of_exchangers, of_excess])

        with threadpool_limits(1):
            if not solved_at(first / scales).are_solved.any():
                raise SolveError("no record has a solution at the start values of the fit")
            result = least_squares(
                residuals,
                first / scales,
                jacobian,
                bounds=(lower / scales, upper / scales),
                loss=loss,
                f_scale=ROBUST_SCALE,
                xtol=tolerance,
                ftol=tolerance,
                gtol=tolerance,
                max_nfev=MOST_EVALUATIONS,
            )
            result.jac = jacobian(result.x)  # a robust loss scales the one that it returns
            return self._summarise(parameters, records, result, rows, columns)

    def _summarise(
        self,
        parameters: tuple[FreeParameter, ...],
        records: Sequence[int],
        result: object,
        rows: np.ndarray[tuple[int], np.dtype[np.int64]],
        columns: np.ndarray[tuple[int], np.dtype[np.int64]],
    ) -> Fit:
        jac, fun, x = result.jac, result.fun, result.x  # type: ignore[attr-defined]
        scales = np.array([p.scale for p in parameters])
        information = jac.T @ jac
        inverse = np.linalg.pinv(information, hermitian=True)
        freedom = max(len(fun) - EXCHANGERS - len(parameters), 1)
        chi_squared = float(fun @ fun) / freedom
        standardised, left_out = {}, {}
        for i, record in enumerate(records):
            at = np.flatnonzero(rows == i)
            standardised[record] = fun[at]
            hat = jac[at] @ inverse @ jac[at].T
            left_out[record] = np.linalg.solve(np.eye(len(at)) - (1.0 - 1e-9) * hat, fun[at])
        of_data = jac[: len(rows)]
        leverage = np.einsum("ij,jk,ik->i", of_data, inverse, of_data)
        redundancy = {
            q: max(float((1.0 - leverage[columns == OUTPUTS.index(q)]).sum()), 0.0)
            for q in self.quantities
        }
        return Fit(
            parameters=parameters,
            values=x * scales,
            covariance=inverse * np.outer(scales, scales) * max(chi_squared, 1.0),
            chi_squared_reduced=chi_squared,
            converged=result.status > 0,  # type: ignore[attr-defined]
            cost=float(result.cost),  # type: ignore[attr-defined]
            standardised=standardised,
            left_out=left_out,
            redundancy=redundancy,
        )

    def _transfer_units(self, values: Mapping[str, Any]) -> Array:
        """Of condenser and evaporator at the design point, shape (2, sets of values).

        NaN where the design point contradicts physics.
        """
        cycle = self._cycle(values)
        design, sizes = cycle.machine.design.boundary, cycle.relations.sizes
        units = (
            sizes.condenser_conductance
            / (design.m_flow_sink * cycle.sink.heat_capacity(design.T_sink_in)),
            sizes.evaporator_conductance
            / (design.m_flow_source * cycle.source.heat_capacity(design.T_source_in)),
        )
        return np.array(
            [np.broadcast_to(u, (len(next(iter(values.values()))), 1))[:, 0] for u in units]
        )

    def _cycle(self, values: Mapping[str, Any]) -> QuickCycle:
        return QuickCycle(self.machine_with(values))

    def _at(
        self, values: Mapping[str, Any], records: Sequence[int], solved: Solutions
    ) -> CycleAt | CycleAtHeat:
        """Equations of the cycle at some records, whose speeds may be known from a solution."""
        cycle, boundaries = self._cycle(values), self._boundaries(values, records, solved)
        if isinstance(solved, SolutionsAtHeat):
            return CycleAtHeat(cycle, boundaries)
        return cycle.at(boundaries)

    def _boundaries(
        self, values: Mapping[str, Any], records: Sequence[int], solved: Solutions | None = None
    ) -> Boundary:
        """Inputs of shape (records,), or (m, records) for flows of `m` sets of values."""
        frame = self.dataset.values
        inputs = {
            q: frame.loc[list(records), q].to_numpy(float, copy=True) for q in BOUNDARY_QUANTITIES
        }
        for flow, (level, per_kelvin) in self.flows(values).items():
            inlet = FLOW_INLETS[flow]
            inputs[flow] = level * (1.0 + per_kelvin * (inputs[inlet] - frame[inlet].mean()))
            inputs[flow] = np.where(inputs[flow] > 0.0, inputs[flow], math.nan)
        if isinstance(solved, SolutionsAtHeat):
            inputs["compressor_speed"] = solved.speed
        return Boundary(**inputs)

    def _solve(
        self, values: Mapping[str, float], records: Sequence[int], start: Solutions | None = None
    ) -> Solutions:
        cycle, boundaries = self._cycle(values), self._boundaries(values, records)
        if self.dataset.heat_is_given:
            heat = self.dataset.values.loc[list(records), HEAT].to_numpy(float)
            at_heat = start if isinstance(start, SolutionsAtHeat) else None
            return solve_at_heat(cycle, boundaries, heat, at_heat)
        return cycle.solve_all(boundaries, start.unknowns if start else None)
