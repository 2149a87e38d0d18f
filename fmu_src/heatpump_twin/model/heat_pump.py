"""The heat pump as its surroundings see it, readably: an answer to every boundary, with a status.

Whatever is asked, `HeatPump.answer` answers: off when the speed is 0, from the nearest point of the
envelope when the boundary lies outside, and with no point, so that the last one is held, when an
input has no meaning or the cycle has no solution. The status says which, and notes name the
variable and its value.

The core in C (`core/heat_pump.c`) does the same at run time, and tests hold it to this.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import NamedTuple, Protocol

from .errors import SolveError
from .frost import Frosting
from .machine import Envelope, Machine
from .quantities import (
    BOUNDARY_QUANTITIES,
    LEAST_FLOW,
    RESULT_QUANTITIES,
    Boundary,
    OperatingPoint,
    OperatingStatus,
    Quantity,
    with_unit,
)

# Number of bisections between the design point and a boundary whose result exceeds a limit: the
# point found is within 1/2**10 of that distance from the limit.
BISECTIONS = 10

# An input that misses the end of a range by this share of its usual value or less is taken to be
# that end: arithmetic of a host makes such differences, and nobody asks for them.
ROUND_OFF = 1e-9

_EXTENSIVE_INPUTS = tuple(q for q, is_a in BOUNDARY_QUANTITIES.items() if is_a.is_extensive)
_EXTENSIVE_RESULTS = tuple(q for q, is_a in RESULT_QUANTITIES.items() if is_a.is_extensive)


class OffDesign(Protocol):
    """Gives the steady operating point at a boundary inside the envelope."""

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Return the operating point; raises `SolveError` where there is none."""
        ...


class SteadyState(OffDesign, Protocol):
    """Gives the machine when off, too.

    `cycle.HeatPumpCycle` solves it; `performance_map.PerformanceMap` interpolates it.

    Attributes
    ----------
    fails_beyond_limits_only : bool
        Whether it has no answer only beyond what the machine can do, as a map; a solver may fail
        anywhere.
    """

    fails_beyond_limits_only: bool

    def standby(self, boundary: Boundary) -> OperatingPoint:
        """Return the machine when off."""
        ...


class Answer(NamedTuple):
    """An operating point, how it came about, and what the user should know of it.

    Attributes
    ----------
    point : OperatingPoint or None
        Finite; None with the status 3 or 4: the last result is to be held.
    status : OperatingStatus
        How `point` came about.
    notes : tuple of str
        One line for each input that was moved or rejected, and for a failed solve.
    """

    point: OperatingPoint | None
    status: OperatingStatus
    notes: tuple[str, ...] = ()


