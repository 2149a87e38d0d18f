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
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Boundary
from heatpump_twin.model.remainder import RELATIONS, Remainder
from heatpump_twin.outputs import staged
from heatpump_twin.running import temporary_folder
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle, boundaries_of

from ..data.completion import HEAT, SPEED
from ..data.contradictions import LARGEST_EFFICIENCY, check_columns
from ..data.datasets import Dataset
from ..data.screening import Screening, screen
from ..data.unknown_speed import design_record
from ..errors import CalibrationError
from .cross_validation import (
    MOST_LEFT_OUT_ALONE,
    BandedPrediction,
    coverage,
    extrapolation_split,
    leave_out_splits,
    predict_all_unseen,
    predict_with_band,
    unseen_error,
)
from .doubts import media_doubt
from .estimating import Estimate, estimate
from .fitting import Fit, Problem
from .learning import PLACE, is_weight
from .limits import WidenedLimit, widened_flows, widened_limits
from .outliers import find_outliers
from .parameters import FreeParameter
from .record import (
    CalibrationRecord,
    FittedParameter,
    data_fingerprint,
    plain,
    plain_frame,
    record_path,
)
from .speed_of_heat import solve_at_heat
from .starting import CALIBRATION, Start, begin, media_names

# A fit of fewer records cannot be checked by leaving some out.
LEAST_RECORDS = 4

# Of more records so many are drawn for the fit: further ones hardly sharpen it, and take time.
MOST_FITTED = 400

# With fewer records nothing is learned beside the parameters of the relations: left-out errors of
# so few are too uncertain to tell whether it helps.
LEAST_LEARNED = MOST_LEFT_OUT_ALONE + 1

# The remainder is used if it lowers the errors of left-out records and does not raise those of
# extrapolation by more than this factor.
LARGEST_GROWTH = 1.1

# Convergence of the robust fits, and the least gain by which a later start is preferred.
ROBUST_TOLERANCE, LEAST_GAIN = 1e-4, 1e-3

# More outliers than this share of the records are no outliers; and a fit that is off by more than
# this fraction at more than this share explains nothing.
MOST_OUTLIERS = 0.4
LARGEST_ERROR, MOST_FAR_OFF = 0.12, 0.25

# So many standard uncertainties of a reading, its inputs' included, are no disagreement.
COVERAGE = 2.0

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
    errors : dict of str to list of float
        By quantity, mean absolute error of the fit, of left-out records and of extrapolation: in
        per cent, or K for temperatures. Only the first if the run was interrupted.
    start_error, error : float
        Mean absolute error in standard uncertainties: of the start on the records, and of the fit
        on left-out records.
    screening : Screening
        Which records took part.
    limits : tuple of str
        What is said of limits of the start file that gave way.
    doubt : str
        Why refrigerant or media of the start file may be wrong; empty where nothing says so.
    """

    machine: Machine
    document: tomlkit.TOMLDocument
    record: CalibrationRecord | None
    errors: dict[str, list[float]]
    start_error: float
    error: float
    screening: Screening
    limits: tuple[str, ...]
    doubt: str


@dataclass
class Progress:
    """Told how far a calibration is: `fitting` after each fit, `left_out` after each split."""

    fitting: Callable[[], None] = lambda: None
    splits: Callable[[int], None] = lambda n: None
    left_out: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Variant:
    """One form of the model, fitted to all usable records.

    Attributes
    ----------
    problem : Problem
        Records and uncertainties as stated, with those of the inlets.
    parameters : tuple of FreeParameter
        That move.
    estimate : Estimate
        Parameters and uncertainties found.
    """

    problem: Problem
    parameters: tuple[FreeParameter, ...]
    estimate: Estimate


@dataclass(frozen=True)
class FittedMachine:
    """A machine fitted to all usable records, before cross-validation.

    Attributes
    ----------
    physics : Variant
        The relations of the model alone.
    learned : Variant or None
        With the remainder that is learned from the records, where there are enough of them.
    start : Start
        What was known before.
    start_error : float
        Mean absolute error of the start in standard uncertainties.
    screening : Screening
        Which records took part.
    outliers : dict of int to str
        Records that contradict the others, with the reason.
    is_interrupted : bool
        Whether the user ended the fit early.
    """

    physics: Variant
    learned: Variant | None
    start: Start
    start_error: float
    screening: Screening
    outliers: dict[int, str]
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
        If the records contradict each other or the model so much that no machine explains them.
    """
    progress = progress or Progress()
    fitted = fit_machine(dataset, start_path, progress, seed)
    record, band, chosen = None, None, fitted.physics
    if not fitted.is_interrupted:
        try:
            record, band, chosen = _cross_validate(
                fitted, seed, workers or os.cpu_count() or 1, progress
            )
        except KeyboardInterrupt:
            record = None
    document, machine, limits, doubt = _write(chosen, fitted.start, band)
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
        _errors(chosen, record),
        fitted.start_error,
        chosen.estimate.fit.left_out_error,
        fitted.screening,
        limits,
        doubt,
    )


