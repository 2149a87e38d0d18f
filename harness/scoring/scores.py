"""Errors of the model and of what it is compared with, on records that they saw and did not see.

One set of scores feeds the terminal table, the JSON, the JUnit file and the HTML report.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    root_mean_squared_error,
)

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, OperatingStatus

from ..calibration.cross_validation import Split, leave_out_splits
from ..calibration.record import CalibrationRecord
from ..data.datasets import Dataset, Limits
from ..data.screening import Screening
from ..stepping.cosimulation import STATUS, CosimulationResult, FmuInfo
from .baselines import Prediction, published, regression
from .compressor_alone import CompressorScore

MODEL = "model"

# How the predicted records relate to those that were fitted.
FITTED, LEAVE_ONE_OUT, EXTRAPOLATION = "fitted", "leave_one_out", "extrapolation"
# Taken out by screening: shown beside the others, never in a headline or limit.
EXCLUDED = "excluded"


@dataclass(frozen=True)
class ErrorMeasures:
    """Errors of simulated against measured values of one quantity over some records.

    Attributes
    ----------
    n : int
        Number of records.
    bias, mae, rmse, maximum : float
        Mean, mean absolute, root mean square and largest absolute error in the SI unit; error is
        simulated less measured.
    mape : float or None
        Mean absolute percentage error; None for temperatures, whose zero is arbitrary here.
    nmbe, cv_rmse : float or None
        Bias and RMSE over the mean measured value, per cent, as in ASHRAE Guideline 14 with no
        fitted parameter counted (p = 0); None likewise.
    """

    n: int
    bias: float
    mae: float
    rmse: float
    maximum: float
    mape: float | None
    nmbe: float | None
    cv_rmse: float | None


@dataclass(frozen=True)
class Score:
    """Errors of one predictor in one quantity, by one split of the records."""

    predictor: str
    split: str
    quantity: str
    errors: ErrorMeasures


@dataclass(frozen=True)
class ThresholdResult:
    """One limit of the descriptor and whether the model keeps it."""

    split: str
    quantity: str
    measure: str
    limit: float
    value: float | None
    is_least: bool = False

    @property
    def passed(self) -> bool:
        """False also where there was nothing to measure."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    @property
    def text(self) -> str:
        """The limit in words."""
        sign = ">=" if self.is_least else "<="
        return f"{self.quantity} {self.measure} {sign} {self.limit:g}"

    @property
    def finding(self) -> str:
        """The value in words."""
        return "nothing to measure" if self.value is None else f"{self.value:.4g}"


