"""The performance map: steady operating points from a table, without solving the cycle.

What is tabulated is the condensing unit (compressor and condenser) over speed, sink inlet, sink
flow, dew temperature and superheat at suction, where it is smooth. Evaporator and valve, whose
limits hand over to each other within a kelvin, are not smoothed by a table: their closures are
solved here for one unknown, the evaporator's approach. Six quantities are interpolated; heat to the
sink, losses, COP, outlets and the remaining enthalpies follow from the balances, so energy is
conserved to the last digit.

The interpolant is a tensor product of polynomials through Chebyshev nodes [1]_, hence smooth.
Needs numpy alone; `tabulation` makes it.

References
----------
.. [1] L. N. Trefethen, Approximation Theory and Approximation Practice, SIAM 2013, chapters 3, 8.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from dataclasses import asdict, dataclass, field, fields
from math import acos, exp, expm1, hypot
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .closures import EVAPORATING_BLEND, SUPERHEAT_BLEND
from .errors import InputError, SolveError
from .machine import Machine
from .quantities import BOUNDARY_QUANTITIES, Boundary, OperatingPoint
from .relations import Relations, resting_temperature
from .sizes import Sizes

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

# Version of the stored format. A map of another version is not used.
FORMAT = 1

# Rows of the table. Flows and power are per unit of speed and as logarithms: close to linear.
ROWS = (
    "log_Q_flow_source_per_speed",
    "log_m_flow_refrigerant_per_speed",
    "log_compressor_power_per_speed",
    "T_bubble",
    "log_p_high",
    "T_discharge",
)
# Rows that depend on the suction state alone.
SUCTION_ROWS = ("h_suction", "log_p_low")

# The evaporator's approach is solved by the secant method, whose error is of the order of the
# product of its last two steps over the width of the sharpest bend, half a kelvin: 1e-4 K here.
STEP_PRODUCT = 1e-4
ITERATIONS = 50

# Modes of the table smaller than this, relative to the largest, are left out when it is evaluated.
LEAST_MODE = 1e-7

# Relative change of the heat flow with dew temperature, 1/K, of refrigerants such as R410A and
# R134a. Only the first step of the search uses it.
HEAT_FLOW_PER_KELVIN = 0.033


@dataclass(frozen=True)
class Series:
    """A function of one variable as a polynomial.

    Attributes
    ----------
    low, high : float
        Range of the variable.
    powers : tuple of float
        Coefficients of the powers of the variable scaled to -1 to 1, highest first.
    """

    low: float
    high: float
    powers: tuple[float, ...]

    def __call__(self, x: float) -> float:
        """Evaluate by Horner's rule."""
        u = (x + x - self.low - self.high) / (self.high - self.low)
        value = 0.0
        for c in self.powers:
            value = value * u + c
        return value


@dataclass(frozen=True)
class MediumSeries:
    """A secondary medium at the pressure of its circuit, by temperature in K.

    Attributes
    ----------
    heat_capacity, enthalpy : Series
        J/(kg K) and J/kg over temperature in K.
    temperature : Series
        K over enthalpy in J/kg.
    """

    heat_capacity: Series
    enthalpy: Series
    temperature: Series

    def outlet(self, T_in: float, enthalpy_rise: float) -> float:
        """Temperature in K after taking up `enthalpy_rise` in J/kg.

        Raises
        ------
        SolveError
            If that leaves the range of the medium.
        """
        h = self.enthalpy(T_in) + enthalpy_rise
        if not self.temperature.low <= h <= self.temperature.high:
            raise SolveError(f"secondary medium leaves its range after {enthalpy_rise:.4g} J/kg")
        return self.temperature(h)


@dataclass(frozen=True)
class SaturationSeries:
    """Saturated refrigerant over temperature in K, for the machine at rest."""

    log_p_dew: Series
    h_dew: Series
    h_bubble: Series