def fit_machine(
    dataset: Dataset, start_path: Path, progress: Progress | None = None, seed: int = 0
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
    seed : int
        Draws the records that are fitted where there are more than `MOST_FITTED`.

    Raises
    ------
    InputError, CalibrationError
        As `calibrate`.
    """
    progress = progress or Progress()
    start, screening = _screened_start(dataset, start_path)
    kept = _some(screening.kept, MOST_FITTED, seed)
    problem = Problem(dataset, start.machine, screening.is_scored, kept)
    _check_enough(problem, start)
    name = dataset.descriptor.name
    parameters = (*start.base, *start.options)
    outliers: dict[int, str] = {}
    physics: Variant | None = None
    learned: Variant | None = None
    is_interrupted = False

    def told(so_far: Estimate) -> None:
        nonlocal physics
        # The best so far is what an interrupted run gives.
        if physics is None or so_far.problem.basis is None:
            physics = Variant(so_far.problem, parameters, so_far)
        progress.fitting()

    try:
        rough = _from_several_starts(problem, start, progress)
        # How the inlets act depends on the size of the machine and hardly on anything else.
        at_size = problem.fit(start.base, start=rough.by_place, tolerance=ROBUST_TOLERANCE)
        stated = problem.with_input_uncertainty(at_size)
        _check_speeds(stated, rough)
        outliers |= _contradicting(stated, rough)
        _check_outliers(name, outliers, len(kept))
        first = stated.without(outliers)
        physics = fit_within_speeds(first, parameters, rough.by_place, outliers, told)
        if len(physics.problem.records) >= LEAST_LEARNED:
            learned = _learned(physics, outliers, told)
            _check_outliers(name, outliers, len(kept))
        # Both are fitted to the same records, and neither needs a speed outside the envelope.
        while set(physics.problem.records) & set(outliers):
            fewer, values = physics.problem.without(outliers), physics.estimate.fit.by_place
            physics = fit_within_speeds(fewer, parameters, values, outliers, told)
            if learned is not None and set(learned.problem.records) & set(outliers):
                learned = _learned(physics, outliers, told)
                _check_outliers(name, outliers, len(kept))
    except KeyboardInterrupt:
        if physics is None:
            raise
        is_interrupted = True
    except SolveError as error:
        raise CalibrationError(f"data set {name}: the fit found no solution: {error}") from error
    _check_agreement(name, physics)
    return FittedMachine(
        physics,
        None if is_interrupted else learned,
        start,
        _start_error(physics.estimate.problem),
        screening.without(outliers),
        outliers,
        is_interrupted,
    )


def _some(records: list[int], most: int, seed: int) -> list[int]:
    if len(records) <= most:
        return records
    return sorted(map(int, np.random.default_rng(seed).permutation(records)[:most]))


def _from_several_starts(problem: Problem, start: Start, progress: Progress) -> Fit:
    """Fit robustly from several starts and return the fit of the lowest cost.

    Raises
    ------
    SolveError
        If no record has a solution at any of them.
    """
    parameters = (*start.base, *start.options)
    best: Fit | None = None
    failed: SolveError | None = None
    for values in start.starts(problem.dataset):
        try:
            fit = problem.fit(parameters, start=values, loss="cauchy", tolerance=ROBUST_TOLERANCE)
        except SolveError as error:
            failed = error
            continue
        progress.fitting()
        if best is None or fit.cost < best.cost * (1.0 - LEAST_GAIN):
            best = fit
    if best is None:
        assert failed is not None
        raise failed
    return best


def _learned(
    physics: Variant, outliers: dict[int, str], told: Callable[[Estimate], None]
) -> Variant:
    """Fit with the remainder; records that contradict it are added to `outliers`."""
    stated, found = physics.problem, physics.estimate
    while True:
        problem = stated.with_basis(found.fit)
        assert problem.basis is not None
        parameters = (*physics.parameters, *problem.basis.parameters)
        # From the start values: without the remainder exchangers take up what the relations of the
        # compressor do not explain, and the fit would have to come back from there.
        again = estimate(problem, parameters, progress=told)
        more = _contradicting(again.problem, again.fit)
        if not more:
            return Variant(problem, parameters, again)
        outliers |= more
        stated = stated.without(outliers)


def _contradicting(problem: Problem, fit: Fit) -> dict[int, str]:
    """Say which records contradict the others, or have a heat that no speed gives."""
    return find_outliers(problem, fit) | _beyond_speeds(problem, fit)


def _beyond_speeds(problem: Problem, fit: Fit) -> dict[int, str]:
    """Say which records take a speed outside the envelope for their heat, where heat is given."""
    if not problem.dataset.heat_is_given:
        return {}
    least, largest = problem.machine.envelope.range(SPEED)
    reasons = {}
    for record, speed in problem.speeds(fit.by_place, problem.records).items():
        heat = f"its heat of {problem.dataset.values.loc[record, HEAT] / 1e3:.4g} kW"
        if math.isnan(speed):
            reasons[int(record)] = f"no speed of a machine like that of the others gives {heat}"
        elif not least <= speed <= largest:
            end, limit = ("min", least) if speed < least else ("max", largest)
            cycles = ": below its least speed a machine cycles" if speed < least else ""
            reasons[int(record)] = (
                f"{heat} takes a speed of {speed:.3g} times that of the design point, but "
                f"envelope.{SPEED}_{end} is {limit:g}{cycles}"
            )
    return reasons


def fit_within_speeds(
    problem: Problem,
    parameters: tuple[FreeParameter, ...],
    start: dict[str, float],
    outliers: dict[int, str],
    told: Callable[[Estimate], None] | None = None,
) -> Variant:
    """Fit until no record takes a speed outside the envelope.

    A fit without some records may move the speeds of others.

    Parameters
    ----------
    problem : Problem
        With uncertainties as stated.
    parameters : tuple of FreeParameter
        That may move.
    start : dict of str to float
        Where to begin, by place.
    outliers : dict of int to str
        Records that were left out before; those that are left out here are added.
    told : callable, optional
        Told of every fit.

    Raises
    ------
    CalibrationError
        If too many are left out.
    """
    count = len({*problem.records, *outliers})
    while True:
        found = estimate(problem, parameters, start=start, progress=told)
        beyond = _beyond_speeds(problem, found.fit)
        if not beyond:
            return Variant(problem, parameters, found)
        outliers |= beyond
        _check_outliers(problem.dataset.descriptor.name, outliers, count)
        problem, start = problem.without(beyond), found.fit.by_place


def _check_speeds(problem: Problem, fit: Fit) -> None:
    """Refuse an envelope that leaves out the speeds of many records."""
    beyond, count = _beyond_speeds(problem, fit), len(problem.records)
    if len(beyond) > MOST_OUTLIERS * count:
        record, reason = next(iter(beyond.items()))
        raise CalibrationError(
            f"data set {problem.dataset.descriptor.name}: {len(beyond)} of {count} records need "
            f"a speed outside the envelope for their heat, for instance record {record}: "
            f"{reason}; speed 1 is that of the design point, which has the inlets of record "
            f"{design_record(problem.dataset, problem.records)} and gives "
            f"{problem.machine.design.Q_flow_sink / 1e3:.4g} kW there; widen "
            f"envelope.{SPEED}_min or {SPEED}_max in the start file, state rated_heat in the "
            "descriptor, or check the unit of heat; nothing is written"
        )


def _check_outliers(name: str, outliers: dict[int, str], count: int) -> None:
    if len(outliers) > MOST_OUTLIERS * count:
        record, reason = next(iter(outliers.items()))
        raise CalibrationError(
            f"data set {name}: {len(outliers)} of {count} records contradict the others, so that "
            f"no machine explains them, for instance record {record}: {reason}; nothing is written"
        )


def _check_agreement(name: str, variant: Variant) -> None:
    """Refuse a fit that does not explain its records, and one with an impossible compressor."""
    problem, fit = variant.problem, variant.estimate.fit
    predicted = problem.predict(fit.by_place, problem.records)
    for q in ("P_el", "Q_flow_sink", "Q_flow_source"):
        if q not in problem.quantities:
            continue
        measured = problem.dataset.values.loc[problem.records, q]
        error = predicted[q] / measured - 1.0
        # Inputs may be read so badly that no model could do better.
        sigma = pd.Series({r: problem.sigma[r].get(q, 0.0) for r in problem.records})
        far_off = ~(error.abs() <= (COVERAGE * sigma / measured).clip(lower=LARGEST_ERROR))
        if far_off.mean() > MOST_FAR_OFF:
            worst = int(error.abs().fillna(math.inf).idxmax())
            raise CalibrationError(
                f"data set {name}: no machine explains the records: {q} of the best fit is off by "
                f"more than {100.0 * LARGEST_ERROR:g} % at {far_off.sum()} of {len(error)} "
                f"records, by {100.0 * error[worst]:+.0f} % at record {worst}; check the table, "
                "its units, the speed and the media; nothing is written"
            )
    sizes = QuickCycle(problem.machine_with(fit.by_place)).relations.sizes
    if not sizes.isentropic_efficiency <= LARGEST_EFFICIENCY:
        raise CalibrationError(
            f"data set {name}: the fitted machine breaks physics: an isentropic efficiency of "
            f"{sizes.isentropic_efficiency:.2f} at the design point, where compressors reach "
            f"{LARGEST_EFFICIENCY:g} at most; check the units of power and heat; or the data leave "
            "too much open: give the start file smaller uncertainties, or record pressures; "
            "nothing is written"
        )


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
        One row a record, columns `quick_cycle.OUTPUTS`, and the speed where that is the one that
        gives the recorded heat; SI units.

    Raises
    ------
    SolveError
        If a record has no solution.
    """
    cycle = QuickCycle(machine)
    boundaries = dataset.values.loc[list(records), list(BOUNDARY_QUANTITIES)]
    if dataset.heat_is_given:
        inputs = boundaries_of(boundaries.to_numpy(float))
        solved = solve_at_heat(cycle, inputs, dataset.values.loc[list(records), HEAT].to_numpy())
        answers = pd.DataFrame(solved.outputs.T, index=list(records), columns=list(OUTPUTS))
        answers[SPEED] = solved.speed
        if not solved.are_solved.all():
            record = answers.index[~solved.are_solved][0]
            raise SolveError(f"record {record}: no speed of the fitted machine gives its heat")
        return answers
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
    check_columns(dataset, media_names(path))
    start = begin(dataset, path, candidates)
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
    predicted = problem.predict({}, problem.records)
    errors = [
        abs(predicted.loc[r, q] - problem.dataset.values.loc[r, q]) / problem.sigma[r][q]
        for r in problem.records
        for q in problem.fields[r]
    ]
    error = float(np.mean(errors))
    return error if math.isfinite(error) else math.inf


def _cross_validate(
    fitted: FittedMachine, seed: int, workers: int, progress: Progress
) -> tuple[CalibrationRecord, BandedPrediction, Variant]:
    """Predict left-out records with each variant and choose the one that does it better."""
    physics, learned = fitted.physics, fitted.learned
    splits = leave_out_splits(physics.problem.records, seed)
    far = extrapolation_split(physics.problem)
    variants = [physics] if learned is None else [physics, learned]
    progress.splits(len(variants) * (len(splits) + 1))
    predictions, errors = [], []
    for variant in variants:
        try:
            *left_out, extrapolated = predict_all_unseen(
                variant.estimate,
                variant.parameters,
                [*splits, far],
                variant.problem,
                workers,
                progress.left_out,
            )
        except SolveError as error:
            if variant is physics:
                raise CalibrationError(
                    f"a fit without some of the records found no solution: {error}"
                ) from error
            break
        unseen = BandedPrediction.joined(left_out)
        predictions.append((unseen, extrapolated))
        errors.append(
            [unseen_error(physics.problem, prediction) for prediction in (unseen, extrapolated)]
        )
    is_learned = len(errors) > 1 and (
        errors[1][0] < errors[0][0] and errors[1][1] < LARGEST_GROWTH * errors[0][1]
    )
    chosen = variants[int(is_learned)]
    unseen, extrapolated = predictions[int(is_learned)]
    problem, found, fit = chosen.problem, chosen.estimate, chosen.estimate.fit
    inside, total = coverage(problem.dataset.values, unseen, problem.fields)
    record = CalibrationRecord(
        dataset=problem.dataset.descriptor.name,
        data_fingerprint=data_fingerprint(problem.dataset),
        machine_fingerprint="",
        records=problem.records,
        parameters=_parameters(fit),
        correlations=[[round(float(c), 6) for c in row] for row in _correlations(fit)],
        chi_squared_reduced=round(fit.chi_squared_reduced, 9),
        uncertainty_factors={q: round(f, 9) for q, f in found.uncertainty_factors.items()},
        kept_at_start={
            place: f"{q} does not vary in the records"
            for place, q in fitted.start.not_varied.items()
        },
        at_bounds=[place for place in fit.on_bound if not is_weight(place)],
        outliers=fitted.outliers,
        remainder=_of_remainder(is_learned, errors),
        flows={
            q: [float(f"{x:.9g}") for x in flow] for q, flow in problem.flows(fit.by_place).items()
        },
        is_leave_one_out=len(problem.records) <= MOST_LEFT_OUT_ALONE,
        predictions={"leave_one_out": plain(unseen), "extrapolation": plain(extrapolated)},
        answers={},
        coverage=[inside, total],
    )
    return record, predict_with_band(found, problem.records), chosen


def _errors(variant: Variant, record: CalibrationRecord | None) -> dict[str, list[float]]:
    problem = variant.problem
    frames = [problem.predict(variant.estimate.fit.by_place, problem.records)]
    if record is not None:
        frames += [record.frame(split, "values") for split in ("leave_one_out", "extrapolation")]
    errors: dict[str, list[float]] = {}
    for q in problem.quantities:
        for frame in frames:
            rows = [r for r in frame.index if q in problem.fields[r]]
            measured = problem.dataset.values.loc[rows, q]
            error = (frame.loc[rows, q] - measured).abs()
            if QUANTITIES[q].has_percentage:
                error = 100.0 * error / measured.abs()
            errors.setdefault(q, []).append(float(error.mean()))
    return errors


def _of_remainder(is_used: bool, errors: list[list[float]]) -> dict[str, Any]:
    """What is kept of the choice: errors in standard uncertainties, left out and extrapolated."""
    content: dict[str, Any] = {"is_used": is_used}
    for name, of_variant in zip(("without", "with"), errors, strict=False):
        content[name] = [float(f"{error:.4g}") for error in of_variant]
    return content


def _correlations(fit: Fit) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    own = [j for j, p in enumerate(fit.parameters) if not is_weight(p.place)]
    errors = fit.standard_errors[own]
    return fit.covariance[np.ix_(own, own)] / np.outer(errors, errors)


def _parameters(fit: Fit) -> list[FittedParameter]:
    correlations = np.abs(_correlations(fit))
    np.fill_diagonal(correlations, 0.0)
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
            (p, value, error)
            for p, value, error in zip(fit.parameters, fit.values, fit.standard_errors, strict=True)
            if not is_weight(p.place)
        )
    ]


