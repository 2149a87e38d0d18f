"""The FMU's errors beside those of an earlier validation, its baseline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.model.errors import InputError

from ..calibration.record import data_fingerprint
from ..data.datasets import Dataset
from .scores_file import EXCLUDED, FORMAT_VERSION, MODEL, Measure, ScoresFile


@dataclass(frozen=True)
class Change:
    """An error beside that of the baseline.

    Attributes
    ----------
    split, quantity : str
        Of the error now.
    measure : str
        ``mape`` (per cent), or ``mae`` (K) for temperatures.
    before, now : float
        Both errors; `now` is None where the quantity is no longer scored.
    margin : float
        By how much the error may grow, percentage points or K.
    """

    split: str
    quantity: str
    measure: Measure
    before: float
    now: float | None
    margin: float

    @property
    def is_worse(self) -> bool:
        """Whether the error grew by more than the margin, or is not known any more."""
        return self.now is None or not self.now - self.before <= self.margin

    @property
    def text(self) -> str:
        """The change in words."""
        unit, points = ("%", "percentage points") if self.measure == "mape" else ("K", "K")
        now = "not scored any more" if self.now is None else f"{self.now:.4g} {unit}"
        return (
            f"{self.split} {self.quantity} {self.measure}: {now}, baseline {self.before:.4g} "
            f"{unit}, margin {self.margin:g} {points}"
        )


def read_baseline(path: Path, dataset: Dataset) -> ScoresFile:
    """Read the ``scores.json`` of an earlier validation on the same records.

    Raises
    ------
    InputError
        If it cannot be read, is of another format, of another data set or of other records.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"baseline {path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"baseline {path}: not valid JSON: {error}") from error
    if not isinstance(content, dict) or "scores" not in content:
        raise InputError(f"baseline {path}: expected the scores.json of a report")
    found = content.get("format_version", "none")
    if found != FORMAT_VERSION:
        raise InputError(
            f"baseline {path}: its format_version is {found}, expected {FORMAT_VERSION}; make it "
            "again with heatpump-twin validate"
        )
    try:
        baseline = ScoresFile.model_validate(content)
    except ValidationError as error:
        raise InputError(f"baseline {path}:\n  {describe(error)}") from error
    name = dataset.descriptor.name
    if baseline.dataset != name:
        raise InputError(f"baseline {path}: of data set {baseline.dataset}, expected {name}")
    if baseline.data_fingerprint != data_fingerprint(dataset):
        raise InputError(
            f"baseline {path}: of other records of {name} than those of {dataset.folder}: readings "
            "or uncertainties were changed; make it again with heatpump-twin validate"
        )
    return baseline


def compare(now: ScoresFile, baseline: ScoresFile, margin: float) -> list[Change]:
    """Set the model's errors beside those of a baseline, by each split that both have.

    The answers of the FMU itself are compared also where it is the fit in one of them and judged as
    built in the other. Records that screening took out are not compared.

    Parameters
    ----------
    now, baseline : ScoresFile
        Of the same records.
    margin : float
        By how much an error may grow, percentage points or K.
    """
    found = _errors(now)
    splits = {split for split, _ in found} | {now.split}
    return [
        Change(
            split, quantity, measure, before, found.get((split, quantity), ("", None))[1], margin
        )
        for (split, quantity), (measure, before) in _errors(baseline, now.split).items()
        if split in splits
    ]


def _errors(
    scores: ScoresFile, own_split: str | None = None
) -> dict[tuple[str, str], tuple[Measure, float]]:
    """Measure and error by split and quantity; `own_split` is what the FMU's own are called."""
    errors: dict[tuple[str, str], tuple[Measure, float]] = {}
    for part in scores.scores:
        if part.predictor != MODEL or part.split == EXCLUDED:
            continue
        split = own_split or part.split if part.split == scores.split else part.split
        if part.mape is None:
            errors[split, part.quantity] = "mae", part.mae
        else:
            errors[split, part.quantity] = "mape", part.mape
    return errors
