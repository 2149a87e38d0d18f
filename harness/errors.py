"""Errors of the harness that are no fault of the input."""

from heatpump_twin.model.errors import TwinError


class CosimulationError(TwinError):
    """The FMU did not run to the end."""


class CalibrationError(TwinError):
    """The data were read, but the fit is not fit for use."""