def _write(
    variant: Variant, start: Start, band: BandedPrediction | None
) -> tuple[tomlkit.TOMLDocument, Machine, tuple[str, ...], str]:
    """Put fitted values into the start file; everything else stays as its author wrote it.

    But limits that the fitted machine exceeds at its records give way; that is said in words, and
    what it may say of refrigerant and media.
    """
    problem, fit = variant.problem, variant.estimate.fit
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
        if not (p.place.startswith("data.") or is_weight(p.place))
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
        table[key] = entry(
            from_si(value, unit, si_unit, difference),
            unit,
            from_si(error, unit, si_unit, difference=True),
            f"{note}; start: {_stated(table[key])}" if is_of_start else note,
        )
    document.pop(PLACE, None)
    if problem.basis is not None:
        document[PLACE] = _remainder_table(machine.remainder, note)
    if band is not None:
        uncertainty = tomlkit.table()
        for q in ("P_el", HEAT):
            if q == HEAT and problem.dataset.heat_is_given:
                note = "0: not known. No speed was recorded, so nothing tells the heat at a speed"
                uncertainty[q] = entry(0.0, "1", None, note)
                continue
            relative = band.standard_uncertainties[q] / band.values[q]
            at = "; at a given heat, not at a given speed" * problem.dataset.heat_is_given
            uncertainty[q] = entry(
                float(np.sqrt(np.mean(relative**2))),
                "1",
                None,
                (
                    "relative standard uncertainty of a reading about the prediction: covariance "
                    "of the parameters and residual scatter, root mean square over the records"
                    if q in problem.quantities
                    else "covariance of the parameters, root mean square over the records; "
                    "not measured"
                )
                + at,
            )
        document["prediction_uncertainty"] = uncertainty
    recorded = problem.dataset_with(fit.by_place).values.loc[problem.records]
    recorded = recorded.assign(**{SPEED: problem.speeds(fit.by_place, problem.records)})
    assumed = {q: recorded[q].to_numpy(float) for q in problem.dataset.unknown_flows}
    said = give_way(document, widened_flows(machine, assumed, problem.records))
    machine = _machine_of(document)
    inlets = recorded[list(BOUNDARY_QUANTITIES)].to_numpy(float)
    beyond = widened_limits(machine, inlets, problem.records)
    doubt = media_doubt(machine, beyond, variant.estimate.uncertainty_factors)
    said = (*said, *give_way(document, beyond))
    return document, _machine_of(document) if beyond else machine, said, doubt


