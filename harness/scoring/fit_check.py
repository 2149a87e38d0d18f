"""Whether an FMU gives the answers of the fit whose errors on left-out records are known.

A calibration record holds what the fitted machine answers at its records, solved without a map. An
FMU of that machine may deviate from it by the error of its map and by the digits stored, and by
nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from heatpump_twin.map_making.certificate import (
    LIMITED_TEMPERATURES,
    TEMPERATURE_SCALE,
    Certificate,
    deviation_unit,
)
from heatpump_twin.model.quantities import QUANTITIES, with_unit

from ..calibration.record import CalibrationRecord
from ..data.completion import HEAT, SPEED

# A map may deviate at a record by this much times the largest error of its certificate. That error
# is the largest of 2,000 random points, so a sound map hardly exceeds it anywhere. With 1.5 a shift
# of an output by more than 2.5 times the error is found for sure, whatever the map's own error is.
CERTIFICATE_FACTOR = 1.5

# The record stores 9 digits, and the solver's own tolerance shows in the last one.
STORED_DIGITS = 1e-8

# A certificate comes with the FMU. It excuses no more than the machine file's map tolerance: that
# share of the value; for temperatures that share of 10 K at the outlets, where the build limits
# them, and of about their absolute value elsewhere.
OTHER_TEMPERATURE_SCALE = 300.0

# An FMU that is asked for heat chooses its speed by the map's heat, so an error of that shows in
# all other answers: at random points of the shipped machines in per cent by 2.0 times as much at
# most, and in kelvin by 45 K for all of the heat.
LARGEST_ELASTICITY, KELVIN_OF_HEAT = 2.5, 50.0


@dataclass(frozen=True)
class Deviation:
    """An answer of the FMU that is not that of the fit.

    Attributes
    ----------
    quantity : str
        Which output.
    record : int
        Where.
    fmu, fit, allowed : float
        Answers of both and the largest difference that is allowed, SI units.
    """

    quantity: str
    record: int
    fmu: float
    fit: float
    allowed: float

    @property
    def excess(self) -> float:
        """Difference over what is allowed; infinite where the FMU gave no number."""
        difference = abs(self.fmu - self.fit)
        if not math.isfinite(difference):
            return math.inf
        if self.allowed:
            return difference / self.allowed
        return math.inf if difference else 0.0

    @property
    def text(self) -> str:
        """The deviation in words."""
        unit = QUANTITIES[self.quantity].unit
        relative = 100.0 * (self.fmu / self.fit - 1.0) if self.fit else math.nan
        share = f" ({relative:+.3g} %)" if QUANTITIES[self.quantity].has_percentage else ""
        return (
            f"{self.quantity} at record {self.record}: {_digits(self.fmu, unit)} by the FMU, "
            f"{_digits(self.fit, unit)} by the fit{share}; allowed difference "
            f"{with_unit(float(f'{self.allowed:.2g}'), unit)}"
        )


def allowed_difference(
    certificate: Certificate | None, tolerance: float, quantity: str, fit: float
) -> float:
    """Return how far an FMU of the fitted machine may be from the fit's answer.

    Parameters
    ----------
    certificate : Certificate or None
        Of the FMU's map; without one the machine file's tolerance alone counts.
    tolerance : float
        Largest relative error of a map that the machine file wants.
    quantity : str
        Which output.
    fit : float
        The fit's answer, SI unit.

    Returns
    -------
    float
        In the SI unit of the quantity.
    """
    if deviation_unit(QUANTITIES[quantity]) == "%":
        to_si = abs(fit) / 100.0
        most = abs(fit) * tolerance
    else:
        to_si = 1.0
        is_limited = quantity in LIMITED_TEMPERATURES
        most = tolerance * (TEMPERATURE_SCALE if is_limited else OTHER_TEMPERATURE_SCALE)
    if certificate is not None and quantity in certificate.errors:
        of_map = CERTIFICATE_FACTOR * certificate.errors[quantity].maximum * to_si
        most = min(most, of_map)
    return most + STORED_DIGITS * abs(fit)


def _of_heat(certificate: Certificate | None, tolerance: float, quantity: str, fit: float) -> float:
    """How far an answer at a given heat may be off by the map's error of heat, SI unit."""
    share = allowed_difference(certificate, tolerance, HEAT, 1.0)
    if deviation_unit(QUANTITIES[quantity]) == "%":
        return LARGEST_ELASTICITY * share * abs(fit)
    return KELVIN_OF_HEAT * share


def deviations_from_fit(
    outputs: pd.DataFrame,
    record: CalibrationRecord,
    certificate: Certificate | None,
    tolerance: float,
) -> list[Deviation]:
    """Compare an FMU's answers with those of the fit at the records of a calibration.

    Parameters
    ----------
    outputs : pandas.DataFrame
        Of the FMU: one row a record, one column an output, SI units.
    record : CalibrationRecord
        Holds the answers of the fit.
    certificate : Certificate or None
        Of the FMU's map.
    tolerance : float
        Largest relative error of a map that the machine file wants.

    Returns
    -------
    list of Deviation
        Of each quantity that deviates anywhere, the record where it does so most; in the order of
        the outputs. Empty if the FMU gives the answers of the fit.
    """
    found = []
    answers = record.fit_answers
    is_asked_for_heat = SPEED in answers
    for quantity in answers.columns.intersection(outputs.columns, sort=False):
        worst = max(
            (
                Deviation(
                    quantity,
                    int(number),
                    float(outputs.loc[number, quantity]),
                    float(fit),
                    allowed_difference(certificate, tolerance, quantity, float(fit))
                    + is_asked_for_heat * _of_heat(certificate, tolerance, quantity, float(fit)),
                )
                for number, fit in answers[quantity].items()
            ),
            key=lambda deviation: deviation.excess,
        )
        if worst.excess > 1.0:
            found.append(worst)
    return found


def _digits(value: float, unit: str) -> str:
    """Nine digits: a difference that matters may be a ten-thousandth of a kelvin."""
    return f"{value:.9g} {unit}" if unit != "1" else f"{value:.9g}"
