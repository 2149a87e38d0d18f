"""The whole calibration: start, screening, fit, cross-validation, machine file and record."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomlkit

from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.machine_files.units import from_si
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import PARAMETERS, Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.outputs import staged
from heatpump_twin.running import temporary_folder
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle

from ..data.datasets import Dataset
from ..data.screening import Screening, screen
from ..errors import CalibrationError
from .cross_validation import (
    MOST_LEFT_OUT_ALONE,
    BandedPrediction,
    coverage,
    extrapolation_split,
    leave_out_splits,
    predict_all_unseen,
    predict_with_band,
)
from .estimating import Estimate, estimate
from .fitting import Fit, Problem
from .record import (
    CalibrationRecord,
    FittedParameter,
    data_fingerprint,
    plain,
    plain_frame,
    record_path,
)
from .starting import CALIBRATION, Start, begin

# A fit of fewer records cannot be checked by leaving some out.
LEAST_RECORDS = 4

# A fitted number whose standard error exceeds this share of its start value's uncertainty is said
# not to be identified; so are two with a correlation beyond the other limit.
UNIDENTIFIED_SHARE, UNIDENTIFIED_CORRELATION = 0.8, 0.98

# Digits written: enough to repeat a run to 1e-6, not more than rounding leaves stable.
DIGITS = 9


@dataclass(frozen=True)
class Calibration:
    """A calibrated machine.

    Attributes
    ----------
    machine : Machine
        The result.
    document : tomlkit.TOMLDocument
        Its machine file.
    record : CalibrationRecord or None
        What was found; None if the run was interrupted before it was cross-validated.
    start_error, error : float
        Mean absolute error in standard uncertainties: of the start on the records, and of the fit
        on left-out records.
    screening : Screening
        Which records took part.
    """

    machine: Machine
    document: tomlkit.TOMLDocument
    record: CalibrationRecord | None
    start_error: float
    error: float
    screening: Screening


@dataclass
class Progress:
    """Told how far a calibration is: `fitting` after each fit, `left_out` after each split."""

    fitting: Callable[[], None] = lambda: None
    splits: Callable[[int], None] = lambda n: None
    left_out: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class FittedMachine:
    """A machine fitted to all usable records, before cross-validation.

    Attributes
    ----------
    problem : Problem
        Records and uncertainties as stated, with those of the inlets.
    start : Start
        What was known before.
    estimate : Estimate
        Parameters and uncertainties found.
    start_error : float
        Mean absolute error of the start in standard uncertainties.
    screening : Screening
        Which records took part.
    is_interrupted : bool
        Whether the user ended the fit early.
    """

    problem: Problem
    start: Start
    estimate: Estimate
    start_error: float
    screening: Screening
    is_interrupted: bool


def calibrate(
    dataset: Dataset,
    start_path: Path,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fit a machine to recorded data.

    Parameters
    ----------
    dataset : Dataset
        The records.
    start_path : Path
        Start file.
    seed : int
        Deals many records into parts for cross-validation.
    workers : int, optional
        Processes; all cores by default. The result does not depend on it.
    progress : Progress, optional
        Told how far it is.

    Raises
    ------
    InputError
        If data or start cannot be used.
    CalibrationError
        If the fit does not converge, ends on a bound, or is no better than the start.
    """
    progress = progress or Progress()
    fitted = fit_machine(dataset, start_path, progress)
    record, band = None, None
    if not fitted.is_interrupted:
        try:
            record, band = _cross_validate(fitted, seed, workers or os.cpu_count() or 1, progress)
        except KeyboardInterrupt:
            record = None
    document, machine = _write(fitted.problem, fitted.start, fitted.estimate.fit, band)
    if record is not None:
        # Of the machine as it was written, so that rounded numbers are those that an FMU has.
        answers = fit_answers(machine, record.with_flows_found(dataset), record.records)
        record = replace(
            record, machine_fingerprint=machine.fingerprint, answers=plain_frame(answers)
        )
    return Calibration(
        machine,
        document,
        record,
        fitted.start_error,
        fitted.estimate.fit.left_out_error,
        fitted.screening,
    )