@dataclass(frozen=True)
class Scores:
    """All that a validation found.

    Attributes
    ----------
    dataset : Dataset
        What was recorded.
    screening : Screening
        Which records and fields are scored.
    fmu : FmuInfo
        What was stepped.
    simulation : CosimulationResult
        What it answered.
    predictions : dict of str to list of Prediction
        By split: the model's first where it has one, then the baselines'.
    sets : dict of str to list of int
        Records that each split predicts.
    calibration : CalibrationRecord or None
        Of the machine, if it was fitted to these data.
    provenance : str
        Which records the FMU's parameters come from, in words.
    scores : list of Score
        Of every predictor.
    thresholds : list of ThresholdResult
        Of the model.
    """

    dataset: Dataset
    screening: Screening
    fmu: FmuInfo
    simulation: CosimulationResult
    predictions: dict[str, list[Prediction]]
    sets: dict[str, list[int]]
    calibration: CalibrationRecord | None
    provenance: str
    compressor: CompressorScore | None
    scores: list[Score]
    thresholds: list[ThresholdResult]

    @property
    def unanswered_records(self) -> dict[int, str]:
        """Records that the FMU did not answer as asked, with what it said."""
        found = {}
        for record in self.simulation.outputs.index:
            why = self._unanswered(int(record))
            if why:
                logged = "; ".join(self.simulation.messages.get(int(record), ()))
                found[int(record)] = f"{why}{': ' if logged else ''}{logged}"
        return found

    def _unanswered(self, record: int) -> str:
        outputs = self.simulation.outputs.loc[record]
        not_finite = [name for name, value in outputs.items() if not math.isfinite(value)]
        if not_finite:
            return f"{not_finite[0]} is {outputs[not_finite[0]]}"
        status = outputs[STATUS]
        if status not in list(OperatingStatus):
            return f"operating_status {status:g} is none of 0 to {max(OperatingStatus)}"
        if status == OperatingStatus.OFF and self.dataset.values.loc[record, "compressor_speed"]:
            return "the FMU is off while the compressor runs"
        if status == OperatingStatus.MOVED_TO_ENVELOPE and record in self.screening.kept:
            return "answered for another boundary, since this one lies outside the envelope"
        if status in (OperatingStatus.SOLVE_FAILED, OperatingStatus.INPUT_REJECTED):
            return "an old result was held"
        return ""

    @property
    def passed(self) -> bool:
        """Whether every threshold is kept and every record was answered."""
        return not self.unanswered_records and all(t.passed for t in self.thresholds)

    @property
    def headline_split(self) -> str:
        """Records that the fit never saw where there are such predictions; else all kept ones."""
        return LEAVE_ONE_OUT if self.calibration else FITTED

    @property
    def split_titles(self) -> dict[str, str]:
        """What each split is, for a reader."""
        n = "each record" if self._is_leave_one_out else "a tenth of the records"
        return {
            FITTED: "fitted: the model has seen these records"
            if self.calibration
            else f"as built (parameters from: {self.provenance})",
            LEAVE_ONE_OUT: f"left out: {n} predicted by a fit without it",
            EXTRAPOLATION: "extrapolation: fitted to the half nearest the design point's "
            "temperature lift, predicting the other half",
            EXCLUDED: "records that screening took out, for comparison",
        }

    @property
    def _is_leave_one_out(self) -> bool:
        return self.calibration is None or self.calibration.is_leave_one_out

    def find(self, predictor: str, split: str, quantity: str) -> ErrorMeasures | None:
        """Return the errors of a predictor, or None where it has none."""
        for score in self.scores:
            if (score.predictor, score.split, score.quantity) == (predictor, split, quantity):
                return score.errors
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types, SI units."""
        values = self.dataset.values
        return {
            "dataset": self.dataset.descriptor.name,
            "machine": self.dataset.descriptor.machine,
            "source": self.dataset.descriptor.source,
            "fmu": {
                "model_name": self.fmu.model_name,
                "guid": self.fmu.guid,
                "generation_tool": self.fmu.generation_tool,
                "sha256": self.fmu.sha256,
                "certificate": asdict(self.fmu.certificate) if self.fmu.certificate else None,
            },
            "parameters_from": self.provenance,
            "calibration": asdict(self.calibration) if self.calibration else None,
            "compressor_alone": asdict(self.compressor) if self.compressor else None,
            "passed": self.passed,
            "unanswered": {str(r): why for r, why in self.unanswered_records.items()},
            "sets": self.sets,
            "scores": [
                {
                    "predictor": s.predictor,
                    "split": s.split,
                    "quantity": s.quantity,
                    "unit": QUANTITIES[s.quantity].unit,
                    **vars(s.errors),
                }
                for s in self.scores
            ],
            "thresholds": [{**vars(t), "passed": t.passed} for t in self.thresholds],
            "fields": {
                name: {
                    "usable": f.usable,
                    "reasons": list(f.reasons),
                    "rejected": {str(r): reason for r, reason in f.rejected.items()},
                }
                for name, f in self.screening.fields.items()
            },
            "records": {
                str(record): {
                    "verdict": str(screened.verdict),
                    "reasons": list(screened.reasons),
                    "flow_ratio": _plain(screened.flow_ratio),
                    "efficiency": _plain(screened.efficiency),
                    "messages": list(self.simulation.messages.get(record, ())),
                    "measured": {q: _plain(values.loc[record, q]) for q in values.columns},
                    "simulated": {
                        q: _plain(self.simulation.outputs.loc[record, q])
                        for q in self.simulation.outputs.columns
                    },
                }
                for record, screened in self.screening.records.items()
            },
        }


def score(
    dataset: Dataset,
    screening: Screening,
    fmu: FmuInfo,
    simulation: CosimulationResult,
    calibration: CalibrationRecord | None,
    provenance: str,
    compressor: CompressorScore | None,
) -> Scores:
    """Compare the model's answers and the baselines' with what was recorded.

    Parameters
    ----------
    dataset : Dataset
        What was recorded.
    screening : Screening
        What of it is scored.
    fmu : FmuInfo
        What was stepped.
    simulation : CosimulationResult
        What it answered.
    calibration : CalibrationRecord or None
        Holds the predictions of records that the fit did not see.
    provenance : str
        Which records the FMU's parameters come from, in words.
    """
    results = [q for q in dataset.scored if q in simulation.outputs]
    kept = tuple(screening.kept)
    excluded = [r for r in screening.records if r not in kept]
    splits = {FITTED: [Split(kept, kept)], LEAVE_ONE_OUT: leave_out_splits(kept, seed=0)}
    answered = Prediction(MODEL, simulation.outputs[results])
    predictions = {FITTED: [answered], LEAVE_ONE_OUT: [], EXCLUDED: [answered]}
    sets = {FITTED: list(kept), LEAVE_ONE_OUT: list(kept), EXCLUDED: excluded}
    if calibration is not None:
        for split in (LEAVE_ONE_OUT, EXTRAPOLATION):
            unseen = calibration.frame(split, "values")
            held = [r for r in unseen.index if r in kept]
            predictions[split] = [Prediction(MODEL, unseen.loc[held, results])]
            sets[split] = held
        far = tuple(sets[EXTRAPOLATION])
        splits[EXTRAPOLATION] = [Split(tuple(r for r in kept if r not in far), far)]
    for name, members in splits.items():
        predictions[name] += [regression(dataset, screening, d, members) for d in (1, 2)]
    predictions[LEAVE_ONE_OUT] += published(dataset)
    scores = []
    for split, of_split in predictions.items():
        for prediction in of_split:
            for quantity in results:
                used = [
                    r
                    for r in sets[split]
                    if screening.is_usable(r, quantity)
                    and math.isfinite(dataset.values.loc[r, quantity])
                    and quantity in prediction.values
                    # A baseline may say nothing; a model that says nothing fails its run.
                    and math.isfinite(prediction.values.loc[r, quantity])
                ]
                if used:
                    errors = measure(
                        quantity,
                        dataset.values.loc[used, quantity].to_numpy(dtype=float),
                        prediction.values.loc[used, quantity].to_numpy(dtype=float),
                    )
                    scores.append(Score(prediction.name, split, quantity, errors))
    return Scores(
        dataset=dataset,
        screening=screening,
        fmu=fmu,
        simulation=simulation,
        predictions=predictions,
        sets=sets,
        calibration=calibration,
        provenance=provenance,
        compressor=compressor,
        scores=scores,
        thresholds=_check_thresholds(dataset, screening, scores),
    )


def measure(
    quantity: str, measured: np.ndarray[Any, Any], simulated: np.ndarray[Any, Any]
) -> ErrorMeasures:
    """Errors of `simulated` against `measured`, both of shape (n,) with n >= 1, SI units."""
    error = simulated - measured
    bias, rmse = float(error.mean()), float(root_mean_squared_error(measured, simulated))
    mean = float(measured.mean())
    relative = QUANTITIES[quantity].has_percentage
    return ErrorMeasures(
        n=len(error),
        bias=bias,
        mae=float(mean_absolute_error(measured, simulated)),
        rmse=rmse,
        maximum=float(max_error(measured, simulated)),
        mape=100.0 * float(mean_absolute_percentage_error(measured, simulated))
        if relative
        else None,
        nmbe=100.0 * bias / mean if relative else None,
        cv_rmse=100.0 * rmse / mean if relative else None,
    )


def _check_thresholds(
    dataset: Dataset, screening: Screening, scores: list[Score]
) -> list[ThresholdResult]:
    by_key = {(s.split, s.quantity): s.errors for s in scores if s.predictor == MODEL}
    results = []
    least = dataset.descriptor.thresholds.records_min
    if least is not None:
        kept = len(screening.kept)
        results.append(ThresholdResult("all", "kept records", "count", least, kept, is_least=True))
    for split in (FITTED, LEAVE_ONE_OUT):
        limits_by_quantity: dict[str, Limits] = getattr(dataset.descriptor.thresholds, split)
        for quantity, limits in limits_by_quantity.items():
            errors = by_key.get((split, quantity))
            for key, limit in limits.model_dump(exclude_none=True).items():
                name = key.removesuffix("_max")
                value = getattr(errors, name) if errors is not None else None
                results.append(
                    ThresholdResult(
                        split,
                        quantity,
                        name,
                        limit,
                        abs(value) if value is not None else None,
                    )
                )
    return results


def boundaries(dataset: Dataset) -> pd.DataFrame:
    """Return the inputs of the model for every record, SI units."""
    return dataset.values[list(BOUNDARY_QUANTITIES)]


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