class HeatPump:
    """One or more identical heat pumps side by side.

    Parameters
    ----------
    machine : Machine
        Its envelope and design boundary.
    steady_state : SteadyState
        Where operating points come from.
    """

    def __init__(self, machine: Machine, steady_state: SteadyState) -> None:
        self.machine = machine
        self.steady_state = steady_state
        self.number_of_units = 1
        self.standby_power = machine.standby_power
        #: Of its coil, where that is to be counted.
        self.frosting: Frosting | None = None

    def answer(self, boundary: Boundary) -> Answer:
        """Answer any boundary.

        Parameters
        ----------
        boundary : Boundary
            Temperatures in K, mass flows of all units together in kg/s. Any float is accepted.

        """
        given = Boundary(
            *(
                without_round_off(x, q.minimum, q.maximum, q)
                for q, x in zip(BOUNDARY_QUANTITIES.values(), vars(boundary).values(), strict=True)
            )
        )
        try:
            answer = self._answer_of(given)
            if answer.point is None:
                return answer
            return answer._replace(point=self._all_units(answer.point))
        except SolveError as error:
            note = f"{boundary.as_text()}: {error}"
            return Answer(None, OperatingStatus.SOLVE_FAILED, (note,))

    def _answer_of(self, given: Boundary) -> Answer:
        """Answer for one unit, to the inputs of all units."""
        shares = {q: getattr(given, q) / self.number_of_units for q in _EXTENSIVE_INPUTS}
        asked = self._at_the_edge(replace(given, **shares))
        is_inside = _is_inside(asked, self.machine.envelope)
        if not is_inside:
            rejected = _meaningless(given)
            if rejected:
                return Answer(None, OperatingStatus.INPUT_REJECTED, rejected)
            if given.compressor_speed <= ROUND_OFF:
                return Answer(self._off(given), OperatingStatus.OFF)
            without_flow = _without_flow(given, asked)
            if without_flow:
                return Answer(self._off(given), OperatingStatus.OFF, without_flow)
        moved, notes = self._move_into_box(asked)
        try:
            point = self.steady_state.off_design(moved)
        except SolveError as error:
            if not self.steady_state.fails_beyond_limits_only:
                raise
            notes = (*notes, f"{error}; moved towards the design point")
            moved, point = self._move_within_limits(moved)
        else:
            is_within_limits = self.is_within_limits(point)
            if is_inside and is_within_limits:
                return Answer(self.frosted(point, moved, asked), OperatingStatus.INSIDE)
            if not is_within_limits:
                notes = (*notes, *self._broken_limits(point))
                moved, point = self._move_within_limits(moved)
        point = self.frosted(point, moved, asked)
        point, outlet_notes = self._with_outlets_of(asked, moved, point)
        return Answer(point, OperatingStatus.MOVED_TO_ENVELOPE, (*notes, *outlet_notes))

    def frosted(self, point: OperatingPoint, inputs: Boundary, asked: Boundary) -> OperatingPoint:
        """Return the mean over frost and defrost in place of the point of a clean coil.

        Parameters
        ----------
        point : OperatingPoint
            Of one unit.
        inputs : Boundary
            That it belongs to: those asked, or the nearest in the envelope.
        asked : Boundary
            With the air that really enters.
        """
        return self.frosting.mean(point, inputs, asked.T_source_in) if self.frosting else point

    def _at_the_edge(self, boundary: Boundary) -> Boundary:
        """Put inputs that miss an end of the envelope by round-off on that end."""
        values = {}
        for name, value in vars(boundary).items():
            low, high = self.machine.envelope.range(name)
            values[name] = without_round_off(value, low, high, BOUNDARY_QUANTITIES[name])
        return Boundary(**values)

    def _with_outlets_of(
        self, boundary: Boundary, moved: Boundary, point: OperatingPoint
    ) -> tuple[OperatingPoint, tuple[str, ...]]:
        """Give the streams as they really enter the heat of the point that was moved to.

        A sink warmer than the envelope must not come out colder than it went in. Below the least
        flow of the envelope the outlets are those of the least flow: with hardly any flow the heat
        would take them to any temperature.
        """
        outlets, notes = {}, []
        for side in ("source", "sink"):
            T_in, T_out, m_flow = f"T_{side}_in", f"T_{side}_out", f"m_flow_{side}"
            least, _ = self.machine.envelope.range(m_flow)
            flow = max(getattr(boundary, m_flow), least)
            rise = (getattr(point, T_out) - getattr(moved, T_in)) * getattr(moved, m_flow) / flow
            found, declared = getattr(boundary, T_in) + rise, RESULT_QUANTITIES[T_out]
            outlets[T_out] = min(max(found, declared.minimum), declared.maximum)
            if outlets[T_out] != found:
                notes.append(
                    f"{T_out} would be {with_unit(found, declared.unit)}; "
                    f"{outlets[T_out]:.6g} is used"
                )
        return replace(point, **outlets), tuple(notes)

    def _move_into_box(self, boundary: Boundary) -> tuple[Boundary, tuple[str, ...]]:
        envelope = self.machine.envelope
        values, notes = asdict(boundary), []
        for name, value in asdict(boundary).items():
            low, high = envelope.range(name)
            if not low <= value <= high:
                values[name] = min(max(value, low), high)
                unit = BOUNDARY_QUANTITIES[name].unit
                notes.append(
                    f"{name} = {with_unit(value, unit)} is outside the envelope {low:.6g} to "
                    f"{with_unit(high, unit)}; {values[name]:.6g} is used"
                )
        return Boundary(**values), tuple(notes)

    def is_within_limits(self, point: OperatingPoint) -> bool:
        """Whether pressures and discharge temperature of one unit keep their limits."""
        envelope = self.machine.envelope
        return (
            point.p_low >= envelope.p_low_min
            and point.p_high <= envelope.p_high_max
            and point.T_discharge <= envelope.T_discharge_max
        )

    def _broken_limits(self, point: OperatingPoint) -> tuple[str, ...]:
        envelope = self.machine.envelope
        notes = []
        if point.p_low < envelope.p_low_min:
            notes.append(f"p_low = {point.p_low:.6g} Pa is below {envelope.p_low_min:.6g} Pa")
        if point.p_high > envelope.p_high_max:
            notes.append(f"p_high = {point.p_high:.6g} Pa is above {envelope.p_high_max:.6g} Pa")
        if point.T_discharge > envelope.T_discharge_max:
            notes.append(
                f"T_discharge = {point.T_discharge:.6g} K is above {envelope.T_discharge_max:.6g} K"
            )
        return tuple(f"{note}; moved towards the design point" for note in notes)

    def _move_within_limits(self, boundary: Boundary) -> tuple[Boundary, OperatingPoint]:
        """Go towards the design point until there is a solution that keeps every limit."""
        design = self.machine.design.boundary
        inside, outside = 0.0, 1.0
        point = self.steady_state.off_design(design)
        for _ in range(BISECTIONS):
            middle = 0.5 * (inside + outside)
            try:
                candidate = self.steady_state.off_design(design.towards(boundary, middle))
            except SolveError:
                if not self.steady_state.fails_beyond_limits_only:
                    raise
                outside = middle
                continue
            if self.is_within_limits(candidate):
                inside, point = middle, candidate
            else:
                outside = middle
        return design.towards(boundary, inside), point

    def _off(self, boundary: Boundary) -> OperatingPoint:
        return replace(
            self.steady_state.standby(boundary),
            P_el=self.standby_power,
            Q_flow_loss=self.standby_power,
        )

    def _all_units(self, point: OperatingPoint) -> OperatingPoint:
        """Add up over the units; raises `SolveError` where a result leaves its declared range."""
        values = asdict(point)
        for name in _EXTENSIVE_RESULTS:
            values[name] *= self.number_of_units
        for name, value in values.items():
            of = RESULT_QUANTITIES[name]
            if not of.minimum <= value <= of.maximum:
                raise SolveError(
                    f"the solution has {name} = {with_unit(value, of.unit)}, expected "
                    f"{of.minimum:.6g} to {with_unit(of.maximum, of.unit)}"
                )
        return OperatingPoint(**values)


