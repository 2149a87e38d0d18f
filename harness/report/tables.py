"""Tables of a validation as rows of text, for the terminal and the HTML report alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    QUANTITIES,
    STATUS_DESCRIPTION,
)

from ..calibration.record import CalibrationRecord
from ..data.screening import Verdict
from ..drawing.display import DISPLAY, shown, titled
from ..scoring.baselines import published
from ..scoring.scores import EXTRAPOLATION, FITTED, LEAVE_ONE_OUT, MODEL, ErrorMeasures, Scores
from ..stepping.cosimulation import STATUS

NOTHING = "-"

STRONG_CORRELATION = 0.9


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title, note : str
        Above and below it.
    header : list of str
        Column heads; the first column is text, the others are numbers.
    rows : list of list of str
        As many cells as the header has.
    """

    title: str
    note: str
    header: list[str]
    rows: list[list[str]]


def headline(scores: Scores) -> Table:
    """Mean absolute error of every predictor on left-out records: what a reader looks at first."""
    split = scores.headline_split
    predictors = [p.name for p in scores.predictions[split]]
    rows = []
    for quantity in _quantities(scores):
        row = [quantity]
        for predictor in predictors:
            row.append(_mean_error(quantity, scores.find(predictor, split, quantity)))
        limit = next(
            (
                f"{t.text.removeprefix(quantity).strip()} {'kept' if t.passed else 'MISSED'}"
                for t in scores.thresholds
                if (t.split, t.quantity) == (split, quantity)
            ),
            NOTHING,
        )
        rows.append([*row, limit])
    note = _members(scores, split)
    if scores.calibration:
        inside, total = scores.calibration.coverage
        note += f". 95 % band of the model: {inside} of {total} left-out readings inside"
    others = [p.name for p in published(scores.dataset)]
    if others:
        note += f". {', '.join(others)}: fitted by its author to all of them"
    return Table(
        title=f"Mean absolute error, {scores.split_titles[split]}",
        note=note + ".",
        header=["quantity", *predictors, "limit for the model"],
        rows=rows,
    )


def summary(scores: Scores) -> Table:
    """What the terminal shows: the FMU as it is, and its headline beside regressions and limits."""
    split = scores.headline_split
    columns = {
        "this FMU": (MODEL, FITTED),
        **({"left out": (MODEL, split)} if split != FITTED else {}),
        "linear": ("linear regression", split),
        "quadratic": ("quadratic regression", split),
    }
    table = headline(scores)
    return Table(
        title="",
        note="",
        header=["mean absolute error", *columns, "limit"],
        rows=[
            [
                row[0],
                *(_mean_error(row[0], scores.find(p, s, row[0])) for p, s in columns.values()),
                row[-1],
            ]
            for row in table.rows
        ],
    )


def splits(scores: Scores) -> Table:
    """Model and regressions side by side: fitted, left out, extrapolated."""
    names = {FITTED: "fitted", LEAVE_ONE_OUT: "left out", EXTRAPOLATION: "extrapolated"}
    short = {
        MODEL: "model",
        "linear regression": "linear",
        "quadratic regression": "quadratic",
    }
    rows = [
        [
            quantity if split == FITTED else "",
            name,
            *(_mean_error(quantity, scores.find(p, split, quantity)) for p in short),
        ]
        for quantity in _quantities(scores)
        for split, name in names.items()
        if scores.calibration or split == FITTED
    ]
    far = len(scores.sets.get(EXTRAPOLATION, []))
    return Table(
        title="Mean absolute error by what the fit has seen",
        note="Fitted figures show the fit, not prediction."
        + (
            f" Extrapolated: {far} records farthest from the design point's temperature lift, "
            "predicted from the nearer half."
            if far
            else ""
        ),
        header=["quantity", "records", *short.values()],
        rows=rows,
    )