@dataclass(frozen=True)
class Axis:
    """One coordinate of the table.

    Attributes
    ----------
    name : str
        Quantity.
    low, high : float
        Range, SI units.
    is_logarithmic : bool
        Whether nodes lie in the logarithm.
    nodes : int
        Their number.
    middle, per_half : float
        The scaled value is the value, or its logarithm, less `middle`, times `per_half`.
    """

    name: str
    low: float
    high: float
    is_logarithmic: bool
    nodes: int
    middle: float = field(init=False, repr=False, compare=False)
    per_half: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = self._stretched(self.low), self._stretched(self.high)
        # Scaling is part of every evaluation, so its constants are computed once.
        object.__setattr__(self, "middle", 0.5 * (low + high))
        object.__setattr__(self, "per_half", 2.0 / (high - low))

    def _stretched(self, value: float) -> float:
        return math.log(value) if self.is_logarithmic else value

    def scaled(self, value: float) -> float:
        """Map the range to -1 to 1."""
        return (self._stretched(value) - self.middle) * self.per_half

    def scaled_within(self, value: float) -> float:
        """Map the range to -1 to 1, and what rounding puts beyond it to its end."""
        return min(max(self.scaled(value), -1.0), 1.0)

    def value(self, scaled: float) -> float:
        """Return what `scaled` maps to `scaled`."""
        stretched = self.middle + scaled / self.per_half
        return math.exp(stretched) if self.is_logarithmic else stretched


# Names and order of the axes. The first three are inputs; the last two are solved for.
AXES = ("compressor_speed", "T_sink_in", "m_flow_sink", "superheat", "T_dew")