def without_round_off(value: float, low: float, high: float, quantity: Quantity) -> float:
    """Return the value, or the end of a range that it misses by no more than round-off."""
    allowed = ROUND_OFF * quantity.nominal
    if low - allowed <= value < low:
        return low
    return high if high < value <= high + allowed else value


def _is_inside(boundary: Boundary, envelope: Envelope) -> bool:
    """Whether the boundary lies in the envelope's box; not, if one value is no number."""
    values = vars(boundary).values()
    limits = zip(vars(envelope.minimum).values(), vars(envelope.maximum).values(), strict=True)
    return all(low <= x <= high for x, (low, high) in zip(values, limits, strict=True))


def _without_flow(given: Boundary, asked: Boundary) -> tuple[str, ...]:
    """Return a note of each medium that does not flow: a flow switch turns the machine off."""
    return tuple(
        f"{name} = {with_unit(getattr(given, name), BOUNDARY_QUANTITIES[name].unit)}: a machine "
        "without flow is switched off"
        for name in _EXTENSIVE_INPUTS
        if getattr(asked, name) <= LEAST_FLOW
    )


def _meaningless(boundary: Boundary) -> tuple[str, ...]:
    notes = []
    for name, value in asdict(boundary).items():
        quantity = BOUNDARY_QUANTITIES[name]
        if not math.isfinite(value) or not quantity.minimum <= value <= quantity.maximum:
            hint = "; is it in degC?" if quantity.unit == "K" and -60.0 <= value <= 100.0 else ""
            notes.append(
                f"{name} = {with_unit(value, quantity.unit)} has no meaning; expected "
                f"{quantity.minimum:.6g} to {with_unit(quantity.maximum, quantity.unit)}{hint}"
            )
    return tuple(notes)
