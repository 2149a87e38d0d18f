"""What a page has to know of a machine, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heatpump_twin.core.layout import names
from heatpump_twin.map_making.certificate import Certificate
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    QUANTITIES,
    OperatingStatus,
    Quantity,
)
from heatpump_twin.model.rating_points import EN_14511, rating_points
from heatpump_twin.model.settings import SETTINGS

# A prediction lies within this many standard uncertainties in 95 of 100 cases.
COVERAGE = 1.96


def twin(machine: Machine, certificate: Certificate) -> dict[str, Any]:
    """Return what a page shows of a machine and needs to ask the core.

    Parameters
    ----------
    machine : Machine
        The machine.
    certificate : Certificate
        Of its map.

    Returns
    -------
    dict
        SI units. ``names`` is what the core's binding needs; ``band`` has the half width of the
        band that holds 95 of 100 readings, relative, by output.
    """
    envelope, uncertainty = machine.envelope, machine.prediction_uncertainty
    return {
        "name": machine.name,
        "title": machine.title,
        "refrigerant": machine.refrigerant,
        "refrigerant_note": machine.refrigerant_note,
        "media": {"source": machine.source_medium, "sink": machine.sink_medium},
        "names": names(),
        "quantities": quantities(),
        "envelope": {name: list(envelope.range(name)) for name in BOUNDARY_QUANTITIES},
        "design": {name: getattr(machine.design.boundary, name) for name in BOUNDARY_QUANTITIES},
        "limits": {
            "p_low": [envelope.p_low_min, None],
            "p_high": [None, envelope.p_high_max],
            "T_discharge": [None, envelope.T_discharge_max],
        },
        "settings": {
            name: {
                "unit": s.definition.unit,
                "minimum": s.definition.minimum,
                "maximum": s.definition.maximum,
                "description": s.definition.description,
                "start": s.start(machine),
            }
            for name, s in SETTINGS.items()
        },
        "rating_points": [
            asdict(p)
            for p in rating_points(machine.source_medium, machine.sink_medium)
            if p.standard == EN_14511
        ],
        "statuses": [status.name.lower() for status in OperatingStatus],
        "band": {
            "P_el": COVERAGE * uncertainty.P_el,
            "Q_flow_sink": COVERAGE * uncertainty.Q_flow_sink,
        },
        "certificate": {
            "points": certificate.points,
            "errors": {
                q: {"unit": e.unit, "percentile_99": e.percentile_99, "maximum": e.maximum}
                for q, e in certificate.errors.items()
            },
        },
    }


def quantities() -> dict[str, dict[str, Any]]:
    """Return unit, range, words and way of writing of each quantity, ready for JSON."""
    return {name: _quantity(q) for name, q in QUANTITIES.items()}


def _quantity(quantity: Quantity) -> dict[str, Any]:
    display = quantity.display
    return {
        "unit": quantity.unit,
        "minimum": quantity.minimum,
        "maximum": quantity.maximum,
        "title": quantity.title,
        "description": quantity.description,
        "shown": [display.unit, display.factor, display.offset, display.decimals],
    }