def fit_machine(
    dataset: Dataset, start_path: Path, progress: Progress | None = None
) -> FittedMachine:
    """Estimate the parameters from all usable records, without cross-validating the result.

    Parameters
    ----------
    dataset : Dataset
        The records.
    start_path : Path
        Start file.
    progress : Progress, optional
        Told how far it is.

    Raises
    ------
    InputError, CalibrationError
        As `calibrate`.
    """
    progress = progress or Progress()
    start, screening = _screened_start(dataset, start_path)
    problem = Problem(dataset, start.machine, screening.is_scored, screening.kept)
    _check_enough(problem, start)
    name = dataset.descriptor.name
    best: list[Estimate] = []

    def told(so_far: Estimate) -> None:
        best[:] = [so_far]
        progress.fitting()

    is_interrupted = False
    try:
        first = problem.fit(start.base)
        problem = problem.with_input_uncertainty(first)
        try:
            found = estimate(
                problem, start.base, start.options, start=first.by_place, progress=told
            )
        except KeyboardInterrupt:
            if not best:
                raise
            found, is_interrupted = best[0], True
    except SolveError as error:
        raise CalibrationError(f"data set {name}: the fit found no solution: {error}") from error
    fit = found.fit
    _check_fit(fit)
    start_error = _start_error(found.problem)
    if not fit.left_out_error < start_error:
        raise CalibrationError(
            f"data set {name}: the fit is not better than the start: left-out records deviate by "
            f"{fit.left_out_error:.3g} standard uncertainties, the start by "
            f"{start_error:.3g}; nothing is written"
        )
    _check_physics(problem, fit)
    return FittedMachine(problem, start, found, start_error, screening, is_interrupted)


def fit_answers(machine: Machine, dataset: Dataset, records: Sequence[int]) -> pd.DataFrame:
    """Answer records with the quick cycle of a machine, the one that fits are made with.

    Parameters
    ----------
    machine : Machine
        As its machine file has it.
    dataset : Dataset
        With the flows that its calibration found.
    records : sequence of int
        To be answered.

    Returns
    -------
    pandas.DataFrame
        One row a record, columns `quick_cycle.OUTPUTS`, SI units.

    Raises
    ------
    SolveError
        If a record has no solution.
    """
    cycle = QuickCycle(machine)
    boundaries = dataset.values.loc[list(records), list(BOUNDARY_QUANTITIES)]
    return pd.DataFrame(
        [cycle.solve(Boundary(*map(float, row))).outputs for row in boundaries.to_numpy()],
        index=list(records),
        columns=list(OUTPUTS),
    )


