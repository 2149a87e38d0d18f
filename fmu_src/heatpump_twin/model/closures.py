"""The relations that close the cycle: compressor, exchangers, superheat, subcooling.

Pure functions, smooth in all arguments, because a Newton solver and later a table of the model
depend on continuous derivatives. Each is written once, for floats and for arrays of them, which are
combined element by element: a solver has one state at a time, a fit has all records and several
sets of parameters. What has no value is NaN.

References
----------
.. [1] W. V. Payne et al., NISTIR 7350, appendix D: an R410A scroll compressor in 16 tests.
.. [2] Y.-Y. Yan, H.-C. Lio, T.-F. Lin, Int. J. Heat Mass Transfer 42 (1999) 993-1006.
.. [3] F. P. Incropera et al., Fundamentals of Heat and Mass Transfer, section on the
       effectiveness-NTU method: a stream that changes phase, eps = 1 - exp(-NTU).
.. [4] E. Winandy, C. Saavedra O., J. Lebrun, Experimental analysis and simplified modelling of a
       hermetic scroll refrigeration compressor, Applied Thermal Engineering 22 (2002) 107-120.
.. [5] Danfoss VZH088AG, an R410A inverter scroll at 25, 60 and 100 turns a second: 103 rows of the
       manufacturer's sheet. A friction of 0.3 with half of it cubic halves the error of power at
       speeds that a fit has not seen.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

#: A float, or an array of floats.
Real: TypeAlias = Any

# Widths in K of the smooth transition between two limits. They are numerical and not physical:
# small against the temperature differences of the machine, large against the solver's tolerance.
SUPERHEAT_BLEND = 0.5
EVAPORATING_BLEND = 1.0

# Below this pressure ratio the mismatch of a built-in ratio no longer follows it: isentropic work
# goes to zero there and the quotient of works to infinity.
LEAST_RATIO_OF_WORK = 1.02

# Up to this loss of volumetric efficiency the straight line holds: a machine at 30 % of rated speed
# and the largest pressure ratios does not come further. A map needs the logarithm of what is left,
# and the line alone has a pole there, at a loss of 1.
LINEAR_LOSS = 0.6

# Largest x of the 1 - tanh x that follows the line, at a loss of 60: what is left there, 1e-131,
# can still be divided by.
LARGEST_BEYOND = 150.0

# The liquid stays slightly warmer than the sink inlet.
LARGEST_SUBCOOLING_FRACTION = 0.95


def smooth_minimum(a: Real, b: Real, width: Real) -> Real:
    """Return a smooth value just below ``min(a, b)``.

    The result ``s`` satisfies ``(a - s) (b - s) = width**2 / 4``.

    Parameters
    ----------
    a, b : float
        Values of one unit.
    width : float
        Blending width, same unit, > 0.
    """
    return 0.5 * (a + b - np.hypot(a - b, width))


def smooth_minimum_argument(s: Real, b: Real, width: Real) -> Real:
    """Return the `a` for which ``smooth_minimum(a, b, width)`` is `s`; NaN unless `s < b`."""
    distance = np.where(s < b, np.subtract(b, s), np.nan)
    return s + width**2 / (4.0 * distance)


def volumetric_efficiency(
    pressure_ratio: Real,
    speed: Real,
    relative_density: Real,
    coefficient: Real,
    speed_share: Real,
    density_exponent: Real,
) -> Real:
    """Delivered over swept suction volume flow.

    ``eta_vol = f(c (pi - 1) (s / n + 1 - s)) (rho / rho_design)**-x`` with ``f(l) = 1 - l``: linear
    in the pressure ratio as measured on an R410A scroll compressor [1]_. From a loss `l` of 0.6 on,
    farther than a machine runs, ``f = 0.4 (1 - tanh x)`` with ``x = (l - 0.6) / 0.4``: it has the
    same slope and curvature there and never reaches zero. The leakage share `s` passes at a rate
    that does not depend on speed, so its part of the swept flow grows as the speed `n` falls. The
    factor in the suction density is empirical and off (``x = 0``) unless a calibration finds it.

    Parameters
    ----------
    pressure_ratio : float
        Discharge over suction pressure.
    speed : float
        Relative to rated speed, > 0.
    relative_density : float
        Suction density over that of the design point, > 0.
    coefficient : float
        `c` at rated speed.
    speed_share : float
        `s`, 0 to 1.
    density_exponent : float
        `x`.
    """
    slip = coefficient * (pressure_ratio - 1.0)
    loss = slip * (speed_share / speed + 1.0 - speed_share)
    beyond = np.maximum(loss - LINEAR_LOSS, 0.0) / (1.0 - LINEAR_LOSS)
    beyond = np.minimum(beyond, LARGEST_BEYOND)
    # 1 - tanh x, without loss of digits.
    falling = 2.0 / (1.0 + np.exp(2.0 * beyond))
    eta_vol = (1.0 - np.minimum(loss, LINEAR_LOSS)) * falling
    return eta_vol * relative_density**-density_exponent


def mismatch_work_factor(
    pressure_ratio: Real, built_in_ratio: Real, exponent: Real, share: Real
) -> Real:
    """Work of a compressor of fixed volume ratio over isentropic work, at least 1.

    A scroll compresses to its built-in pressure ratio ``pi_i`` and then pushes out at constant
    volume; where that does not meet the discharge pressure, gas flows back or is throttled [4]_.
    For an ideal gas with ``e = (k - 1) / k`` the work per suction volume and pressure is

        ``w = (pi_i**e - 1) / e + pi_i**(-1/k) (pi - pi_i)``,  isentropic: ``(pi**e - 1) / e``,

    and the factor is ``1 + share (w / w_isentropic - 1)``.

    Parameters
    ----------
    pressure_ratio, built_in_ratio : float
        `pi` and `pi_i`, > 1.
    exponent : float
        Isentropic exponent `k` of the gas, > 1.
    share : float
        1 without discharge valves; less where valves or leakage soften the mismatch.
    """
    pi = np.maximum(pressure_ratio, LEAST_RATIO_OF_WORK)
    e = (exponent - 1.0) / exponent
    fixed_volume = (built_in_ratio**e - 1.0) / e + built_in_ratio ** (-1.0 / exponent) * (
        pi - built_in_ratio
    )
    return 1.0 + share * (fixed_volume / isentropic_work(pressure_ratio, exponent) - 1.0)


def isentropic_work(pressure_ratio: Real, exponent: Real) -> Real:
    """Work of isentropic compression over suction pressure and volume, ``(pi**e - 1) / e``.

    Parameters
    ----------
    pressure_ratio : float
        `pi`; below `LEAST_RATIO_OF_WORK` that is taken.
    exponent : float
        Isentropic exponent `k` of the gas, > 1; ``e = (k - 1) / k``.
    """
    e = (exponent - 1.0) / exponent
    return (np.maximum(pressure_ratio, LEAST_RATIO_OF_WORK) ** e - 1.0) / e


def friction(ratio: Real, speed_share: Real, speed: Real, relative_work: Real) -> Real:
    """Power of friction and flow losses over the isentropic work of the swept gas.

    ``f (1 - b + b n**2) / w``: bearings and sealing faces take a torque that hardly follows the
    load, so their power grows with the speed `n`; gas in ports and oil in motion take a power that
    grows with ``n**3``. The work of the swept gas grows with `n` too, so one power is left here.
    Constant torque and cubic losses are the mechanical loss terms of [4]_ and [5]_.

    Parameters
    ----------
    ratio : float
        `f`, at the design point.
    speed_share : float
        `b`, share of the losses that grow with the third power of the speed at rated speed.
    speed : float
        `n`, relative to rated speed, > 0.
    relative_work : float
        `w`, isentropic work of the gas of one turn over that at the design point, > 0.
    """
    return ratio * (1.0 - speed_share + speed_share * speed**2) / relative_work


def isentropic_efficiency(
    drive_efficiency: Real, eta_vol: Real, mismatch: Real, friction: Real
) -> Real:
    """Isentropic enthalpy rise of the delivered flow over electric work per mass delivered.

    Gas that leaks back is compressed again, so work per delivered mass grows with
    ``1 / eta_vol``; the mismatch of the built-in ratio multiplies it, friction is added; what
    remains, the drive efficiency (motor and what else follows the work), is constant:
    ``eta_is = eta_drive eta_vol / (g + l)``. Hence ``P = rho V_swept n dh_is (g + l) / eta_drive``.

    Parameters
    ----------
    drive_efficiency : float
        Known from the design point.
    eta_vol : float
        From `volumetric_efficiency`.
    mismatch : float
        `g`, from `mismatch_work_factor`.
    friction : float
        `l`, from `friction`.
    """
    return drive_efficiency * eta_vol / (mismatch + friction)


def pump_power(at_design: Real, relative_flow: Real) -> Real:
    """Power of a pump or fan whose speed follows its flow, ``P f**3``.

    The affinity laws: in a circuit of constant resistance, pressure rises with the square of the
    flow.

    Parameters
    ----------
    at_design : float
        `P` at the design point's flow.
    relative_flow : float
        `f`, flow over that of the design point.
    """
    return at_design * (relative_flow * relative_flow * relative_flow)


def resistance_share(share: Real, relative_flow: Real, exponent: Real) -> Real:
    """Resistance of one side of an exchanger over the whole resistance at the design point.

    ``r f**-a``, a power of its own flow; exponents as published for plate exchangers, e.g.
    Nu ~ Re**0.78 for water and Re**0.4 for condensation [2]_.

    Parameters
    ----------
    share : float
        `r`, of this side in the design resistance, 0 to 1.
    relative_flow : float
        Mass flow over that of the design point, > 0.
    exponent : float
        `a`.
    """
    return share * relative_flow**-exponent


def conductance(nominal: Real, secondary: Real, refrigerant: Real) -> Real:
    """Conductance UA in W/K from two resistances in series.

    Parameters
    ----------
    nominal : float
        UA at the design point, W/K.
    secondary, refrigerant : float
        From `resistance_share`; they add up to 1 at the design point.
    """
    return nominal / (secondary + refrigerant)


def effectiveness(ua: Real, capacity_flow: Real) -> Real:
    """Effectiveness of an exchanger whose other stream changes phase, ``1 - exp(-UA / C)`` [3]_.

    Parameters
    ----------
    ua : float
        Conductance, W/K.
    capacity_flow : float
        Capacity flow of the single-phase stream, W/K.
    """
    return -np.expm1(-ua / capacity_flow)


def conductance_from_effectiveness(eps: Real, capacity_flow: Real) -> Real:
    """Inverse of `effectiveness`.

    NaN unless `eps` is between 0 and 1: no exchanger, however large, transfers more heat.
    """
    possible = np.where((eps > 0.0) & (eps < 1.0), eps, np.nan)
    return -np.log1p(-possible) * capacity_flow


def evaporating_temperature(T_source_in: Real, approach: Real, T_max: Real) -> Real:
    """Dew temperature that the evaporator needs, held below the valve's maximum.

    Parameters
    ----------
    T_source_in : float
        K.
    approach : float
        ``T_source_in - T_dew`` that the heat flow takes when the evaporator is fully wetted, K.
    T_max : float
        Dew temperature at the valve's maximum operating pressure, K.
    """
    return smooth_minimum(T_source_in - approach, T_max, EVAPORATING_BLEND)


def superheat(
    setting: Real, fraction_max: Real, approach_actual: Real, approach_needed: Real
) -> Real:
    """Superheat at suction, K: the valve's setting where the evaporator allows it.

    A thermostatic or electronic valve keeps its setting while the vapour can get that warm. At part
    load the approach shrinks and the vapour can only reach a fraction of it, so a fixed superheat
    has no solution there; the smooth minimum of both has one. When the valve limits the pressure,
    the approach exceeds what the heat flow needs, and that excess becomes superheat.

    Parameters
    ----------
    setting : float
        Superheat the valve aims at with what the suction line adds, K.
    fraction_max : float
        Largest superheat over `approach_actual`.
    approach_actual : float
        ``T_source_in - T_dew(p_low)``, K.
    approach_needed : float
        The approach that the heat flow takes when fully wetted, K.
    """
    starved = approach_actual - approach_needed
    return smooth_minimum(setting + starved, fraction_max * approach_actual, SUPERHEAT_BLEND)


def subcooling_fraction(at_design: Real, coefficient: Real, T_difference: Real) -> Real:
    """Subcooling over the condenser's approach, ``f = f_design exp(k (T_sink_in - T_design))``.

    With a fixed charge less liquid is left to subcool as the condensing pressure rises: in [1]_ the
    fraction falls from 0.57 to 0.46 over 17 K of sink inlet.

    Parameters
    ----------
    at_design : float
        Fraction at the design point.
    coefficient : float
        `k`, 1/K.
    T_difference : float
        ``T_sink_in`` less that of the design point, K.
    """
    fraction = at_design * np.exp(coefficient * T_difference)
    return np.minimum(fraction, LARGEST_SUBCOOLING_FRACTION)


def subcooling(fraction: Real, approach: Real) -> Real:
    """Subcooling at the condenser outlet, K: a fraction of the approach, so it always fits.

    Parameters
    ----------
    fraction : float
        From `subcooling_fraction`.
    approach : float
        ``T_bubble(p_high) - T_sink_in``, K.
    """
    return fraction * approach