def give_way(document: tomlkit.TOMLDocument, limits: Sequence[WidenedLimit]) -> tuple[str, ...]:
    """Put wider limits into a machine file and say so.

    Parameters
    ----------
    document : tomlkit.TOMLDocument
        Is changed.
    limits : sequence of WidenedLimit
        From `limits`.
    """
    said = []
    for limit in limits:
        section, key = limit.place.split(".")
        unit, si_unit = str(document[section][key]["unit"]), PARAMETERS[limit.place].unit
        reached, value = (from_si(x, unit, si_unit) for x in (limit.reached, limit.value))
        note = f"the fitted machine comes to {reached:.4g} {unit} at {limit.where}"
        if not limit.is_enough:
            note += f", beyond {value:.4g} {unit}, as far as a machine file can go"
        stated = f"{document[section][key]['value']:g} {unit}"
        if limit.value == limit.stated:
            said.append(f"{limit.place} stays {stated}: {note}")
            continue
        said.append(f"{limit.place} is {value:.4g} {unit} and no longer {stated}: {note}")
        note = f"{note}; start: {stated} by {document[section][key]['source']}"
        document[section][key] = entry(float(f"{value:.4g}"), unit, None, note)
    return tuple(said)


def _remainder_table(remainder: Remainder, note: str) -> tomlkit.items.Table:
    table = tomlkit.table()
    table.comment("learned from the records; see the reference of machine files")
    table["source"], table["note"] = CALIBRATION, note
    for name in RELATIONS:
        deviation = getattr(remainder, name)
        kernels = tomlkit.array()
        for point, coefficient in zip(deviation.points, deviation.coefficients, strict=True):
            kernels.append([float(f"{x:.{DIGITS}g}") for x in (*point, coefficient)])
        table[name] = kernels.multiline(True)
    return table


def _machine_of(document: tomlkit.TOMLDocument) -> Machine:
    with temporary_folder() as folder:
        path = folder / "machine.toml"
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
        return read_machine_file(path).to_machine()


def _stated(entry: Any) -> str:
    """A number of the start file with its source, in words."""
    note = f", {entry['note']}" if entry.get("note") else ""
    return f"{entry['value']} +- {entry['uncertainty']} by {entry['source']}{note}"


def entry(
    value: float, unit: str, error: float | None, note: str, source: str = CALIBRATION
) -> tomlkit.items.InlineTable:
    """Return a fitted number as a machine file has it, with its standard error if that is known."""
    table = tomlkit.inline_table()
    table["value"] = float(f"{value:.{DIGITS}g}")
    table["unit"] = unit
    if error is not None:
        table["uncertainty"] = float(f"{error:.3g}")
    table["source"] = source
    table["note"] = note
    return table