def save(calibration: Calibration, path: Path) -> None:
    """Write machine file and record, each whole or not at all.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    with staged(path.parent, f"output {path}") as stage:
        machine_file = stage / path.name
        machine_file.write_text(tomlkit.dumps(calibration.document), encoding="utf-8")
        read_machine_file(machine_file)
        if calibration.record is not None:
            calibration.record.save(record_path(machine_file))
    if calibration.record is None:
        # It would be one of an earlier machine file.
        record_path(path).unlink(missing_ok=True)


def _screened_start(dataset: Dataset, path: Path) -> tuple[Start, Screening]:
    name = dataset.descriptor.name
    candidates = [r for r in dataset.values.index if r not in dataset.declared_unscored]
    start = begin(dataset, path, candidates)
    cycle = HeatPumpCycle(start.machine)
    try:
        cycle.design()
    except SolveError as error:
        raise InputError(
            f"data set {name}: the record that gives the design point contradicts physics with the "
            f"numbers of start file {path}: {error}; check units of power and heat, or name "
            "another design_record"
        ) from error
    screening = screen(dataset, start.machine)
    if not screening.kept:
        reasons = {why for s in screening.records.values() for why in s.reasons}
        raise InputError(
            f"data set {name}: no record is left after screening; for instance: {min(reasons)}"
        )
    return begin(dataset, path, screening.kept), screening


def _check_enough(problem: Problem, start: Start) -> None:
    values = problem.rows(problem.records)
    per_record = values / len(problem.records)
    needed = LEAST_RECORDS
    if per_record:
        # One record left out, the rest still has to exceed the parameters.
        needed = max(needed, 2 + math.ceil(len(start.base) / per_record))
    if len(problem.records) < needed:
        names = ", ".join(p.place for p in start.base)
        raise InputError(
            f"data set {problem.dataset.descriptor.name}: {len(problem.records)} usable records "
            f"with {values} measured values are too few for {len(start.base)} parameters "
            f"({names}); at least {needed} records are needed"
        )


def _start_error(problem: Problem) -> float:
    try:
        predicted = problem.predict({}, problem.records)
    except SolveError:
        return math.inf
    errors = [
        abs(predicted.loc[r, q] - problem.dataset.values.loc[r, q]) / problem.sigma[r][q]
        for r in problem.records
        for q in problem.fields[r]
    ]
    return float(np.mean(errors))


def _check_fit(fit: Fit) -> None:
    if not fit.converged:
        raise CalibrationError("the fit did not converge; nothing is written")
    if fit.on_bound:
        raise CalibrationError(
            f"the fit ends on a physical bound of {', '.join(fit.on_bound)}; the data contradict "
            "the model or the start file; nothing is written"
        )


def _check_physics(problem: Problem, fit: Fit) -> None:
    """Solve every fitted record with TESPy, which refuses what physics forbids.

    Without recorded pressures a fit can trade them against the compressor's losses until it has
    none.
    """
    cycle = HeatPumpCycle(problem.machine_with(fit.by_place))
    values = problem.dataset_with(fit.by_place).values
    for record in problem.records:
        boundary = Boundary(*map(float, values.loc[record, list(BOUNDARY_QUANTITIES)]))
        try:
            cycle.off_design(boundary)
        except SolveError as error:
            raise CalibrationError(
                f"data set {problem.dataset.descriptor.name}: the fitted machine breaks physics at "
                f"record {record}: {error}; the data leave too much open: give the start file "
                "smaller uncertainties, or record pressures; nothing is written"
            ) from error


def _cross_validate(
    fitted: FittedMachine, seed: int, workers: int, progress: Progress
) -> tuple[CalibrationRecord, BandedPrediction]:
    problem, start, found = fitted.problem, fitted.start, fitted.estimate
    splits = leave_out_splits(problem.records, seed)
    far = extrapolation_split(problem)
    progress.splits(len(splits) + 1)
    try:
        *left_out, extrapolated = predict_all_unseen(
            problem,
            start.base,
            start.options,
            [*splits, far],
            found.fit.by_place,
            workers,
            progress.left_out,
        )
    except SolveError as error:
        raise CalibrationError(
            f"a fit without some of the records found no solution: {error}"
        ) from error
    unseen = BandedPrediction.joined(left_out)
    fit = found.fit
    record = CalibrationRecord(
        dataset=problem.dataset.descriptor.name,
        data_fingerprint=data_fingerprint(problem.dataset),
        machine_fingerprint="",
        records=problem.records,
        parameters=_parameters(fit),
        correlations=[[round(float(c), 6) for c in row] for row in _correlations(fit)],
        chi_squared_reduced=round(fit.chi_squared_reduced, 9),
        uncertainty_factors={q: round(f, 9) for q, f in found.uncertainty_factors.items()},
        kept_at_start=found.held
        | {place: f"{q} does not vary in the records" for place, q in start.not_varied.items()},
        flows={
            q: [float(f"{x:.9g}") for x in flow] for q, flow in problem.flows(fit.by_place).items()
        },
        is_leave_one_out=len(problem.records) <= MOST_LEFT_OUT_ALONE,
        predictions={"leave_one_out": plain(unseen), "extrapolation": plain(extrapolated)},
        answers={},
        coverage=list(coverage(problem.dataset.values, unseen, problem.fields)),
    )
    return record, predict_with_band(found, problem.records)


def _correlations(fit: Fit) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    errors = fit.standard_errors
    return fit.covariance / np.outer(errors, errors)


def _parameters(fit: Fit) -> list[FittedParameter]:
    correlations = np.abs(_correlations(fit)) - np.eye(len(fit.parameters))
    return [
        FittedParameter(
            place=p.place,
            unit=p.unit,
            start=float(f"{p.start:.{DIGITS}g}"),
            value=float(f"{value:.{DIGITS}g}"),
            standard_error=float(f"{error:.{DIGITS}g}"),
            is_identified=bool(
                error < UNIDENTIFIED_SHARE * p.prior_sd
                and correlations[j].max() < UNIDENTIFIED_CORRELATION
            ),
        )
        for j, (p, value, error) in enumerate(
            zip(fit.parameters, fit.values, fit.standard_errors, strict=True)
        )
    ]


def _write(
    problem: Problem, start: Start, fit: Fit, band: BandedPrediction | None
) -> tuple[tomlkit.TOMLDocument, Machine]:
    """Put fitted values into the start file; everything else stays as its author wrote it."""
    document = tomlkit.parse(tomlkit.dumps(start.document))
    descriptor = problem.dataset.descriptor
    note = (
        f"fitted to {len(problem.records)} records of {descriptor.name}, "
        f"recorded: {descriptor.date}"
    )
    machine = problem.machine_with(fit.by_place)
    boundary = vars(machine.design.boundary)
    values = {
        p.place: (p.unit, float(v), float(e))
        for p, v, e in zip(fit.parameters, fit.values, fit.standard_errors, strict=True)
        if not p.place.startswith("data.")
    }
    for p, v, e in zip(fit.parameters, fit.values, fit.standard_errors, strict=True):
        quantity = p.place.removeprefix("data.")
        if quantity in boundary:
            values[f"design_point.{quantity}"] = (
                p.unit,
                boundary[quantity],
                float(e * boundary[quantity] / v),
            )
    for place, (si_unit, value, error) in values.items():
        section, _, key = place.rpartition(".")
        table = document[section] if section else document
        unit = str(table[key]["unit"])
        difference = PARAMETERS[place].is_difference
        is_of_start = section != "design_point"
        table[key] = _entry(
            from_si(value, unit, si_unit, difference),
            unit,
            from_si(error, unit, si_unit, difference=True),
            f"{note}; start: {_stated(table[key])}" if is_of_start else note,
        )
    if band is not None:
        uncertainty = tomlkit.table()
        for q in ("P_el", "Q_flow_sink"):
            relative = band.standard_uncertainties[q] / band.values[q]
            uncertainty[q] = _entry(
                float(np.sqrt(np.mean(relative**2))),
                "1",
                None,
                "relative standard uncertainty of a reading about the prediction: covariance of "
                "the parameters and residual scatter, root mean square over the records"
                if q in problem.quantities
                else "covariance of the parameters, root mean square over the records; "
                "not measured",
            )
        document["prediction_uncertainty"] = uncertainty
    return document, _machine_of(document)


def _machine_of(document: tomlkit.TOMLDocument) -> Machine:
    with temporary_folder() as folder:
        path = folder / "machine.toml"
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
        return read_machine_file(path).to_machine()


def _stated(entry: Any) -> str:
    """A number of the start file with its source, in words."""
    note = f", {entry['note']}" if entry.get("note") else ""
    return f"{entry['value']} +- {entry['uncertainty']} by {entry['source']}{note}"


def _entry(value: float, unit: str, error: float | None, note: str) -> tomlkit.items.InlineTable:
    entry = tomlkit.inline_table()
    entry["value"] = float(f"{value:.{DIGITS}g}")
    entry["unit"] = unit
    if error is not None:
        entry["uncertainty"] = float(f"{error:.3g}")
    entry["source"] = CALIBRATION
    entry["note"] = note
    return entry