@dataclass(frozen=True)
class MapTable:
    """What a performance map stores.

    Attributes
    ----------
    machine_fingerprint : str
        `Machine.fingerprint` of the machine tabulated.
    sizes : Sizes
        Of its components.
    axes : tuple of Axis
        In the order of `AXES`.
    coefficients : numpy.ndarray
        Shape (rows, superheat, T_dew, speed, T_sink_in, m_flow_sink): powers of the scaled
        superheat and dew temperature, Chebyshev polynomials of the others.
    suction_coefficients : numpy.ndarray
        Shape (suction rows, superheat, T_dew).
    approach_estimate : tuple of float
        Constant and factors of `stretched_inputs`: the logarithm of the evaporator's approach,
        roughly, to begin with.
    source, sink : MediumSeries
        Secondary media.
    saturation : SaturationSeries
        Of the refrigerant.
    """

    machine_fingerprint: str
    sizes: Sizes
    axes: tuple[Axis, ...]
    coefficients: Array
    suction_coefficients: Array
    approach_estimate: tuple[float, ...]
    source: MediumSeries
    sink: MediumSeries
    saturation: SaturationSeries

    def save(self, path: Path) -> None:
        """Write the map as ``<path>`` (JSON) and beside it the coefficients as ``.npy``."""
        buffer = io.BytesIO()
        for array in (self.coefficients, self.suction_coefficients):
            np.save(buffer, array, allow_pickle=False)
        content = {
            "format": FORMAT,
            "machine_fingerprint": self.machine_fingerprint,
            "sizes": asdict(self.sizes),
            "axes": [
                {f.name: getattr(axis, f.name) for f in fields(axis) if f.init}
                for axis in self.axes
            ],
            "approach_estimate": list(self.approach_estimate),
            "source": asdict(self.source),
            "sink": asdict(self.sink),
            "saturation": asdict(self.saturation),
            "coefficients_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        }
        content["sha256"] = _digest(content)
        path.with_suffix(".npy").write_bytes(buffer.getvalue())
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, machine: Machine) -> MapTable:
        """Read what `save` wrote for the same machine.

        Raises
        ------
        InputError
            If it is damaged, or a map of another machine or version.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            stored, found = content.pop("sha256"), content["format"]
            raw = path.with_suffix(".npy").read_bytes()
            is_whole = (
                stored == _digest(content)
                and content["coefficients_sha256"] == hashlib.sha256(raw).hexdigest()
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: not a performance map: {error}") from error
        if found != FORMAT:
            raise InputError(f"{path}: performance map of format {found}; expected {FORMAT}")
        if not is_whole:
            raise InputError(f"{path}: performance map is damaged: its hash does not fit")
        if content["machine_fingerprint"] != machine.fingerprint:
            raise InputError(
                f"{path}: performance map of another machine or of other parameters than "
                f"{machine.name}; expected fingerprint {machine.fingerprint[:12]}, found "
                f"{content['machine_fingerprint'][:12]}"
            )
        arrays = io.BytesIO(raw)
        return cls(
            machine_fingerprint=content["machine_fingerprint"],
            sizes=Sizes(**content["sizes"]),
            axes=tuple(Axis(**axis) for axis in content["axes"]),
            coefficients=np.load(arrays, allow_pickle=False),
            suction_coefficients=np.load(arrays, allow_pickle=False),
            approach_estimate=tuple(content["approach_estimate"]),
            source=MediumSeries(**{k: _series(v) for k, v in content["source"].items()}),
            sink=MediumSeries(**{k: _series(v) for k, v in content["sink"].items()}),
            saturation=SaturationSeries(
                **{k: _series(v) for k, v in content["saturation"].items()}
            ),
        )


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def _series(content: dict[str, Any]) -> Series:
    return Series(content["low"], content["high"], tuple(content["powers"]))


class PerformanceMap:
    """Evaluates a table; takes the place of `cycle.HeatPumpCycle`.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    table : MapTable
        Made for it.
    """

    def __init__(self, machine: Machine, table: MapTable) -> None:
        self._machine = machine
        self.table = table
        self._relations = Relations(machine, table.sizes)
        rows, superheats, dews, *inputs = table.coefficients.shape
        powers = superheats * dews
        left, right = low_rank(table.coefficients.reshape(rows * powers, math.prod(inputs)), rows)
        speeds, sinks, flows = inputs
        modes = len(right)
        # Work space with views of it: a step makes no array. Angles of all Chebyshev polynomials
        # from the three angles of the inputs, then one contraction after the other.
        multiples = np.zeros((speeds + sinks + flows, 3))
        multiples[:speeds, 0] = np.arange(speeds)
        multiples[speeds : speeds + sinks, 1] = np.arange(sinks)
        multiples[speeds + sinks :, 2] = np.arange(flows)
        basis = np.empty(len(multiples))
        by_flow = np.ascontiguousarray(
            right.reshape(modes, speeds, sinks, flows).transpose(3, 2, 1, 0).reshape(flows, -1)
        )
        of_flow, of_sink, of_speed = (
            np.empty(by_flow.shape[1]),
            np.empty(speeds * modes),
            np.empty(modes),
        )
        suction_powers, of_state = np.empty(superheats + dews), np.empty((superheats, dews))
        # Polynomials of the suction state: those of the condensing unit at its present inputs, and
        # below them those that do not depend on inputs.
        polynomials = np.empty((rows + len(SUCTION_ROWS), powers))
        polynomials[rows:] = table.suction_coefficients.reshape(-1, powers)
        of_unit = polynomials[:rows].reshape(-1)
        self._contraction = (
            multiples,
            basis,
            basis[speeds + sinks :],
            by_flow,
            of_flow,
            basis[speeds : speeds + sinks],
            of_flow.reshape(sinks, -1),
            of_sink,
            basis[:speeds],
            of_sink.reshape(speeds, modes),
            of_speed,
            left,
            of_unit,
        )
        # The two rows that the search asks for, backwards: highest powers first.
        self._searched = of_unit[2 * powers - 1 :: -1]
        self._dews, self._superheats = dews, superheats
        self._suction = (
            suction_powers,
            suction_powers[:superheats, None],
            suction_powers[None, superheats:],
            of_state,
            of_state.reshape(-1),
            polynomials,
        )
        self._unit_inputs: tuple[float, float, float] | None = None
        self._searched_rows: list[tuple[list[float], list[float]]] = []

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Return the steady operating point at `boundary`.

        Parameters
        ----------
        boundary : Boundary
            Inside the envelope of the machine; K and kg/s.

        Raises
        ------
        SolveError
            If the evaporator's approach is not found, or leads out of the table.
        """
        machine, table = self._machine, self.table
        speed, T_source_in, T_sink_in = (
            boundary.compressor_speed,
            boundary.T_source_in,
            boundary.T_sink_in,
        )
        if self._unit_inputs != (speed, T_sink_in, boundary.m_flow_sink):
            self._set_unit(speed, T_sink_in, boundary.m_flow_sink)
        T_dew, superheat = self._solve_suction(boundary)
        powers, of_superheat, of_dew, of_state, flat_state, polynomials = self._suction
        powers[:] = _powers(table.axes[3].scaled(superheat), self._superheats) + _powers(
            table.axes[4].scaled(T_dew), self._dews
        )
        np.multiply(of_superheat, of_dew, out=of_state)
        (
            log_Q_flow_source,
            log_m_flow,
            log_power,
            T_bubble,
            log_p_high,
            T_discharge,
            h_suction,
            log_p_low,
        ) = polynomials.dot(flat_state).tolist()
        m_flow = speed * math.exp(log_m_flow)
        power = speed * math.exp(log_power)
        Q_flow_source = speed * math.exp(log_Q_flow_source)
        P_el = power + machine.auxiliary_power
        shell_loss = machine.compressor.shell_loss_ratio * power
        Q_flow_loss = shell_loss + machine.auxiliary_power
        Q_flow_sink = P_el + Q_flow_source - Q_flow_loss
        subcooling = self._relations.subcooling(T_bubble, boundary)
        return OperatingPoint(
            P_el,
            Q_flow_sink,
            Q_flow_source,
            Q_flow_loss,
            Q_flow_sink / P_el,
            table.source.outlet(T_source_in, -Q_flow_source / boundary.m_flow_source),
            table.sink.outlet(T_sink_in, Q_flow_sink / boundary.m_flow_sink),
            m_flow,
            math.exp(log_p_low),
            math.exp(log_p_high),
            T_dew + superheat,
            T_discharge,
            T_bubble - subcooling,
            superheat,
            subcooling,
            h_suction,
            h_suction + (power - shell_loss) / m_flow,
            h_suction - Q_flow_source / m_flow,
        )

    def standby(self, boundary: Boundary) -> OperatingPoint:
        """Return the machine when off: as `cycle.HeatPumpCycle.standby`."""
        saturation, power = self.table.saturation, self._machine.standby_power
        T = resting_temperature(boundary)
        T = min(max(T, saturation.log_p_dew.low), saturation.log_p_dew.high)
        p, h_dew = math.exp(saturation.log_p_dew(T)), saturation.h_dew(T)
        return OperatingPoint.at_rest(
            boundary, power, p=p, T=T, h_dew=h_dew, h_bubble=saturation.h_bubble(T)
        )

    def _set_unit(self, speed: float, T_sink_in: float, m_flow_sink: float) -> None:
        """Contract the table over the inputs of the condensing unit."""
        (
            multiples,
            basis,
            flow_basis,
            by_flow,
            of_flow,
            sink_basis,
            by_sink,
            of_sink,
            speed_basis,
            by_speed,
            of_speed,
            left,
            of_unit,
        ) = self._contraction
        self._unit_inputs = None
        axes = self.table.axes
        # Chebyshev polynomials are cosines: T_k(cos a) = cos(k a).
        angles = [
            acos(axes[0].scaled_within(speed)),
            acos(axes[1].scaled_within(T_sink_in)),
            acos(axes[2].scaled_within(m_flow_sink)),
        ]
        np.cos(multiples.dot(angles), out=basis)
        flow_basis.dot(by_flow, out=of_flow)
        sink_basis.dot(by_sink, out=of_sink)
        speed_basis.dot(by_speed, out=of_speed)
        left.dot(of_speed, out=of_unit)
        backwards, d = self._searched.tolist(), self._dews
        n = len(backwards) // 2
        self._searched_rows = [
            (backwards[i + n : i + n + d], backwards[i : i + d]) for i in range(0, n, d)
        ]
        self._unit_inputs = (speed, T_sink_in, m_flow_sink)

    def _solve_suction(self, boundary: Boundary) -> tuple[float, float]:
        """Solve the evaporator's approach; returns dew temperature and superheat in K.

        The loop spells out `EvaporatorAt` and `closures`, since calling them would cost more than
        they compute; a test holds the two together.
        """
        table, machine, speed = self.table, self._machine, boundary.compressor_speed
        T_source_in = boundary.T_source_in
        C = boundary.m_flow_source * table.source.heat_capacity(T_source_in)
        at = self._relations.evaporator(boundary, C)
        T_max, setting, largest = at.T_max, at.superheat_setting, at.superheat_fraction_max
        conductance, secondary = at.nominal_conductance, at.secondary_resistance
        refrigerant = 1.0 - machine.evaporator.secondary_resistance_share
        exponent = -machine.evaporator.refrigerant_flow_exponent
        flow_scale = speed / table.sizes.m_flow_refrigerant
        of_superheat, of_dew = table.axes[3:]
        superheat_middle, superheat_scale = of_superheat.middle, of_superheat.per_half
        dew_middle, dew_scale = of_dew.middle, of_dew.per_half
        rows = self._searched_rows

        approach = self._estimate(boundary)
        approach_before = excess_before = step = math.inf
        for _ in range(ITERATIONS):
            T_wetted = T_source_in - approach
            T_dew = 0.5 * (T_wetted + T_max - hypot(T_wetted - T_max, EVAPORATING_BLEND))
            actual = T_source_in - T_dew
            starved, limit = setting + actual - approach, largest * actual
            superheat = 0.5 * (starved + limit - hypot(starved - limit, SUPERHEAT_BLEND))
            s = (superheat - superheat_middle) * superheat_scale
            t = (T_dew - dew_middle) * dew_scale
            if not (-1.0 <= s <= 1.0 and -1.0 <= t <= 1.0):
                # The search may leave the table; then the nearest point of the table is used.
                s, t = min(max(s, -1.0), 1.0), min(max(t, -1.0), 1.0)
            log_heat = log_flow = 0.0
            for heat_row, flow_row in rows:
                heat = flow = 0.0
                for of_heat, of_flow in zip(heat_row, flow_row, strict=False):
                    heat = heat * t + of_heat
                    flow = flow * t + of_flow
                log_heat = log_heat * s + heat
                log_flow = log_flow * s + flow
            ua = conductance / (secondary + refrigerant * (flow_scale * exp(log_flow)) ** exponent)
            needed = speed * exp(log_heat) / (-expm1(-ua / C) * C)
            excess = approach - needed
            if excess_before == math.inf:
                # The dew temperature follows the approach unless the valve limits it.
                follows = (T_max - T_dew) / (T_wetted + T_max - 2.0 * T_dew)
                slope = 1.0 + HEAT_FLOW_PER_KELVIN * needed * follows
            else:
                # The excess rises with the approach by more than the approach itself.
                slope = max((excess - excess_before) / (approach - approach_before), 0.1)
            step_before, step = step, max(-excess / slope, -0.5 * approach)
            if abs(step * step_before) < STEP_PRODUCT:
                break
            approach_before, excess_before = approach, excess
            approach += step
        else:
            raise SolveError("the evaporator's approach was not found")
        approach += step
        T_dew = at.T_dew(approach)
        superheat = at.superheat(T_dew, approach)
        if not (
            of_dew.low <= T_dew <= of_dew.high
            and of_superheat.low <= superheat <= of_superheat.high
        ):
            raise SolveError(
                f"dew temperature {T_dew:.2f} K, superheat {superheat:.2f} K: outside the map"
            )
        return T_dew, superheat

    def _estimate(self, boundary: Boundary) -> float:
        value, *factors = self.table.approach_estimate
        for factor, x in zip(factors, stretched_inputs(boundary), strict=True):
            value += factor * x
        return math.exp(value)


def stretched_inputs(boundary: Boundary) -> list[float]:
    """Inputs as the estimate of the approach takes them: a power law's by their logarithm."""
    return [
        math.log(x) if quantity.acts_by_power else x
        for quantity, x in zip(BOUNDARY_QUANTITIES.values(), vars(boundary).values(), strict=True)
    ]


def _powers(x: float, count: int) -> list[float]:
    """1, x, x**2 and so on."""
    values = [1.0]
    for _ in range(count - 1):
        values.append(values[-1] * x)
    return values


def low_rank(matrix: Array, rows: int) -> tuple[Array, Array]:
    """Factors of a matrix without the modes that no digit of a result would show.

    The rows of the table differ by orders of magnitude, so each is weighed by its largest entry.
    """
    weights = np.abs(matrix).reshape(rows, -1).max(axis=1)
    weights = np.repeat(weights, len(matrix) // rows)[:, None]
    u, sizes, v = np.linalg.svd(matrix / weights, full_matrices=False)
    kept = max(int((sizes > LEAST_MODE * sizes[0]).sum()), 1)
    return (
        np.ascontiguousarray(weights * u[:, :kept] * sizes[:kept]),
        np.ascontiguousarray(v[:kept]),
    )
