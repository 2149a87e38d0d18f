"""Start, stop and inertia around the steady answer, readably: pure functions of one interval.

Heat that the refrigerant gives to the sink passes metal and liquid before it shows. The metal is
two equal lags in series (critically damped; order 2 fits a recorded start as well as 3 and keeps
its time to 63 %, which order 1 misses), the liquid of the exchanger is well mixed:

    tau dx1/dt = Q_steady - x1,    tau dx2/dt = x1 - x2,
    M dh/dt = x2 - m_flow (h - h_in),    Q_flow_sink = m_flow (h - h_in),

and so on the source side with the sign of the heat turned round. Pressures and other results of
the refrigerant follow by the lags of their side. Electric power follows at once; what it has beyond
the steady answer, at a start and after a stop, decays, and becomes heat loss, since no record
tells where it goes:

    T dp/dt = -p,    P_el = P_steady + p,    Q_flow_loss = Q_loss_steady + p.

Heat in metal and liquid, tau (x1 + x2) and M h, makes the balance close:

    P_el + Q_flow_source = Q_flow_sink + Q_flow_loss + rate of stored heat.

While inputs are constant all equations are linear and are solved exactly, so results do not depend
on how an interval is cut into steps. The core in C (`core/dynamics.c`) does the same.

References: time constants and order were found on the one-second record of the Modelica IBPSA
library (RWTH Aachen, doi 10.3384/ecp21181561). Exact solution of linear systems: any textbook; here
the integrals over products of exponentials are written out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

# Below this difference of two exponents their integral is taken from its power series, whose terms
# fall by it over the number of the term.
SERIES_BELOW = 0.5
SERIES_TERMS = 16

#: Sides of the machine, in the order of the numbers in C.
SIDES = ("source", "sink")

#: Results of the refrigerant that lag, and the side whose lag they follow.
REFRIGERANT_SIDES: dict[str, str] = {
    "m_flow_refrigerant": "sink",
    "p_low": "source",
    "p_high": "sink",
    "T_suction": "source",
    "T_discharge": "sink",
    "T_liquid": "sink",
    "superheat": "source",
    "subcooling": "sink",
    "h_suction": "source",
    "h_discharge": "sink",
    "h_liquid": "sink",
}


@dataclass(frozen=True)
class Lag:
    """Two equal lags in series, in the unit of what lags."""

    first: float
    second: float

    def after(self, duration: float, target: float, lag: float) -> Lag:
        """Return it after `duration` in s with a constant target; `lag` is of each one, s."""
        remaining = math.exp(-duration / lag)
        first, second = self.first - target, self.second - target
        return Lag(
            target + first * remaining,
            target + (second + first * duration / lag) * remaining,
        )


def heat_through_lag(before: Lag, after: Lag, target: float, lag: float, duration: float) -> float:
    """Return the integral of the second lag's value, W s: what went in and did not stay."""
    kept = lag * (after.first - before.first + after.second - before.second)
    return target * duration - kept


@dataclass(frozen=True)
class Volume:
    """The well-mixed liquid of an exchanger.

    Attributes
    ----------
    mass : float
        With metal as liquid, kg.
    h : float
        Specific enthalpy, J/kg.
    """

    mass: float
    h: float

    def after(
        self, duration: float, heat: Lag, target: float, lag: float, m_flow: float, h_in: float
    ) -> Volume:
        """Return it after an interval in which it is heated through a lag.

        Parameters
        ----------
        duration : float
            s.
        heat : Lag
            Heat flow into the liquid at the begin; negative where it is cooled, W.
        target : float
            Steady heat flow, W.
        lag : float
            Time constant of each lag, s.
        m_flow, h_in : float
            Of the stream, kg/s and J/kg.
        """
        p, q = duration * m_flow / self.mass, duration / lag
        gained = (
            target * _mean_decay(p)
            + (heat.second - target) * _overlap(p, q)
            + (heat.first - target) * q * _sloped_overlap(p, q)
        )
        h = h_in + (self.h - h_in) * math.exp(-p) + duration / self.mass * gained
        return replace(self, h=h)


def extra_power_after(duration: float, extra: float, time: float) -> tuple[float, float]:
    """Return the power beyond the steady answer after `duration`, W, and its energy, J."""
    z = duration / time
    return extra * math.exp(-z), extra * duration * _mean_decay(z)


def _mean_decay(z: float) -> float:
    """Integral over u from 0 to 1 of exp(-z u)."""
    return 1.0 if z == 0.0 else -math.expm1(-z) / z


def _overlap(p: float, q: float) -> float:
    """Integral over u from 0 to 1 of exp(-p (1 - u)) exp(-q u)."""
    return math.exp(-min(p, q)) * _mean_decay(abs(p - q))


def _sloped_overlap(p: float, q: float) -> float:
    """Integral over u from 0 to 1 of u exp(-p (1 - u)) exp(-q u)."""
    w = p - q
    if abs(w) > SERIES_BELOW:
        return (math.exp(-q) * (w - 1.0) + math.exp(-p)) / (w * w)
    terms = (w**n / (math.factorial(n) * (n + 2)) for n in range(SERIES_TERMS))
    return math.exp(-p) * math.fsum(terms)
