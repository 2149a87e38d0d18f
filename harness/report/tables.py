"""Tables of a validation as rows of text, for the terminal and the HTML report alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

from heatpump_twin_model.quantities import (
    BOUNDARY_QUANTITIES,
    QUANTITIES,
    STATUS_DESCRIPTION,
)

from ..cosimulation import STATUS
from ..display import DISPLAY, shown, titled
from ..scores import MODEL, OFF_DESIGN, SET_TITLES, ErrorMeasures, Scores
from ..screening import Verdict

NOTHING = "-"


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
    """Mean absolute error of every predictor off-design: the table a reader looks at first."""
    predictors = [p.name for p in scores.predictions]
    rows = []
    for quantity in _quantities(scores):
        row = [quantity]
        for predictor in predictors:
            errors = scores.find(predictor, OFF_DESIGN, quantity)
            row.append(_mean_error(quantity, errors))
        limit = next(
            (
                f"≤ {t.limit:g} % {'kept' if t.passed else 'MISSED'}"
                for t in scores.thresholds
                if (t.records, t.quantity, t.measure) == (OFF_DESIGN, quantity, "mape")
            ),
            NOTHING,
        )
        rows.append([*row, limit])
    fitted = "; ".join(f"{p.name}: {p.fitted_on}" for p in scores.predictions)
    return Table(
        title="Mean absolute error off-design",
        note=f"{_members(scores, OFF_DESIGN)}. Parameters from: {fitted}.",
        header=["quantity", *predictors, "limit for the model"],
        rows=rows,
    )


def all_errors(scores: Scores, records: str, model_only: bool = False) -> Table:
    """Every error measure over one set of records, of all predictors or of the model alone."""
    predictors = [MODEL] if model_only else [p.name for p in scores.predictions]
    rows = []
    for quantity in _quantities(scores):
        for predictor in predictors:
            errors = scores.find(predictor, records, quantity)
            if errors is None:
                continue
            factor = DISPLAY[quantity].factor
            unit = DISPLAY[quantity].unit if QUANTITIES[quantity].has_percentage else "K"
            rows.append(
                [
                    quantity if unit == "1" else f"{quantity}, {unit}",
                    *([] if model_only else [predictor]),
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
        title=f"{'Model' if model_only else 'All errors'}, {SET_TITLES[records]}",
        note=_members(scores, records)
        + ". Errors in the unit of the quantity; the last three in %.",
        header=[
            "quantity",
            *([] if model_only else ["predictor"]),
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
    return f"{shown(quantity, si):.{DISPLAY[quantity].decimals}f}"