def all_errors(scores: Scores, split: str) -> Table:
    """Every error measure by one split, of all predictors."""
    rows = []
    for quantity in _quantities(scores):
        for predictor in [p.name for p in scores.predictions.get(split, [])]:
            errors = scores.find(predictor, split, quantity)
            if errors is None:
                continue
            factor = DISPLAY[quantity].factor
            unit = DISPLAY[quantity].unit if QUANTITIES[quantity].has_percentage else "K"
            rows.append(
                [
                    quantity if unit == "1" else f"{quantity}, {unit}",
                    predictor,
                    str(errors.n),
                    _number(errors.bias * factor, sign=True),
                    _number(errors.mae * factor),
                    _number(errors.rmse * factor),
                    _number(errors.maximum * factor),
                    _percent(errors.mape),
                    _percent(errors.nmbe, sign=True),
                    _percent(errors.cv_rmse),
                ]
            )
    return Table(
        title=f"All errors, {scores.split_titles[split]}",
        note=_members(scores, split) + ". Errors in the unit of the quantity; the last three in %.",
        header=[
            "quantity",
            "predictor",
            "n",
            "bias",
            "MAE",
            "RMSE",
            "max",
            "MAPE",
            "NMBE",
            "CV(RMSE)",
        ],
        rows=rows,
    )


def records(scores: Scores) -> Table:
    """Measured and simulated values of every record, scored or not."""
    quantities = _quantities(scores)
    inlets = [q for q in BOUNDARY_QUANTITIES if q.startswith("T_")]
    rows = []
    for record, screened in scores.screening.records.items():
        measured = scores.dataset.values.loc[record]
        simulated = scores.simulation.outputs.loc[record]
        row = [str(record), str(screened.verdict), f"{simulated[STATUS]:g}"]
        row += [_shown(q, measured[q]) for q in inlets]
        for quantity in quantities:
            pair = _shown(quantity, measured[quantity]), _shown(quantity, simulated[quantity])
            row.append("\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}".join(pair))
        rows.append(row)
    heads = [titled(q) for q in [*inlets, *quantities]]
    return Table(
        title="All records",
        note=f"measured → simulated; status: the FMU's operating_status, {STATUS_DESCRIPTION}.",
        header=["record", "verdict", "status", *heads],
        rows=rows,
    )


def screened_records(scores: Scores) -> Table:
    """Verdict and reasons for each record that is not scored, and the figures behind all."""
    rows = []
    for record, screened in scores.screening.records.items():
        rejected = [
            f"{name} not scored here: {field.rejected[record]}"
            for name, field in scores.screening.fields.items()
            if field.usable and record in field.rejected
        ]
        unchecked = []
        if math.isnan(screened.flow_ratio) and not screened.reasons:
            unchecked = ["steadiness not checked: needs p_low, p_high and T_suction"]
        rows.append(
            [
                str(record),
                str(screened.verdict),
                _ratio(screened.flow_ratio),
                _ratio(screened.efficiency),
                "; ".join([*screened.reasons, *rejected, *unchecked]) or NOTHING,
            ]
        )
    kept = sum(s.verdict is Verdict.KEPT for s in scores.screening.records.values())
    return Table(
        title="Screening of records",
        note=f"{kept} of {len(rows)} records are scored; the others stay in tables and plots. "
        "Flow: implied suction volume flow over displacement. Efficiency: ideal compression work "
        "of the implied flow over recorded power.",
        header=["record", "verdict", "flow", "efficiency", "reasons"],
        rows=rows,
    )


def screened_fields(scores: Scores) -> Table:
    """Verdict and reasons for each recorded result quantity."""
    rows = []
    for name, field in scores.screening.fields.items():
        if name in BOUNDARY_QUANTITIES:
            continue
        rows.append(
            [name, "scored" if field.usable else "not scored", "; ".join(field.reasons) or NOTHING]
        )
    return Table(
        title="Screening of quantities",
        note="A sensor that contradicts the second law or the fluid is not scored.",
        header=["quantity", "verdict", "reasons"],
        rows=rows,
    )


