"""The table of a performance map: what is stored of a machine, and its file.

What is tabulated is the condensing unit (compressor and condenser) over speed, sink inlet, sink
flow, dew temperature and superheat at suction, where it is smooth: a tensor product of polynomials
through Chebyshev nodes [1]_, hence smooth itself. Beside it are the media and the refrigerant at
rest, each as polynomials of one variable. `map_making.tabulation` makes it, the core in C evaluates
it, and `performance_map` says readably how.

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
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .errors import InputError, SolveError
from .machine import Machine
from .quantities import BOUNDARY_QUANTITIES, Boundary
from .sizes import Sizes

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

# Version of the stored format. A map of another version is not used.
FORMAT = 1

# Rows of the table. Flows and power are per unit of speed and as logarithms: close to linear. The
# discharge temperature is as `slowed_discharge` has it.
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

# Beyond its limit the discharge temperature is tabulated as it rises over this many kelvins, and
# ever slower: in the corners of the table it rises steeply, where no machine runs.
DISCHARGE_ROOM = 100.0

# Modes of the table smaller than this, relative to the largest, are left out when it is evaluated.
LEAST_MODE = 1e-7


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

    def enthalpy_at(self, T: float) -> float:
        """Enthalpy in J/kg at T in K; beyond the range of the series on a straight line."""
        nearest = min(max(T, self.enthalpy.low), self.enthalpy.high)
        return self.enthalpy(nearest) + self.heat_capacity(nearest) * (T - nearest)

    def temperature_at(self, h: float) -> float:
        """Temperature in K at a specific enthalpy in J/kg; the inverse of `enthalpy_at`."""
        nearest = min(max(h, self.temperature.low), self.temperature.high)
        T = self.temperature(nearest)
        return T + (h - nearest) / self.heat_capacity(T)


@dataclass(frozen=True)
class SaturationSeries:
    """Saturated refrigerant over temperature in K, for the machine at rest."""

    log_p_dew: Series
    h_dew: Series
    h_bubble: Series


def slowed_discharge(T_discharge: float, limit: float) -> float:
    """Return what the table has in place of a discharge temperature.

    Beyond the limit it rises ever slower; slope and curvature at the limit are kept.

    Parameters
    ----------
    T_discharge, limit : float
        K.
    """
    excess = max(T_discharge - limit, 0.0)
    return T_discharge - excess + DISCHARGE_ROOM * math.asinh(excess / DISCHARGE_ROOM)


def discharge_of_slowed(slowed: float, limit: float) -> float:
    """Return the discharge temperature in K; the inverse of `slowed_discharge`."""
    excess = max(slowed - limit, 0.0)
    return slowed - excess + DISCHARGE_ROOM * math.sinh(excess / DISCHARGE_ROOM)


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

    def factors(self) -> tuple[Array, Array]:
        """Return the coefficients as a product, without modes that no digit of a result shows.

        The rows of the table differ by orders of magnitude, so each is weighed by its largest
        coefficient.

        Returns
        -------
        left : numpy.ndarray
            Shape (rows * powers of superheat and dew temperature, modes).
        right : numpy.ndarray
            Shape (modes, polynomials of the inputs).
        """
        rows = len(self.coefficients)
        matrix = self.coefficients.reshape(rows * self.coefficients[0, ..., 0, 0, 0].size, -1)
        weights = np.abs(matrix).reshape(rows, -1).max(axis=1)
        weights = np.repeat(weights, len(matrix) // rows)[:, None]
        u, sizes, v = np.linalg.svd(matrix / weights, full_matrices=False)
        kept = max(int((sizes > LEAST_MODE * sizes[0]).sum()), 1)
        return (
            np.ascontiguousarray(weights * u[:, :kept] * sizes[:kept]),
            np.ascontiguousarray(v[:kept]),
        )

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


def stretched_inputs(boundary: Boundary) -> list[float]:
    """Inputs as the estimate of the approach takes them: a power law's by their logarithm."""
    return [
        math.log(x) if quantity.acts_by_power else x
        for quantity, x in zip(BOUNDARY_QUANTITIES.values(), vars(boundary).values(), strict=True)
    ]
