"""Whether a fitted machine looks as if refrigerant or media of the start file were others.

Power and heat are met with a wrong refrigerant as well: the fit then has other pressures, flows and
temperatures. What gives it away is a refrigerant side that such machines do not have, or that the
readings contradict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import QUANTITIES
from heatpump_twin.solving.media import Media, saturation_temperature

from .limits import WidenedLimit
from .starting import approach_of, first_approach

# Limits at discharge that a machine with the right refrigerant keeps.
DISCHARGE = ("envelope.T_discharge_max", "envelope.p_high_max")

# Readings of the refrigerant that a machine misses by so many times what was stated of them.
LARGEST_FACTOR = 5.0

# Approaches of saturation to the inlet that exchangers hardly have: so many standard uncertainties
# beyond the usual one, or below this, K. And a superheat that no valve is set to, K.
DEVIATIONS, LEAST_APPROACH = 4.0, 1.0
LARGEST_SUPERHEAT = 25.0


def media_doubt(
    machine: Machine, beyond: Sequence[WidenedLimit], factors: Mapping[str, float]
) -> str:
    """Say in one line what speaks against refrigerant and media of a fit; empty if nothing does.

    Parameters
    ----------
    machine : Machine
        Fitted.
    beyond : sequence of WidenedLimit
        Limits that it exceeds at its records.
    factors : dict of str to float
        Uncertainty of the readings found over stated, by quantity.
    """
    why = [f"{limit.place} had to give way" for limit in beyond if limit.place in DISCHARGE]
    why += [
        f"{q} is off by {factor:.0f} times its stated uncertainty"
        for q, factor in factors.items()
        if factor > LARGEST_FACTOR and _is_of_refrigerant(q)
    ]
    why += _unusual(machine)
    if not why:
        return ""
    return (
        f"check refrigerant ({machine.refrigerant}) and media (source {machine.source_medium}, "
        f"sink {machine.sink_medium}) of the start file; one that is not the machine's may be why: "
        f"{'; '.join(why)}"
    )


def _is_of_refrigerant(quantity: str) -> bool:
    return quantity in QUANTITIES and not (
        quantity in ("P_el", "COP") or "source" in quantity or "sink" in quantity
    )


def _unusual(machine: Machine) -> list[str]:
    """What of the design point's refrigerant side such machines do not have."""
    design, boundary, fluid = machine.design, machine.design.boundary, Media(machine).refrigerant
    evaporating = boundary.T_source_in - saturation_temperature(fluid, design.p_low, quality=1)
    condensing = saturation_temperature(fluid, design.p_high, quality=0) - boundary.T_sink_in
    usual_evaporating = first_approach(
        design.Q_flow_sink - design.P_el,
        boundary.m_flow_source,
        machine.source_medium,
        "source",
        boundary.T_source_in,
    )
    usual_condensing = first_approach(
        design.Q_flow_sink, boundary.m_flow_sink, machine.sink_medium, "sink", boundary.T_sink_in
    )
    found = []
    for words, medium, approach, usual in (
        ("evaporates {:.1f} K below", machine.source_medium, evaporating, usual_evaporating),
        ("condenses {:.1f} K above", machine.sink_medium, condensing, usual_condensing),
    ):
        if not LEAST_APPROACH <= approach <= usual + DEVIATIONS * approach_of(medium)[1]:
            said = words.format(approach)
            found.append(f"it {said} the inlet at the design point, {usual:.0f} K is usual")
    superheat = machine.expansion_valve.superheat_setting
    if superheat > LARGEST_SUPERHEAT:
        found.append(f"superheat_setting is {superheat:.0f} K")
    return found