def fitted_parameters(record: CalibrationRecord) -> Table:
    """Fitted numbers with standard error and whether the data tell them."""
    rows = [
        [
            p.place,
            f"{p.start:.5g}",
            f"{p.value:.5g}",
            f"{p.standard_error:.2g}",
            p.unit,
            "yes" if p.is_identified else "hardly",
        ]
        for p in record.parameters
    ]
    pairs = [
        f"{a.place} and {b.place} {record.correlations[i][j]:+.2f}"
        for i, a in enumerate(record.parameters)
        for j, b in enumerate(record.parameters[:i])
        if abs(record.correlations[i][j]) > STRONG_CORRELATION
    ]
    return Table(
        title="Fitted parameters",
        note=f"SI units. Fitted to records {', '.join(map(str, record.records))}; reduced "
        f"chi-squared {record.chi_squared_reduced:.2f}. "
        + (f"Strong correlations: {'; '.join(pairs)}." if pairs else "No strong correlations."),
        header=["parameter", "start", "value", "standard error", "unit", "identified"],
        rows=rows,
    )


def uncertainties(record: CalibrationRecord) -> Table:
    """Scatter that the residuals gave the readings, over what was stated."""
    return Table(
        title="Uncertainty of the readings",
        note="Found from the residuals of the fit over stated, the inlets' included.",
        header=["quantity", "found over stated"],
        rows=[[q, f"{factor:.2f}"] for q, factor in record.uncertainty_factors.items()],
    )


def kept_at_start(record: CalibrationRecord) -> Table:
    """Parameters that stay at their start value, and why."""
    return Table(
        title="Parameters that were not fitted",
        note="They keep the value of the start file.",
        header=["parameter", "reasons"],
        rows=[[place, reason] for place, reason in record.kept_at_start.items()],
    )


def compressor(scores: Scores) -> Table:
    """The compressor by itself, where its side was recorded."""
    found = scores.compressor
    assert found is not None
    rows = [
        ["P_el", f"{found.P_el:.2f} %"],
        ["m_flow_refrigerant", f"{found.m_flow_refrigerant:.2f} %"],
    ]
    return Table(
        title="Compressor alone, refrigerant side given: mean absolute error, left out",
        note=f"{len(found.records)} records: {', '.join(map(str, found.records))}; each predicted "
        "from recorded pressures and suction temperature by a fit to the others.",
        header=["quantity", "model"],
        rows=rows,
    )


def certificate(scores: Scores) -> Table:
    """How far the FMU's performance map may be from solving the cycle itself."""
    found = scores.fmu.certificate
    assert found is not None
    errors = {q: found.errors[q] for q in _quantities(scores) if q in found.errors}
    return Table(
        title="Performance map against TESPy: absolute error",
        note=f"{found.nodes} nodes, compared at {found.points} random points of the envelope that "
        "it was not made of. Part of the errors above, not beside them.",
        header=["quantity", "mean", "99 % below", "maximum"],
        rows=[
            [q, *(f"{x:.1g} {e.unit}" for x in (e.mean, e.percentile_99, e.maximum))]
            for q, e in errors.items()
        ],
    )


def unanswered_records(scores: Scores) -> list[str]:
    """One line for each record that the FMU did not answer as asked."""
    return [f"record {record}: {why}" for record, why in scores.unanswered_records.items()]


def _quantities(scores: Scores) -> list[str]:
    return list(dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL))


def _members(scores: Scores, records: str) -> str:
    members = scores.sets[records]
    noun = "record" if len(members) == 1 else "records"
    return f"{len(members)} {noun}: {', '.join(map(str, members)) or 'none'}"


def _mean_error(quantity: str, errors: ErrorMeasures | None) -> str:
    if errors is None:
        return NOTHING
    if QUANTITIES[quantity].has_percentage:
        assert errors.mape is not None
        return f"{errors.mape:.1f} %" if errors.mape < 100 else f"{errors.mape:.0f} %"
    return f"{errors.mae * DISPLAY[quantity].factor:.2f} K"


def _ratio(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.2f}"


def _number(value: float, sign: bool = False) -> str:
    # What is left of a solver's rounding reads as 0.
    rounded = 0.0 if abs(value) < 1e-6 else value
    return f"{rounded:+.3g}" if sign else f"{rounded:.3g}"


def _percent(value: float | None, sign: bool = False) -> str:
    if value is None:
        return NOTHING
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _shown(quantity: str, si: float) -> str:
    if math.isnan(si):
        return NOTHING
    return f"{shown(quantity, si):.{DISPLAY[quantity].decimals}f}"
