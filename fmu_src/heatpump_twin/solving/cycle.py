"""The refrigerant cycle as a TESPy network: its design point and any off-design operating point.

Compressor, condenser, expansion valve and evaporator of one refrigerant circuit between two
secondary streams. Energy and mass balances are TESPy's; the relations of `closures` are added to
its system of equations as user-defined equations and solved together with them.

Assumptions: no pressure drop on the refrigerant side of either exchanger, isenthalpic expansion.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import CoolProp
from tespy.components import (
    CycleCloser,
    HeatExchanger,
    PolynomialCompressor,
    Sink,
    Source,
    Valve,
)
from tespy.connections import Connection
from tespy.tools import UserDefinedEquation
from tespy.tools.fluid_properties import h_mix_pT
from tespy.tools.helpers import TESPyComponentError, TESPyConnectionError, TESPyNetworkError

from ..model.errors import SolveError
from ..model.heat_pump import OffDesign
from ..model.machine import Machine
from ..model.plausibility import check_physics
from ..model.quantities import Boundary, OperatingPoint
from ..model.relations import EvaporatorAt, Relations, auxiliary_power, resting_temperature
from ..model.sizes import DesignState, FlowStates
from .media import SECONDARY_PRESSURE, Media, saturation_temperature, tespy_name
from .network import UncachedNetwork
from .sizing import size_components

# Largest residual of a closure relative to the size of its terms. CoolProp's flash of R410A from
# pressure and entropy leaves residuals of up to 3e-8 (300 random boundaries); a solution that is
# off shows orders of magnitude more.
CLOSURE_TOLERANCE = 1e-6

# Continuation halves its stride from the design point at most this often.
SMALLEST_STRIDE = 1 / 32

# Below this temperature difference from saturation, in K, enthalpy is continued linearly: property
# functions of pressure and temperature are undefined on the saturation line, and a Newton iterate
# may step across it.
SATURATION_MARGIN = 0.01

# Of the differences by which relations without properties are differentiated.
RELATIVE_STEP = 1e-5

# More than one differentiation of all residuals needs.
KEPT_PROPERTIES = 64

# TESPy's status of a solution: 0 and 1 are converged. With 1 some value is outside TESPy's own
# range, for instance an effectiveness slightly above 1 next to a phase change.
CONVERGED = (0, 1)

_TESPY_ERRORS = (
    ValueError,
    ArithmeticError,
    TESPyComponentError,
    TESPyConnectionError,
    TESPyNetworkError,
)

logging.getLogger("TESPyLogger").setLevel(logging.CRITICAL)


class HeatPumpCycle:
    """The cycle of one machine.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    first_guess : OffDesign, optional
        Where a solve at a boundary starts: at what this says of it, and not at the design point.
        The solution is the same, sooner.

    Raises
    ------
    InputError
        If CoolProp does not know one of the media.
    """

    fails_beyond_limits_only = False

    def __init__(self, machine: Machine, first_guess: OffDesign | None = None) -> None:
        self.machine = machine
        self._first_guess = first_guess
        self.media = Media(machine)
        self._refrigerant = self.media.refrigerant
        self._properties = _Properties(self._refrigerant)
        self._design_state: DesignState | None = None
        self._relations: Relations | None = None
        self._boundary = machine.design.boundary
        self._evaporator_at: EvaporatorAt | None = None
        self._sink_capacity_flow = 0.0
        self._equations: list[UserDefinedEquation] = []
        self._residual_scales: dict[str, Callable[[], float]] = {}
        self._build_network()

    @property
    def design_state(self) -> DesignState:
        """Sizes and starting values; solves the design point if that was not done yet."""
        if self._design_state is None:
            self.design()
        assert self._design_state is not None
        return self._design_state

    @property
    def relations(self) -> Relations:
        """The closures with the sizes of `design_state`."""
        if self._relations is None:
            self._relations = Relations(self.machine, self.design_state.sizes)
        return self._relations

    # Two entries and their storage -------------------------------------------------------------

    def design(self) -> OperatingPoint:
        """Solve the design point and size the components by it.

        Returns
        -------
        OperatingPoint
            The design point, with all values that were not given.

        Raises
        ------
        SolveError
            If the given values contradict each other or physics.
        """
        try:
            point = self._solve_design()
        except (SolveError, *_TESPY_ERRORS) as error:
            raise SolveError(f"design point of {self.machine.name}: {error}") from error
        self._release_design()
        return point

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Solve the steady operating point at `boundary`.

        Every solve starts from the first guess or the design point, so the answer does not depend
        on what was solved before. Where the design point is too far for Newton's method, points
        between are solved first.

        Parameters
        ----------
        boundary : Boundary
            K and kg/s; the speed must be above 0.

        Raises
        ------
        SolveError
            If there is no solution, or if the one found violates a balance or the second law.
        """
        if self._first_guess is not None:
            try:
                guess = self._first_guess.off_design(boundary)
                return self._solve_from(self._flow_states_at(boundary, guess), boundary)
            except SolveError:
                pass
        try:
            return self._solve_from(self.design_state.flow_states, boundary)
        except SolveError:
            return self._continue_from_design(boundary)

    def standby(self, boundary: Boundary) -> OperatingPoint:
        """Return the machine when off: no flow, no heat, outlets equal inlets.

        Pressures equalise at saturation of `relations.resting_temperature`.
        """
        T = resting_temperature(boundary)
        T = min(max(T, self._refrigerant.Tmin()), 0.99 * self._refrigerant.T_critical())
        self._refrigerant.update(CoolProp.QT_INPUTS, 1.0, T)
        p, h_dew = self._refrigerant.p(), self._refrigerant.hmass()
        self._refrigerant.update(CoolProp.QT_INPUTS, 0.0, T)
        h_bubble = self._refrigerant.hmass()
        return OperatingPoint.at_rest(
            boundary, self.machine.standby_power, p=p, T=T, h_dew=h_dew, h_bubble=h_bubble
        )

    def save_design(self, path: Path) -> None:
        """Write the design state as JSON."""
        self.design_state.save(path)

    def load_design(self, path: Path) -> None:
        """Take the design state from a file that `save_design` wrote.

        Raises
        ------
        InputError
            If the file is not a design state, or one of another machine.
        """
        self._design_state = DesignState.load(path, self.machine)
        self._relations = None
        self._release_design()

    # The network ------------------------------------------------------------------------------

    def _build_network(self) -> None:
        machine = self.machine
        self._network = UncachedNetwork(iterinfo=False)
        source_inlet, source_outlet = Source("source inlet"), Sink("source outlet")
        sink_inlet, sink_outlet = Source("sink inlet"), Sink("sink outlet")
        self._compressor = PolynomialCompressor("compressor")
        self._condenser = HeatExchanger("condenser")
        self._evaporator = HeatExchanger("evaporator")
        valve, closer = Valve("expansion valve"), CycleCloser("cycle closer")

        self._suction = Connection(
            self._evaporator, "out2", self._compressor, "in1", label="suction"
        )
        self._discharge = Connection(
            self._compressor, "out1", self._condenser, "in1", label="discharge"
        )
        self._liquid = Connection(self._condenser, "out1", valve, "in1", label="liquid")
        expanded = Connection(valve, "out1", closer, "in1", label="expanded")
        self._inlet = Connection(closer, "out1", self._evaporator, "in2", label="evaporator inlet")
        self._source_in = Connection(
            source_inlet, "out1", self._evaporator, "in1", label="source in"
        )
        self._source_out = Connection(
            self._evaporator, "out1", source_outlet, "in1", label="source out"
        )
        self._sink_in = Connection(sink_inlet, "out1", self._condenser, "in2", label="sink in")
        self._sink_out = Connection(self._condenser, "out2", sink_outlet, "in1", label="sink out")
        self._connections = (
            self._suction,
            self._discharge,
            self._liquid,
            expanded,
            self._inlet,
            self._source_in,
            self._source_out,
            self._sink_in,
            self._sink_out,
        )
        self._network.add_conns(*self._connections)
        self._suction.set_attr(fluid={machine.refrigerant: 1})
        self._source_in.set_attr(fluid={tespy_name(machine.source_medium): 1}, p=SECONDARY_PRESSURE)
        self._sink_in.set_attr(fluid={tespy_name(machine.sink_medium): 1}, p=SECONDARY_PRESSURE)
        self._condenser.set_attr(pr1=1, pr2=1)
        self._evaporator.set_attr(pr1=1, pr2=1)
        self._compressor.set_attr(dissipation_ratio=machine.compressor.shell_loss_ratio)

    def _set_boundary(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self._source_in.set_attr(T=boundary.T_source_in, m=boundary.m_flow_source)
        self._sink_in.set_attr(T=boundary.T_sink_in, m=boundary.m_flow_sink)
        self._sink_capacity_flow = self.media.sink_capacity_flow(boundary)

    def _solve_design(self) -> OperatingPoint:
        machine, design = self.machine, self.machine.design
        sizes = size_components(machine, self.media)
        self._set_boundary(design.boundary)
        if self._equations:
            self._network.del_ude(*self._equations)
            self._equations = []
        self._suction.set_attr(p=design.p_low, T=sizes.T_suction)
        self._discharge.set_attr(p=design.p_high)
        self._liquid.set_attr(T=sizes.T_liquid)
        self._compressor.set_attr(P=design.P_el - machine.design_auxiliary_power)
        self._condenser.set_attr(Q=-design.Q_flow_sink)
        for connection in self._connections:
            connection.set_attr(m0=math.nan, p0=math.nan, h0=math.nan)
        self._network.solve("design", init_previous=False, print_results=False)
        if self._network.status not in CONVERGED:
            raise SolveError("TESPy found no solution")
        point = self._read_point()
        self._check(point)
        self._design_state = DesignState(machine.fingerprint, sizes, self._flow_states())
        self._relations = None
        return point

    def _release_design(self) -> None:
        """Replace what the design point prescribed by the closure equations."""
        self._suction.set_attr(p=None, T=None)
        self._discharge.set_attr(p=None)
        self._liquid.set_attr(T=None)
        self._compressor.set_attr(P=None)
        self._condenser.set_attr(Q=None)
        if self._equations:
            self._network.del_ude(*self._equations)
        suction, discharge, liquid, inlet = (
            self._suction,
            self._discharge,
            self._liquid,
            self._inlet,
        )
        # Name, residual, what it depends on, its derivatives by that (TESPy's differences where
        # none are given; flashes from entropy are too dear for them), and the size of its terms.
        parts: list[
            tuple[
                str,
                Callable[[], float],
                list[Any],
                Callable[[], list[float]] | None,
                Callable[[], float],
            ]
        ] = [
            (
                "delivered flow",
                self._flow_residual,
                [suction.m, suction.p, suction.h, discharge.p],
                self._flow_derivatives,
                lambda: suction.m.val_SI,
            ),
            (
                "compression work",
                self._work_residual,
                [suction.p, suction.h, discharge.p, discharge.h],
                self._work_derivatives,
                lambda: discharge.h.val_SI - suction.h.val_SI,
            ),
            (
                "condenser heat flow",
                self._condenser_residual,
                [discharge.m, discharge.p, discharge.h, liquid.h],
                None,
                self._condenser_heat_flow,
            ),
            (
                "evaporating temperature",
                self._evaporator_residual,
                [suction.m, suction.p, suction.h, inlet.h],
                None,
                lambda: 1.0,
            ),
            (
                "superheat",
                self._superheat_residual,
                [suction.m, suction.p, suction.h, inlet.h],
                None,
                lambda: suction.h.val_SI - inlet.h.val_SI,
            ),
            (
                "subcooling",
                self._subcooling_residual,
                [liquid.p, liquid.h],
                None,
                lambda: suction.h.val_SI - inlet.h.val_SI,
            ),
        ]
        self._equations = [
            UserDefinedEquation(
                name,
                _residual_function(residual),
                _dependents(variables),
                _derivatives(variables, derivatives) if derivatives else None,
            )
            for name, residual, variables, derivatives, _ in parts
        ]
        self._residual_scales = {name: scale for name, *_, scale in parts}
        self._network.add_ude(*self._equations)

    # Residuals of the closure equations, SI units -------------------------------------------------

    def _pressure_ratio(self) -> float:
        return float(self._discharge.p.val_SI / self._suction.p.val_SI)

    def _suction_gas(self) -> _Gas:
        return self._properties.gas(self._suction.p.val_SI, self._suction.h.val_SI)

    def _compressed_gas(self) -> _Compressed:
        suction, discharge = self._suction, self._discharge
        return self._properties.compressed(suction.p.val_SI, suction.h.val_SI, discharge.p.val_SI)

    def _flow_residual(self) -> float:
        return self._suction.m.val_SI - self.relations.delivered_flow(
            self._pressure_ratio(), self._suction_gas().density, self._boundary.compressor_speed
        )

    def _flow_derivatives(self) -> list[float]:
        """By flow, pressure and enthalpy at suction, and discharge pressure."""
        gas, ratio, p = self._suction_gas(), self._pressure_ratio(), self._suction.p.val_SI
        by_ratio, by_density = self._slopes(self.relations.delivered_flow)
        return [
            1.0,
            by_ratio * ratio / p - by_density * gas.density_by_p,
            -by_density * gas.density_by_h,
            -by_ratio / p,
        ]

    def _work(self) -> float:
        """Enthalpy that the electric work adds to the gas before the shell's loss, J/kg."""
        loss_ratio = self.machine.compressor.shell_loss_ratio
        return (self._discharge.h.val_SI - self._suction.h.val_SI) / (1.0 - loss_ratio)

    def _isentropic_efficiency(self) -> float:
        return self.relations.isentropic_efficiency(
            self._pressure_ratio(), self._suction_gas().density, self._boundary.compressor_speed
        )

    def _work_residual(self) -> float:
        isentropic_rise = self._compressed_gas().h - self._suction.h.val_SI
        return self._work() * self._isentropic_efficiency() - isentropic_rise

    def _work_derivatives(self) -> list[float]:
        """By pressure and enthalpy at suction, and pressure and enthalpy at discharge."""
        gas, compressed = self._suction_gas(), self._compressed_gas()
        ratio, p, work = self._pressure_ratio(), self._suction.p.val_SI, self._work()
        by_ratio, by_density = self._slopes(self.relations.isentropic_efficiency)
        by_rise = self._isentropic_efficiency() / (1.0 - self.machine.compressor.shell_loss_ratio)
        return [
            work * (by_density * gas.density_by_p - by_ratio * ratio / p)
            - compressed.h_by_suction_p,
            work * by_density * gas.density_by_h - by_rise - compressed.h_by_suction_h + 1.0,
            work * by_ratio / p - compressed.h_by_p,
            by_rise,
        ]

    def _slopes(self, relation: Callable[[float, float, float], float]) -> tuple[float, float]:
        """Differentiate a relation of the compressor by pressure ratio and suction density."""
        ratio, density = self._pressure_ratio(), self._suction_gas().density
        speed, step = self._boundary.compressor_speed, RELATIVE_STEP

        def slope(of: Callable[[float], float], x: float) -> float:
            return (of(x * (1.0 + step)) - of(x * (1.0 - step))) / (2.0 * step * x)

        return (
            slope(lambda x: relation(x, density, speed), ratio),
            slope(lambda x: relation(ratio, x, speed), density),
        )

    def _condenser_heat_flow(self) -> float:
        return self._discharge.m.val_SI * (self._discharge.h.val_SI - self._liquid.h.val_SI)

    def _condenser_residual(self) -> float:
        T_bubble = self._properties.saturation_temperature(self._discharge.p.val_SI, 0)
        return self._condenser_heat_flow() - self.relations.condenser_heat_flow(
            T_bubble, self._suction.m.val_SI, self._boundary, self._sink_capacity_flow
        )

    def _valve_and_evaporator(self) -> EvaporatorAt:
        assert self._evaporator_at is not None
        return self._evaporator_at

    def _evaporator_approach_needed(self) -> float:
        m_flow = self._suction.m.val_SI
        heat_flow = m_flow * (self._suction.h.val_SI - self._inlet.h.val_SI)
        return self._valve_and_evaporator().approach(heat_flow, m_flow)

    def _T_dew(self) -> float:
        return self._properties.saturation_temperature(self._suction.p.val_SI, 1)

    def _evaporator_residual(self) -> float:
        return self._T_dew() - self._valve_and_evaporator().T_dew(
            self._evaporator_approach_needed()
        )

    def _superheat_residual(self) -> float:
        T_dew = self._T_dew()
        superheat = self._valve_and_evaporator().superheat(
            T_dew, self._evaporator_approach_needed()
        )
        return self._suction.h.val_SI - _enthalpy_beside_saturation(
            self._suction, T_dew, superheat, direction=1.0
        )

    def _subcooling_residual(self) -> float:
        T_bubble = self._properties.saturation_temperature(self._liquid.p.val_SI, 0)
        subcooling = self.relations.subcooling(T_bubble, self._boundary)
        return self._liquid.h.val_SI - _enthalpy_beside_saturation(
            self._liquid, T_bubble, subcooling, direction=-1.0
        )

    # Solving and judging a solution ----------------------------------------------------------

    def _solve_from(self, start: FlowStates, boundary: Boundary) -> OperatingPoint:
        self._set_boundary(boundary)
        # As TESPy does with `init_path`, but without its tables and units: they take a fifth of the
        # time of a step.
        for connection in self._connections:
            m_flow, p, h = start[connection.label]
            connection.set_attr(m0=m_flow, p0=p, h0=h)
            connection.good_starting_values = True
        self._evaporator_at = self.relations.evaporator(
            boundary, self.media.source_capacity_flow(boundary)
        )
        try:
            # TESPy's post-processing is skipped: it takes a fifth of the time of a step.
            self._network.solve("design", print_results=False, skip_postprocess=True)
        except _TESPY_ERRORS as error:
            raise SolveError(f"TESPy failed: {error}") from error
        if self._network.status not in CONVERGED:
            raise SolveError(f"TESPy found no solution (status {self._network.status})")
        try:
            residuals = {
                e.label: e.func(e) / self._residual_scales[e.label]() for e in self._equations
            }
            point = self._read_point()
        except ValueError as error:  # of CoolProp, beside the critical point
            raise SolveError(f"no properties at the solution: {error}") from error
        for label, residual in residuals.items():
            if not abs(residual) <= CLOSURE_TOLERANCE:
                raise SolveError(f"residual of {label} is {residual:.1e}")
        self._check(point)
        return point

    def _continue_from_design(self, boundary: Boundary) -> OperatingPoint:
        state = self.design_state.flow_states
        done, stride = 0.0, 0.5
        while True:
            target = min(done + stride, 1.0)
            try:
                point = self._solve_from(
                    state, self.machine.design.boundary.towards(boundary, target)
                )
            except SolveError:
                stride /= 2.0
                if stride < SMALLEST_STRIDE:
                    raise
                continue
            if target == 1.0:
                return point
            done, state = target, self._flow_states()

    def _flow_states_at(self, boundary: Boundary, point: OperatingPoint) -> FlowStates:
        """Give what `_flow_states` would after a solution `point`."""
        m_flow, h_liquid = point.m_flow_refrigerant, point.h_liquid
        h_source, h_sink = (
            self.media.source_enthalpy(boundary),
            self.media.sink_enthalpy(boundary),
        )
        m_source, m_sink = boundary.m_flow_source, boundary.m_flow_sink
        h_source_out = h_source - point.Q_flow_source / m_source
        h_sink_out = h_sink + point.Q_flow_sink / m_sink
        return {
            "suction": (m_flow, point.p_low, point.h_suction),
            "discharge": (m_flow, point.p_high, point.h_discharge),
            "liquid": (m_flow, point.p_high, h_liquid),
            "expanded": (m_flow, point.p_low, h_liquid),
            "evaporator inlet": (m_flow, point.p_low, h_liquid),
            "source in": (m_source, SECONDARY_PRESSURE, h_source),
            "source out": (m_source, SECONDARY_PRESSURE, h_source_out),
            "sink in": (m_sink, SECONDARY_PRESSURE, h_sink),
            "sink out": (m_sink, SECONDARY_PRESSURE, h_sink_out),
        }

    def _flow_states(self) -> FlowStates:
        return {
            c.label: (float(c.m.val_SI), float(c.p.val_SI), float(c.h.val_SI))
            for c in self._connections
        }

    def _read_point(self) -> OperatingPoint:
        suction, discharge, liquid = self._suction, self._discharge, self._liquid
        auxiliary = auxiliary_power(self.machine, self._boundary)
        # As TESPy's dissipation_ratio is defined: a share of the power leaves through the shell.
        shell_loss_ratio = self.machine.compressor.shell_loss_ratio
        rise = discharge.h.val_SI - suction.h.val_SI
        power = suction.m.val_SI * rise / (1.0 - shell_loss_ratio)
        P_el = power + auxiliary
        Q_flow_sink = self._sink_in.m.val_SI * (self._sink_out.h.val_SI - self._sink_in.h.val_SI)
        Q_flow_source = self._source_in.m.val_SI * (
            self._source_in.h.val_SI - self._source_out.h.val_SI
        )
        T_dew = saturation_temperature(self._refrigerant, suction.p.val_SI, quality=1)
        T_bubble = saturation_temperature(self._refrigerant, discharge.p.val_SI, quality=0)
        T_suction, T_liquid = suction.calc_T(), liquid.calc_T()
        values = {
            "P_el": P_el,
            "Q_flow_sink": Q_flow_sink,
            "Q_flow_source": Q_flow_source,
            "Q_flow_loss": auxiliary + shell_loss_ratio * power,
            "COP": Q_flow_sink / P_el if P_el else math.nan,
            "T_source_out": self._source_out.calc_T(),
            "T_sink_out": self._sink_out.calc_T(),
            "m_flow_refrigerant": suction.m.val_SI,
            "p_low": suction.p.val_SI,
            "p_high": discharge.p.val_SI,
            "T_suction": T_suction,
            "T_discharge": discharge.calc_T(),
            "T_liquid": T_liquid,
            "superheat": T_suction - T_dew,
            "subcooling": T_bubble - T_liquid,
            "h_suction": suction.h.val_SI,
            "h_discharge": discharge.h.val_SI,
            "h_liquid": liquid.h.val_SI,
        }
        return OperatingPoint(**{name: float(value) for name, value in values.items()})

    def _check(self, point: OperatingPoint) -> None:
        check_physics(
            point,
            self._boundary,
            T_dew=saturation_temperature(self._refrigerant, point.p_low, quality=1),
            T_bubble=saturation_temperature(self._refrigerant, point.p_high, quality=0),
            isentropic_rise=self._compressed_gas().h - point.h_suction,
        )


class _Gas(NamedTuple):
    """Density of a gas in kg/m3, and its derivatives by pressure and enthalpy."""

    density: float
    density_by_p: float
    density_by_h: float


class _Compressed(NamedTuple):
    """Enthalpy in J/kg after isentropic compression, and its derivatives.

    They follow from ``dh = T ds + dp / rho`` before and after.
    """

    h: float
    h_by_suction_p: float
    h_by_suction_h: float
    h_by_p: float


class _Properties:
    """Properties of the refrigerant, each worked out once for the same arguments.

    TESPy differentiates a residual by one variable after the other, so most of its calls differ in
    what a property does not depend on.

    Parameters
    ----------
    state : CoolProp.AbstractState
        Of the refrigerant.
    """

    def __init__(self, state: Any) -> None:
        def gas(p: float, h: float) -> _Gas:
            state.update(CoolProp.HmassP_INPUTS, h, p)
            by = state.first_partial_deriv
            return _Gas(
                state.rhomass(),
                by(CoolProp.iDmass, CoolProp.iP, CoolProp.iHmass),
                by(CoolProp.iDmass, CoolProp.iHmass, CoolProp.iP),
            )

        def compressed(p: float, h: float, p_end: float) -> _Compressed:
            state.update(CoolProp.HmassP_INPUTS, h, p)
            T, density = state.T(), state.rhomass()
            state.update(CoolProp.PSmass_INPUTS, p_end, state.smass())
            heating = state.T() / T
            return _Compressed(state.hmass(), -heating / density, heating, 1.0 / state.rhomass())

        def temperature(p: float, quality: int) -> float:
            return saturation_temperature(state, p, quality)

        self.gas = lru_cache(KEPT_PROPERTIES)(gas)
        self.compressed = lru_cache(KEPT_PROPERTIES)(compressed)
        self.saturation_temperature = lru_cache(KEPT_PROPERTIES)(temperature)


def _residual_function(residual: Callable[[], float]) -> Callable[[UserDefinedEquation], float]:
    # TESPy calls with the keyword `ude`.
    return lambda ude: residual()


def _dependents(variables: list[Any]) -> Callable[[UserDefinedEquation], list[Any]]:
    return lambda ude: variables


def _derivatives(
    variables: list[Any], derivatives: Callable[[], list[float]]
) -> Callable[..., None]:
    def differentiate(*_: Any, ude: UserDefinedEquation, **__: Any) -> None:
        for variable, derivative in zip(variables, derivatives(), strict=True):
            ude.partial_derivative(variable, derivative)

    return differentiate


def _enthalpy_beside_saturation(
    connection: Connection, T_saturation: float, distance: float, direction: float
) -> float:
    """Enthalpy `distance` K above (direction 1) or below (-1) saturation at `connection`."""

    def at(d: float) -> float:
        return float(
            h_mix_pT(
                connection.p.val_SI,
                T_saturation + direction * d,
                connection.fluid_data,
                connection.mixing_rule,
            )
        )

    margin = SATURATION_MARGIN
    if distance >= margin:
        return at(distance)
    slope = (at(2.0 * margin) - at(margin)) / margin
    return at(margin) + slope * (distance - margin)
