"""Errors of the model and of what it is compared with, on records that they saw and did not see.

One set of scores feeds the terminal table, the JSON, the JUnit file and the HTML report.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    root_mean_squared_error,
)

from heatpump_twin.machine_files.machine_file import DEFAULT_MAP_TOLERANCE
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, OperatingStatus

from ..calibration.cross_validation import Split, leave_out_splits
from ..calibration.record import CalibrationRecord, data_fingerprint
from ..data.completion import SPEED
from ..data.datasets import Dataset, Limits
from ..data.screening import Screening, Verdict
from ..stepping.replay import STATUS, CosimulationResult, FmuInfo
from .baselines import Prediction, published, regression
from .comparison import Change
from .compressor_alone import CompressorScore
from .connection import Connection
from .fit_check import Deviation, deviations_from_fit
from .scores_file import (
    AS_BUILT,
    EXCLUDED,
    EXTRAPOLATION,
    FITTED,
    FORMAT_VERSION,
    LEAVE_ONE_OUT,
    MODEL,
    SCHEMA_ID,
    ScoresFile,
)

# A known miss that grows by more than this share of its stated error fails the run again.
KNOWN_MISS_MARGIN = 0.05


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
    """One limit of the descriptor and whether it is kept.

    Attributes
    ----------
    split, quantity, measure : str
        What is limited.
    limit, value : float
        Limit and figure, per cent or SI unit; no figure where there was nothing to measure.
    is_least : bool
        Whether the figure has to be the limit at least, instead of at most.
    known_miss : str
        Why the descriptor expects the limit to be missed; empty where it does not.
    known_error : float or None
        The figure that the descriptor knows of.
    """

    split: str
    quantity: str
    measure: str
    limit: float
    value: float | None
    is_least: bool = False
    known_miss: str = ""
    known_error: float | None = None

    @classmethod
    def of_limit(
        cls, split: str, quantity: str, measure: str, limits: Limits, value: float | None
    ) -> ThresholdResult:
        """Hold a figure, whose sign does not count, against what a descriptor says of it.

        Parameters
        ----------
        split, quantity, measure : str
            What is limited.
        limits : Limits
            Of the descriptor.
        value : float or None
            The figure, per cent or SI unit; None where there was nothing to measure.
        """
        return cls(
            split,
            quantity,
            measure,
            limits.by_measure[measure],
            abs(value) if value is not None else None,
            known_miss=limits.known_miss or "",
            known_error=limits.known_error,
        )

    @property
    def passed(self) -> bool:
        """False also where there was nothing to measure."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    @property
    def is_known_miss(self) -> bool:
        """Whether it is missed as the descriptor says, by no more than that and the margin."""
        if self.passed or self.value is None or self.known_error is None:
            return False
        return self.value <= self.known_error * (1.0 + KNOWN_MISS_MARGIN)

    @property
    def verdict(self) -> str:
        """The result in words: ``kept``, ``MISSED, known`` or ``MISSED``."""
        if self.passed:
            return "kept"
        return "MISSED, known" if self.is_known_miss else "MISSED"

    @property
    def text(self) -> str:
        """The limit in words."""
        sign = ">=" if self.is_least else "<="
        return f"{self.quantity} {self.measure} {sign} {self.limit:g}"

    @property
    def finding(self) -> str:
        """The value in words."""
        if self.value is None:
            return "nothing to measure"
        figure = f"{self.value:.4g}"
        if self.known_error is None or self.is_known_miss:
            return figure
        if self.passed:
            return f"{figure}, kept although the descriptor names a known miss"
        return (
            f"{figure}, more than {100.0 * KNOWN_MISS_MARGIN:g} % beyond the known miss of "
            f"{self.known_error:g}"
        )


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
        Whose fit the FMU is: one to these data, whose answers the FMU gives.
    compared_with_fit : list of str
        Quantities whose answers were compared with those of the fit that the FMU says it is.
    deviations : list of Deviation
        Where the FMU says that it is of the calibrated machine and does not give its answers.
    provenance : str
        Which records the FMU's parameters come from, in words.
    scores : list of Score
        Of every predictor.
    thresholds : list of ThresholdResult
        Of the FMU and, where it is the fit, of its calibration; none of a quantity that the FMU
        does not give.
    unchecked : list of str
        Quantities with a limit that is not checked, because the FMU does not give them.
    connection : Connection or None
        By which variables the FMU was stepped and read; None where nobody connected it.
    data_fingerprint : str
        Of the data as read; `dataset` may hold flows that the calibration found.
    comparison : list of Change
        The errors beside those of a baseline; empty where none was given.
    seconds : dict of str to float
        What ``screening``, ``stepping`` and ``scoring`` took, s; empty where it was not measured.
    """

    dataset: Dataset
    screening: Screening
    fmu: FmuInfo
    simulation: CosimulationResult
    predictions: dict[str, list[Prediction]]
    sets: dict[str, list[int]]
    calibration: CalibrationRecord | None
    compared_with_fit: list[str]
    deviations: list[Deviation]
    provenance: str
    compressor: CompressorScore | None
    scores: list[Score]
    thresholds: list[ThresholdResult]
    unchecked: list[str]
    connection: Connection | None
    data_fingerprint: str
    comparison: list[Change] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def not_given(self) -> list[str]:
        """Quantities that were recorded and could be scored, but that the FMU does not give."""
        return [q for q in self.dataset.scored if q not in self.simulation.outputs]

    @property
    def inputs(self) -> pd.DataFrame:
        """Inputs at each record, SI units; a speed that nobody read is the one the FMU chose."""
        inputs = self.dataset.values[list(BOUNDARY_QUANTITIES)]
        if SPEED in self.simulation.outputs:
            inputs = inputs.assign(**{SPEED: self.simulation.outputs[SPEED]})
        return inputs

    @cached_property
    def unanswered_records(self) -> dict[int, str]:
        """Records that the FMU did not answer as asked, with what it said."""
        found = {}
        kept = set(self.screening.kept)
        for record, outputs in self.simulation.outputs.to_dict("index").items():
            why = self._unanswered(int(record), outputs, int(record) in kept)
            if why:
                logged = "; ".join(self.simulation.messages.get(int(record), ()))
                found[int(record)] = f"{why}{': ' if logged else ''}{logged}"
        return found

    @cached_property
    def record_errors(self) -> pd.Series[float]:
        """How far the FMU is off at each record, in standard uncertainties of the readings.

        The root mean square over the scored quantities; infinite where the FMU gave no number, NaN
        where nothing can be compared.
        """
        outputs, values = self.simulation.outputs, self.dataset.values
        squares = pd.DataFrame(index=values.index)
        for quantity in self.dataset.scored:
            field = self.screening.fields[quantity]
            if quantity not in outputs or not field.usable:
                continue
            simulated = outputs[quantity].where(np.isfinite(outputs[quantity]), math.inf)
            u = self.dataset.uncertainties[quantity]
            errors = ((simulated - values[quantity]) / u.where(u > 0.0)) ** 2
            squares[quantity] = errors.mask(errors.index.isin(list(field.rejected)))
        return squares.mean(axis=1) ** 0.5

    def farthest_first(self, records: Iterable[int]) -> list[int]:
        """Sort records by `record_errors`, largest first; those without one come last."""
        errors = self.record_errors.to_dict()
        return sorted(records, key=lambda r: math.inf if math.isnan(errors[r]) else -errors[r])

    def _unanswered(self, record: int, outputs: dict[str, float], is_kept: bool) -> str:
        not_finite = [name for name, value in outputs.items() if not math.isfinite(value)]
        if not_finite:
            return f"{not_finite[0]} is {outputs[not_finite[0]]}"
        if STATUS not in outputs:
            return ""
        status = outputs[STATUS]
        if status not in list(OperatingStatus):
            return f"operating_status {status:g} is none of 0 to {max(OperatingStatus)}"
        if status == OperatingStatus.OFF and self.dataset.values.loc[record, "compressor_speed"]:
            return "the FMU is off while the compressor runs"
        if status == OperatingStatus.MOVED_TO_ENVELOPE and is_kept:
            if self.dataset.heat_is_given:
                return "no speed within envelope and limits gives the recorded heat here"
            return "answered for another boundary, since this one lies outside the envelope"
        if status in (OperatingStatus.SOLVE_FAILED, OperatingStatus.INPUT_REJECTED):
            return "an old result was held"
        if is_kept and self._is_cycling(outputs):
            return (
                "its heat is below that of the least speed, "
                f"{self.fmu.least_speed:g}, so that the answer is the mean of a machine that "
                "cycles; if that was recorded, name the record in [[unscored_records]]"
            )
        return ""

    def _is_cycling(self, outputs: dict[str, float]) -> bool:
        """Whether an FMU that was asked for heat gives less than its least speed does."""
        least = self.fmu.least_speed
        if not self.dataset.heat_is_given or least is None or SPEED not in outputs:
            return False
        # Speeds are found to 1e-6; below the least one it is the least one, to the last digit.
        return outputs[SPEED] <= least

    @property
    def passed(self) -> bool:
        """Whether the FMU is what it says, answers all, keeps its limits and became no worse.

        A limit that is missed as known counts as kept.
        """
        return (
            not self.unanswered_records
            and not self.deviations
            and all(t.passed or t.is_known_miss for t in self.thresholds)
            and not any(c.is_worse for c in self.comparison)
        )

    @property
    def own_split(self) -> str:
        """What the FMU's own answers are: those of the fit to these records, or as built."""
        return FITTED if self.calibration else AS_BUILT

    @property
    def split_titles(self) -> dict[str, str]:
        """What each split is, for a reader."""
        n = "each record" if self._is_leave_one_out else "a tenth of the records"
        of_calibration = " (of the calibration, not of this FMU file)" if self.calibration else ""
        return {
            FITTED: "fitted: the FMU as it is, which has seen these records",
            AS_BUILT: f"as built: the FMU as it is (parameters from: {self.provenance})",
            LEAVE_ONE_OUT: f"left out: {n} predicted by a fit without it{of_calibration}",
            EXTRAPOLATION: "extrapolation: fitted to the half nearest the design point's "
            f"temperature lift, predicting the other half{of_calibration}",
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

    def to_file(self) -> ScoresFile:
        """Return the content of ``scores.json``: all but the values of each record, SI units."""
        content = {
            "$schema": SCHEMA_ID,
            "format_version": FORMAT_VERSION,
            "heatpump_twin_version": version("heatpump-twin"),
            "dataset": self.dataset.descriptor.name,
            "data_fingerprint": self.data_fingerprint,
            "machine": self.dataset.descriptor.machine,
            "source": self.dataset.descriptor.source,
            "fmu": {
                "model_name": self.fmu.model_name,
                "guid": self.fmu.guid,
                "generation_tool": self.fmu.generation_tool,
                "sha256": self.fmu.sha256,
                "fmi_version": self.fmu.fmi_version,
                "interface": self.fmu.interface,
                "connection": self.connection.to_dict() if self.connection else None,
                "not_given": self.not_given,
                "certificate": asdict(self.fmu.certificate) if self.fmu.certificate else None,
            },
            "split": self.own_split,
            "parameters_from": self.provenance,
            "deviations_from_fit": [
                {
                    "quantity": d.quantity,
                    "record": d.record,
                    "fmu": _plain(d.fmu),
                    "fit": d.fit,
                    "allowed": d.allowed,
                }
                for d in self.deviations
            ],
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
            "limits_not_checked": self.unchecked,
            "thresholds": [
                {**vars(t), "passed": t.passed, "is_known_miss": t.is_known_miss}
                for t in self.thresholds
            ],
            "comparison": [{**vars(c), "is_worse": c.is_worse} for c in self.comparison],
            "fields": {
                name: {
                    "usable": f.usable,
                    "reasons": list(f.reasons),
                    "rejected": {str(r): reason for r, reason in f.rejected.items()},
                }
                for name, f in self.screening.fields.items()
            },
        }
        return ScoresFile.model_validate(content)


def score(
    dataset: Dataset,
    screening: Screening,
    fmu: FmuInfo,
    simulation: CosimulationResult,
    calibration: CalibrationRecord | None,
    provenance: str,
    compressor: CompressorScore | None,
    tolerance: float = DEFAULT_MAP_TOLERANCE,
    fingerprint: str | None = None,
    connection: Connection | None = None,
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
        Of the machine that the FMU says it is, if that was fitted to these data. It counts only if
        the FMU gives the answers of that fit.
    provenance : str
        Which records the FMU's parameters come from, in words.
    compressor : CompressorScore or None
        Of the compressor alone.
    tolerance : float
        Largest relative error of a map that the machine file wants.
    fingerprint : str, optional
        Of the data as read; that of `dataset` by default.
    connection : Connection, optional
        By which variables the FMU was stepped and read.
    """
    compared: list[str] = []
    deviations: list[Deviation] = []
    if calibration is not None:
        compared = [q for q in calibration.answers if q in simulation.outputs]
        deviations = deviations_from_fit(
            simulation.outputs, calibration, fmu.certificate, tolerance
        )
        if deviations:
            calibration = None
            provenance = "not known: the FMU does not give the answers of its machine file's fit"
    results = [q for q in dataset.scored if q in simulation.outputs]
    kept = tuple(screening.kept)
    excluded = [r for r, s in screening.records.items() if s.verdict is not Verdict.KEPT]
    unseen_splits = leave_out_splits(kept, seed=0)
    own = FITTED if calibration else AS_BUILT
    # An FMU of unknown origin is set beside regressions that have not seen the records.
    splits = {
        own: [Split(kept, kept)] if calibration else unseen_splits,
        LEAVE_ONE_OUT: unseen_splits,
    }
    answered = Prediction(MODEL, simulation.outputs[results])
    predictions = {own: [answered], LEAVE_ONE_OUT: [], EXCLUDED: [answered]}
    sets = {own: list(kept), LEAVE_ONE_OUT: list(kept), EXCLUDED: excluded}
    if calibration is not None:
        for split in (LEAVE_ONE_OUT, EXTRAPOLATION):
            unseen = calibration.frame(split, "values")
            held = [r for r in unseen.index if r in kept]
            predictions[split] = [Prediction(MODEL, unseen.loc[held, results])]
            sets[split] = held
        far = sets[EXTRAPOLATION]
        near = tuple(r for r in kept if r not in set(far))
        splits[EXTRAPOLATION] = [Split(near, tuple(far))]
    for name, members in splits.items():
        predictions[name] += [regression(dataset, screening, d, members) for d in (1, 2)]
    predictions[LEAVE_ONE_OUT] += published(dataset)
    scores = []
    usable = {
        quantity: {
            r
            for r, value in dataset.values[quantity].items()
            if math.isfinite(value) and screening.is_usable(r, quantity)
        }
        for quantity in results
    }
    for split, of_split in predictions.items():
        for prediction in of_split:
            for quantity in results:
                if quantity not in prediction.values:
                    continue
                # A baseline may say nothing; a model that says nothing fails its run.
                said = prediction.values[quantity].to_dict()
                used = [r for r in sets[split] if r in usable[quantity] and math.isfinite(said[r])]
                if used:
                    errors = measure(
                        quantity,
                        dataset.values.loc[used, quantity].to_numpy(dtype=float),
                        prediction.values.loc[used, quantity].to_numpy(dtype=float),
                    )
                    scores.append(Score(prediction.name, split, quantity, errors))
    limited = (own, LEAVE_ONE_OUT, EXTRAPOLATION) if calibration else (own,)
    missing = [q for q in dataset.scored if q not in simulation.outputs]
    of_own_split = dataset.descriptor.thresholds.by_split[own]
    return Scores(
        dataset=dataset,
        screening=screening,
        fmu=fmu,
        simulation=simulation,
        predictions=predictions,
        sets=sets,
        calibration=calibration,
        compared_with_fit=compared,
        deviations=deviations,
        provenance=provenance,
        compressor=compressor,
        scores=scores,
        thresholds=_check_thresholds(dataset, screening, scores, limited, missing),
        unchecked=[q for q in missing if q in of_own_split],
        connection=connection,
        data_fingerprint=fingerprint or data_fingerprint(dataset),
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
    dataset: Dataset,
    screening: Screening,
    scores: list[Score],
    splits: Sequence[str],
    missing: Sequence[str],
) -> list[ThresholdResult]:
    """Check the limits of some splits, but for quantities that the FMU does not give."""
    by_key = {(s.split, s.quantity): s.errors for s in scores if s.predictor == MODEL}
    results = []
    least = dataset.descriptor.thresholds.records_min
    if least is not None:
        kept = len(screening.kept)
        results.append(ThresholdResult("all", "kept records", "count", least, kept, is_least=True))
    for split, limits_by_quantity in dataset.descriptor.thresholds.by_split.items():
        if split not in splits:
            continue
        for quantity, limits in limits_by_quantity.items():
            if quantity in missing:
                continue
            errors = by_key.get((split, quantity))
            for name in limits.by_measure:
                value = getattr(errors, name) if errors is not None else None
                results.append(ThresholdResult.of_limit(split, quantity, name, limits, value))
    return results


def boundaries(dataset: Dataset) -> pd.DataFrame:
    """Return what the model is given for every record, SI units."""
    return dataset.values[list(dataset.inputs)]


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
