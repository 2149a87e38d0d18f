"""Frost and defrost of a coil in air, readably: the mean over many cycles of both.

Frost hinders the coil, and a defrost takes heat from the sink. Over whole cycles of both the mean
heat is lower than that of the clean coil by the share

    loss = (max(a - b t, 0) + c exp(-((T - T_peak) / w)^2)) r,    t = T - 273.15 K,

over the air temperature T. The curve is that of Wetter and Afjei (TRNSYS Type 401, 1996; T. Afjei,
M. Wetter, A. Glass: "Dual-stage compressor heat pump including frost and cycle losses", TRNSYS user
meeting, Stuttgart 1997), with a = 0.03, b = 0.004/K, c = 0.1534, T_peak = 0.8869 degC and
w^2 = 26.06 K^2, as the Modelica libraries IBPSA and Buildings give them. These are the defaults of
`machine.Frost`; for any one machine they are an estimate.

The curve has no humidity. It is taken to hold at the humidity phi_0, and to follow what drives
vapour to the coil, the difference of its partial pressures in the air and at the surface:

    r = (phi p_w(T) - p_s(T_coil)) / (phi_0 p_w(T) - p_s(T_coil)),    not below 0.

So air that is not saturated at the surface leaves no frost. p_w is saturation over water, to which
relative humidity refers below 0 degC too (WMO), and p_s that over ice below 0 degC (equations of
D. Sonntag, 1990, in the WMO Guide to Instruments and Methods of Observation, No. 8, annex 4.B). The
surface lies a difference below the air: T_coil = 0.82 T - 8.589 in degC, by which EnergyPlus
estimates it (Engineering Reference, frost adjustment of heating coils), at T = 0 degC.

Mean electric power falls by `frost_power_share` of the loss; the curve is taken as one of the
efficiency at unchanged power, so of the heat to the sink. The refrigerant cycles of IBPSA and
Buildings multiply the heat from the source by it, and lose less. Heat that the sink lacks was not
taken from the air, or was given back to it and to the melt water in a defrost, so the source gives
less on average and the balance closes:

    Q_sink = (1 - loss) Q_clean,    P_el = (1 - share loss) P_clean,
    Q_source = Q_sink + Q_loss - P_el.

The core in C (`core/frost.c`) does the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .machine import Frost
from .map_table import MediumSeries
from .quantities import ZERO_CELSIUS, Boundary, OperatingPoint

# Saturation pressure in Pa: at 0 degC, and the two numbers of exp(x t / (y + t)), t in degC.
PRESSURE_AT_ZERO = 611.2
OVER_WATER = (17.62, 243.12)
OVER_ICE = (22.46, 272.62)

#: No curve is meant to go beyond it; a machine that loses more does not heat.
LARGEST_LOSS = 0.5


def saturation_pressure(T: float, constants: tuple[float, float] = OVER_WATER) -> float:
    """Return the saturation pressure of water vapour at T in K, Pa."""
    t, (factor, offset) = T - ZERO_CELSIUS, constants
    return PRESSURE_AT_ZERO * math.exp(factor * t / (offset + t))


def published_loss(frost: Frost, T: float) -> float:
    """Return the share of heat that is lost at the reference humidity, air at T in K."""
    base = max(frost.frost_base_loss - frost.frost_base_slope * (T - ZERO_CELSIUS), 0.0)
    distance = (T - frost.frost_peak_temperature) / frost.frost_peak_width
    return base + frost.frost_peak_loss * math.exp(-distance * distance)


def share_of_humidity(frost: Frost, T: float, phi: float) -> float:
    """Return what drives vapour to the coil, over that at the reference humidity."""
    in_air, T_coil = saturation_pressure(T), T - frost.frost_coil_difference
    at_coil = saturation_pressure(T_coil, OVER_ICE if T_coil < ZERO_CELSIUS else OVER_WATER)
    driving, reference = phi * in_air - at_coil, frost.frost_reference_humidity * in_air - at_coil
    return driving / reference if driving > 0.0 and reference > 0.0 else 0.0


@dataclass(frozen=True)
class Frosting:
    """A coil that frosts and is defrosted, and the air around it.

    Attributes
    ----------
    frost : Frost
        Its parameters.
    phi : float
        Relative humidity of the air, 0 to 1.
    source, sink : MediumSeries
        The media of both sides, for the outlets.
    """

    frost: Frost
    phi: float
    source: MediumSeries
    sink: MediumSeries

    def loss(self, T: float) -> float:
        """Return the share of the clean coil's heat that is lost with air at T in K."""
        published = published_loss(self.frost, T)
        return min(published * share_of_humidity(self.frost, T, self.phi), LARGEST_LOSS)

    def mean(self, clean: OperatingPoint, inputs: Boundary, T: float) -> OperatingPoint:
        """Return the mean over frost and defrost in place of the clean coil's point.

        Parameters
        ----------
        clean : OperatingPoint
            Of one unit. Pressures and states of its refrigerant stay: they are those between two
            defrosts.
        inputs : Boundary
            That it belongs to.
        T : float
            Of the air that really enters, K.
        """
        loss = self.loss(T)
        lost = loss * clean.Q_flow_sink
        saved = self.frost.frost_power_share * loss * clean.P_el
        Q_flow_sink, P_el = clean.Q_flow_sink - lost, clean.P_el - saved
        return replace(
            clean,
            P_el=P_el,
            Q_flow_sink=Q_flow_sink,
            Q_flow_source=clean.Q_flow_source - lost + saved,
            COP=Q_flow_sink / P_el,
            T_source_out=_with_heat(
                self.source, clean.T_source_out, (lost - saved) / inputs.m_flow_source
            ),
            T_sink_out=_with_heat(self.sink, clean.T_sink_out, -lost / inputs.m_flow_sink),
        )


def _with_heat(medium: MediumSeries, T: float, per_flow: float) -> float:
    """Return the temperature after J/kg more, by a difference: the series are no exact inverses."""
    h = medium.enthalpy_at(T)
    return T + medium.temperature_at(h + per_flow) - medium.temperature_at(h)
