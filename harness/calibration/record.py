"""The record of a calibration: what it found, kept as JSON beside the machine file.

Validation reads it for the scores on records that the fit never saw.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from heatpump_twin.model.errors import InputError

from ..data.datasets import FLOW_INLETS, Dataset, load_dataset
from ..data.series import Series
from .cross_validation import BandedPrediction

# Raised whenever what is stored changes: a record of another format is not used.
FORMAT = 3


@dataclass(frozen=True)
class FittedParameter:
    """A fitted number, SI unit.

    `is_identified` is False where the data hardly told more than the start value's uncertainty.
    """

    place: str
    unit: str
    start: float
    value: float
    standard_error: float
    is_identified: bool


@dataclass(frozen=True)
class CalibrationRecord:
    """What a calibration found.

    Attributes
    ----------
    dataset, data_fingerprint : str
        Name and hash of the data it was fitted to.
    machine_fingerprint : str
        Of the machine it made.
    records : list of int
        It was fitted to.
    parameters : list of FittedParameter
        Fitted numbers.
    correlations : list of list of float
        Between them.
    chi_squared_reduced : float
        Of the fit.
    uncertainty_factors : dict of str to float
        Uncertainty of the readings that the residuals gave over the stated one, by quantity.
    kept_at_start : dict of str to str
        Numbers that could move and did not, with the reason.
    at_bounds : list of str
        Fitted numbers that ended on a bound of what is physical.
    outliers : dict of int to str
        Records that contradict the others and were not fitted to, with the reason.
    remainder : dict
        ``is_used``, and the errors in standard uncertainties, left out and extrapolated,
        ``without`` it and ``with`` it, if that was tried.
    flows : dict of str to list of float
        Unknown flows found: level in kg/s and relative change per kelvin.
    is_leave_one_out : bool
        Whether records were left out alone, or a tenth at a time.
    predictions : dict
        ``leave_one_out`` and ``extrapolation``: values and half widths by quantity and record.
    answers : dict
        What the fitted machine itself answers at the records it was fitted to: values by quantity
        and record, SI units; also the speed, where that is the one that gives the recorded heat.
        An FMU of this machine has to give them again.
    coverage : list of int
        Left-out readings inside the 95 % band, and all of them.
    """

    dataset: str
    data_fingerprint: str
    machine_fingerprint: str
    records: list[int]
    parameters: list[FittedParameter]
    correlations: list[list[float]]
    chi_squared_reduced: float
    uncertainty_factors: dict[str, float]
    kept_at_start: dict[str, str]
    at_bounds: list[str]
    outliers: dict[int, str]
    remainder: dict[str, Any]
    flows: dict[str, list[float]]
    is_leave_one_out: bool
    predictions: dict[str, dict[str, dict[str, dict[str, float]]]]
    answers: dict[str, dict[str, float]]
    coverage: list[int]

    def frame(self, split: str, kind: str) -> pd.DataFrame:
        """Values or half widths of a split: one row a record, one column a quantity, SI units.

        Parameters
        ----------
        split : str
            ``leave_one_out`` or ``extrapolation``.
        kind : str
            ``values`` or ``half_widths``.
        """
        return _frame(self.predictions[split][kind])

    @property
    def fit_answers(self) -> pd.DataFrame:
        """`answers` as a frame: one row a record, one column a quantity, SI units."""
        return _frame(self.answers)

    def with_flows_found(self, dataset: Dataset) -> Dataset:
        """Return the data with the flows that were unknown and that the calibration found."""
        return dataset.with_flows({q: (level, slope) for q, (level, slope) in self.flows.items()})

    def flows_for(self, series: Series) -> dict[str, tuple[float, float, float]]:
        """Return the flows found, for a log that lacks them and is of the same plant.

        Returns
        -------
        dict
            As `Series.with_flows` takes them; empty if the log's points are not those that were
            fitted, or it has its flows.
        """
        points = series.descriptor.points
        if points is None or not series.unknown_flows or not self.flows:
            return {}
        of_points = load_dataset(points)
        if of_points.descriptor.name != self.dataset:
            return {}
        kept = of_points.values.loc[[r for r in self.records if r in of_points.values.index]]
        return {
            q: (level, slope, float(kept[FLOW_INLETS[q]].mean()))
            for q, (level, slope) in self.flows.items()
            if q in series.unknown_flows
        }

    def save(self, path: Path) -> None:
        """Write as JSON."""
        content = {"format": FORMAT, **asdict(self)}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> CalibrationRecord:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it is none, or one of another format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            # The first format did not name itself.
            found = content.pop("format", 1)
            if found != FORMAT:
                raise InputError(
                    f"calibration record {path}: of format {found}; expected {FORMAT}: calibrate "
                    "again"
                )
            parameters = [FittedParameter(**p) for p in content["parameters"]]
            outliers = {int(r): reason for r, reason in content["outliers"].items()}
            return cls(**{**content, "parameters": parameters, "outliers": outliers})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"calibration record {path}: cannot be used: {error}") from error


def record_path(machine_file: Path) -> Path:
    """Where the record of a machine file lies."""
    return machine_file.with_suffix(".calibration.json")


def data_fingerprint(dataset: Dataset) -> str:
    """Hash of values and uncertainties as read, before unknown flows are replaced."""
    text = dataset.values.to_csv() + dataset.uncertainties.to_csv()
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def plain(prediction: BandedPrediction) -> dict[str, dict[str, dict[str, float]]]:
    """Values and half widths as plain dictionaries, rounded to 9 digits."""
    return {
        "values": plain_frame(prediction.values),
        "half_widths": plain_frame(prediction.half_widths),
    }


def plain_frame(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return a frame by quantity and record as plain dictionaries, rounded to 9 digits."""
    return {q: {str(r): float(f"{v:.9g}") for r, v in frame[q].items()} for q in frame.columns}


def _frame(values: dict[str, dict[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(values)
    frame.index = frame.index.astype(int)
    return frame
