"""Tables of a validation as rows of text, for the terminal and the HTML report alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    QUANTITIES,
    STATUS_DESCRIPTION,
)
from heatpump_twin.model.rating_points import EN_14511, EN_14825

from ..calibration.record import CalibrationRecord
from ..data.completion import HEAT, SPEED
from ..data.screening import Verdict
from ..scoring.baselines import published
from ..scoring.performance import Performance
from ..scoring.scores import ErrorMeasures, Scores
from ..scoring.scores_file import EXTRAPOLATION, LEAVE_ONE_OUT, MODEL
from ..stepping.replay import STATUS
from .summary import Sharpness

NOTHING = "-"

STRONG_CORRELATION = 0.9

# Per cent or K: an error beyond says that a predictor does not hold there, whatever its digits.
MEANINGLESS = 100

# File beside the report with all that is known of each record.
RECORDS_FILE = "records.csv"

# Of a standard: what its points here are, and are not.
RATING_NOTES = {
    EN_14511: "At the flows and the speed of the machine's design point; test stands set other "
    "flows, so data sheets may differ. Dry air, no defrosting, no power of pumps or fans.",
    EN_14825: "Source and sink of the average climate's points A to D, for low and medium "
    "temperature, at the speed of the design point. With the load that a building needs there the "
    "machine cycles or slows down; that loss is not in these figures, so no SCOP is given.",
}

# Longer tables of records show as many of the first and of the worst; longer lists, the first.
MOST_ROWS, SHOWN_ROWS = 200, 50
MOST_LISTED = 50


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
    """Mean absolute error of the FMU as it is, and its limits: what a reader looks at first."""
    regressions = [p.name for p in scores.predictions[LEAVE_ONE_OUT] if p.name != MODEL]
    rows = [
        [
            quantity,
            _mean_error(quantity, scores.find(MODEL, scores.own_split, quantity)),
            _limits(scores, scores.own_split, quantity),
            *(
                _beside(quantity, scores.find(name, LEAVE_ONE_OUT, quantity))
                for name in regressions
            ),
        ]
        for quantity in _quantities(scores)
    ]
    note = _members(scores, scores.own_split)
    note += "".join(f". {line[0].upper()}{line[1:]}" for line in heat_given(scores))
    note += ". Regressions: each record left out of its fit"
    others = [p.name for p in published(scores.dataset)]
    if others:
        note += f". {', '.join(others)}: fitted by its author to all of them"
    return Table(
        title=f"Mean absolute error, {scores.split_titles[scores.own_split]}",
        note=note + ".",
        header=["quantity", "FMU", "limit for the FMU", *regressions],
        rows=rows,
    )


def summary(scores: Scores) -> Table:
    """What the terminal shows: the FMU as it is beside its calibration and regressions."""
    columns = {
        "FMU": (MODEL, scores.own_split),
        **({"calibration": (MODEL, LEAVE_ONE_OUT)} if scores.calibration else {}),
        "linear": ("linear regression", LEAVE_ONE_OUT),
        "quadratic": ("quadratic regression", LEAVE_ONE_OUT),
    }
    origin = scores.own_split.replace("_", " ")
    return Table(
        title="",
        note=f"Mean absolute errors. FMU, {origin}. Others: left out of their fit.",
        header=["quantity", *columns, "limit"],
        rows=[
            [
                quantity,
                *(_mean_error(quantity, scores.find(p, s, quantity)) for p, s in columns.values()),
                _limits(scores, scores.own_split, quantity).replace(
                    f"{'mape' if QUANTITIES[quantity].has_percentage else 'mae'} <= ", ""
                ),
            ]
            for quantity in _quantities(scores)
        ],
    )


def of_calibration(scores: Scores) -> Table:
    """Errors of the calibration on records that its fits did not see, beside regressions."""
    assert scores.calibration is not None
    names = {LEAVE_ONE_OUT: "left out", EXTRAPOLATION: "extrapolated"}
    short = {
        MODEL: "calibration",
        "linear regression": "linear",
        "quadratic regression": "quadratic",
    }
    rows = [
        [
            quantity if split == LEAVE_ONE_OUT else "",
            name,
            *(
                (_mean_error if p == MODEL else _beside)(quantity, scores.find(p, split, quantity))
                for p in short
            ),
            _limits(scores, split, quantity),
        ]
        for quantity in _quantities(scores)
        for split, name in names.items()
    ]
    far = len(scores.sets[EXTRAPOLATION])
    return Table(
        title="Mean absolute error of the calibration, not of this FMU file",
        note="The FMU gives the answers of this calibration's fit. Left out: each record predicted "
        f"by a fit without it; {band(scores.calibration)}. Extrapolated: the "
        f"{far} records farthest from the design point's temperature lift, predicted from the "
        "nearer half.",
        header=["quantity", "records", *short.values(), "limit for the calibration"],
        rows=rows,
    )


def missed_limits(scores: Scores, *, known: bool = True) -> list[str]:
    """One line for each limit that is missed, with the reason where it is known.

    Parameters
    ----------
    scores : Scores
        What was found.
    known : bool
        Whether misses that the descriptor knows of are among them.
    """
    return [
        f"{t.split} {t.text}: {t.finding} ({t.verdict}{': ' if t.known_miss else ''}{t.known_miss})"
        for t in scores.thresholds
        if not t.passed and (known or not t.is_known_miss)
    ]


def deviations(scores: Scores) -> list[str]:
    """One line for each quantity in which the FMU is not the fit that it says it is."""
    return [f"not the fit of its calibration: {d.text}" for d in scores.deviations]


def worse_than_baseline(scores: Scores) -> list[str]:
    """One line for each error that grew by more than the margin over that of the baseline."""
    return [f"worse than the baseline: {c.text}" for c in scores.comparison if c.is_worse]


def verdict(scores: Scores) -> str:
    """Say in one line how many limits are kept and records answered."""
    kept = sum(t.passed for t in scores.thresholds)
    known = sum(t.is_known_miss for t in scores.thresholds)
    limits = f"{kept} of {len(scores.thresholds)} limits kept"
    if known:
        limits += f", {known} missed as known"
    if scores.unchecked:
        limits += f", not checked: {', '.join(scores.unchecked)} (not given by this FMU)"
    records = len(scores.screening.records)
    worse = sum(c.is_worse for c in scores.comparison)
    compared = (
        f", {worse} of {len(scores.comparison)} errors worse than the baseline"
        if scores.comparison
        else ""
    )
    return (
        f"{'passed' if scores.passed else 'failed'}: "
        f"{limits if scores.thresholds else 'no limits set'}, "
        f"{records - len(scores.unanswered_records)} of {records} records answered"
        f"{compared}"
    )


def all_errors(scores: Scores, split: str) -> Table:
    """Every error measure by one split, of all predictors."""
    rows = []
    for quantity in _quantities(scores):
        for predictor in [p.name for p in scores.predictions.get(split, [])]:
            errors = scores.find(predictor, split, quantity)
            if errors is None:
                continue
            factor = QUANTITIES[quantity].display.factor
            unit = QUANTITIES[quantity].display.unit if QUANTITIES[quantity].has_percentage else "K"
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
    """Measured and simulated values of every record, scored or not; of many, the first and worst.

    The worst are those that the FMU is farthest off in standard uncertainties.
    """
    quantities = _quantities(scores)
    inlets = [q for q in BOUNDARY_QUANTITIES if q.startswith("T_")]
    asked = [HEAT] if scores.dataset.heat_is_given else []
    chosen = [SPEED] if SPEED in scores.simulation.outputs else []
    rows = []
    every = list(scores.screening.records)
    shown, note = _shown_rows(every, scores.farthest_first(every))
    for record in shown:
        screened = scores.screening.records[record]
        measured = scores.dataset.values.loc[record]
        simulated = scores.simulation.outputs.loc[record]
        status = f"{simulated[STATUS]:g}" if STATUS in simulated else NOTHING
        row = [str(record), str(screened.verdict), status]
        row += [_shown(q, measured[q]) for q in (*inlets, *asked)]
        row += [_shown(q, simulated[q]) for q in chosen]
        for quantity in quantities:
            pair = _shown(quantity, measured[quantity]), _shown(quantity, simulated[quantity])
            row.append("\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}".join(pair))
        rows.append(row)
    heads = [QUANTITIES[q].title_with_unit for q in inlets]
    heads += [f"{QUANTITIES[q].title_with_unit}, given" for q in asked]
    heads += [f"{QUANTITIES[q].title}, chosen by the FMU" for q in chosen]
    heads += [QUANTITIES[q].title_with_unit for q in quantities]
    return Table(
        title="All records" if not note else "Records",
        note=f"measured → simulated; status: the FMU's operating_status, {STATUS_DESCRIPTION}."
        + note,
        header=["record", "verdict", "status", *heads],
        rows=rows,
    )


def screened_records(scores: Scores) -> Table:
    """Verdict and reasons for each record that is not scored, and the figures behind all.

    Of many records, the first and those with the most reasons.
    """
    rows = []
    every = scores.screening.records
    counts = {r: len(s.reasons) for r, s in every.items()}
    for field in scores.screening.fields.values():
        for r in field.rejected if field.usable else ():
            counts[r] += 1
    shown, note = _shown_rows(list(every), sorted(every, key=lambda r: -counts[r]))
    for record in shown:
        screened = every[record]
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
    kept = sum(s.verdict is Verdict.KEPT for s in every.values())
    return Table(
        title="Screening of records",
        note=f"{kept} of {len(every)} records are scored; the others stay in tables and plots. "
        "Flow: implied suction volume flow over displacement. Efficiency: ideal compression work "
        "of the implied flow over recorded power." + note,
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
        note=f"SI units. Fitted to records {_listed(record.records)}; reduced "
        f"chi-squared {record.chi_squared_reduced:.2f}. "
        + (f"Strong correlations: {'; '.join(pairs)}." if pairs else "No strong correlations."),
        header=["parameter", "start", "value", "std. error", "unit", "identified"],
        rows=rows,
    )


def band(record: CalibrationRecord) -> str:
    """Say how many left-out readings lie in the 95 % band, and how wide it is.

    A band holds everything if it is only wide enough, so coverage means nothing without the width.
    """
    inside, total = record.coverage
    values = record.frame(LEAVE_ONE_OUT, "values")
    half_widths = record.frame(LEAVE_ONE_OUT, "half_widths")
    widths = []
    for q in record.uncertainty_factors:
        width = half_widths[q]
        if QUANTITIES[q].has_percentage:
            width = 100.0 * width / values[q].abs()
        widths.append(f"{q} {_percent_or_kelvin(q, float(width.mean()))}")
    return (
        f"95 % band: {inside} of {total} left-out readings inside, mean half width "
        f"{', '.join(widths)}"
    )


def sharpness(found: Sequence[Sharpness]) -> Table:
    """Width of the 95 % band beside what it held, and the width that the errors call for."""
    rows = []
    for s in found:
        if s.share is not None and s.needed_share is not None:
            widths = [f"± {s.share:.1f} %", f"± {s.needed_share:.1f} %"]
        else:
            factor = QUANTITIES[s.quantity].display.factor
            widths = [f"± {s.half_width * factor:.2f} K", f"± {s.needed * factor:.2f} K"]
        rows.append([s.quantity, f"{s.inside} of {s.total}", *widths, f"{s.excess:.1f}"])
    return Table(
        title="The 95 % band of unseen predictions: what it held, and how wide it is",
        note="A band that is wide enough holds everything, so its width stands beside its "
        "coverage. By the errors: Student's factor times their root mean square, the narrowest "
        "band that these errors support. The band also counts the stated uncertainty of each "
        "sensor and of the inlets, as two readings more. Where it is wider, these are larger than "
        "the scatter that was found, and few small errors are no proof that they are wrong. Ratio "
        "above 1: careful; below 1: the band promises too much.",
        header=["quantity", "inside", "band", "by the errors", "ratio"],
        rows=rows,
    )


def rating_points(found: Performance) -> list[Table]:
    """Return the points of each standard with the FMU's answers, and those that are outside."""
    inlets = ("T_source_in", "T_sink_in", "T_sink_out")
    shown = (*inlets, "P_el", "Q_flow_source", "Q_flow_sink", "COP")
    made = []
    for standard, note in RATING_NOTES.items():
        of_standard = [r for r in found.rated if r.point.standard == standard]
        if not of_standard:
            continue
        inside = [r for r in of_standard if not r.outside]
        rows = []
        for r in inside:
            values = r.inputs | r.outputs
            load = NOTHING if r.point.part_load is None else f"{r.point.part_load:.0%}"
            loads = [load] if standard == EN_14825 else []
            rows.append([r.point.name, *loads, *(_shown(q, values[q]) for q in shown)])
        outside = "; ".join(f"{r.point.name} ({r.outside})" for r in of_standard if r.outside)
        made.append(
            Table(
                title=f"{standard}, computed: {len(inside)} of {len(of_standard)} points are "
                "within the envelope",
                note=note + (f" Outside: {outside}." if outside else ""),
                header=[
                    "point",
                    *(["load"] if standard == EN_14825 else []),
                    *(QUANTITIES[q].title_with_unit for q in shown),
                ],
                rows=rows,
            )
        )
    return made


def held(found: Performance) -> str:
    """Say in a line what the curves hold."""
    return ", ".join(
        f"{QUANTITIES[q].title} {_shown(q, value)}"
        + ("" if QUANTITIES[q].display.unit == "1" else f" {QUANTITIES[q].display.unit}")
        for q, value in found.held.items()
    )


def hardly_identified(record: CalibrationRecord) -> list[str]:
    """Say in a line which fitted numbers the data hardly tell; none if they tell all."""
    names = [p.place for p in record.parameters if not p.is_identified]
    return [f"hardly told by the data: {', '.join(names)}"] if names else []


def uncertainties(record: CalibrationRecord) -> Table:
    """Scatter that the residuals gave the readings, over what was stated."""
    return Table(
        title="Uncertainty of the readings",
        note="Found from the residuals of the fit over stated, the inlets' included.",
        header=["quantity", "found over stated"],
        rows=[[q, f"{factor:.2f}"] for q, factor in record.uncertainty_factors.items()],
    )


def of_remainder(record: CalibrationRecord) -> str:
    """Say in a line whether the relations were corrected by a learned remainder, and why."""
    found = record.remainder
    if "with" not in found:
        return "no remainder is learned beside the relations: too few records to tell its worth"
    without, with_it = found["without"], found["with"]
    verb = "is used" if found["is_used"] else "is not used"
    return (
        f"the learned remainder {verb}: errors in standard uncertainties of left-out records "
        f"{without[0]:.2f} without and {with_it[0]:.2f} with it, extrapolated {without[1]:.2f} and "
        f"{with_it[1]:.2f}"
    )


def at_bounds(record: CalibrationRecord) -> list[str]:
    """Say in a line which numbers ended on a bound of what is physical, if any did."""
    if not record.at_bounds:
        return []
    return [f"on a bound of what is physical: {', '.join(record.at_bounds)}"]


def _percent_or_kelvin(quantity: str, error: float) -> str:
    return f"{error:.2f} {'%' if QUANTITIES[quantity].has_percentage else 'K'}"


def calibration_errors(errors: dict[str, list[float]]) -> Table:
    """Errors of a calibration by quantity, in per cent or K."""
    return Table(
        title="Mean absolute errors of the calibration",
        note="Left out: each record predicted by a fit without it; extrapolated: fitted to the "
        "half nearest the design point's lift.",
        header=["quantity", "fitted", "left out", "extrapolated"],
        rows=[
            [q, *(_percent_or_kelvin(q, e) for e in of_q), *[NOTHING] * (3 - len(of_q))]
            for q, of_q in errors.items()
        ],
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
        note=f"{len(found.records)} records: {_listed(found.records)}; each predicted from "
        "recorded pressures and suction temperature by a fit of swept volume flow, drive "
        "efficiency, leakage and built-in pressure ratio to others. The rest is the machine's.",
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


def connection(scores: Scores) -> Table:
    """By which variables the FMU was stepped and read, and what it does not have."""
    found = scores.connection
    assert found is not None
    links = {
        "input": found.inputs,
        "fixed parameter": found.parameters,
        "output": found.outputs,
    }
    rows = [
        [link.quantity, kind, link.variable, link.unit, f"{link.sign:+d}"]
        for kind, of_kind in links.items()
        for link in of_kind
    ]
    rows += [[q, "input", f"absent: {why}", NOTHING, NOTHING] for q, why in found.absent.items()]
    rows += [[q, "output", "not given by this FMU", NOTHING, NOTHING] for q in scores.not_given]
    further = ", ".join(f"{name} = {value}" for name, value in found.start_values.items())
    return Table(
        title="Variables of the FMU",
        note=f"Names from: {found.source or 'the project'}. FMI {scores.fmu.fmi_version}, "
        f"{scores.fmu.interface}; the inputs of a record hold for {found.step_size:g} s"
        + (f"; further start values: {further}." if further else "."),
        header=["quantity", "kind", "variable", "unit", "sign"],
        rows=rows,
    )


def of_another_tool(scores: Scores) -> list[str]:
    """One line for each thing in which the FMU differs from those of this project."""
    found = scores.connection
    lines = []
    if found is not None and found.source:
        lines.append(f"names, units and signs of the FMU: {found.source}")
    if found is not None:
        lines += [f"input {q} is absent in this FMU: {why}" for q, why in found.absent.items()]
    if scores.not_given:
        lines.append(f"not given by this FMU, so not scored: {', '.join(scores.not_given)}")
    return lines


def heat_given(scores: Scores) -> list[str]:
    """Say, in one line or none, that heat is an input here, and which speeds the FMU chose."""
    if not scores.dataset.heat_is_given:
        return []
    line = (
        "heat is given and not predicted: no speed was read, so it is the one that meets the heat"
    )
    kept = scores.inputs.loc[scores.screening.kept, SPEED].dropna()
    if len(kept):
        line += f", {kept.min():.2f} to {kept.max():.2f} times that of the FMU's design point"
    return [line]


def speeds_found(record: CalibrationRecord, machine: Machine) -> list[str]:
    """Say, in one line or none, that heat was given to the fit, and which speeds it found."""
    speeds = record.answers.get(SPEED)
    if speeds is None:
        return []
    low, high = min(speeds.values()), max(speeds.values())
    least, largest = machine.envelope.range(SPEED)
    return [
        "heat was given and is not predicted: each record has the speed that meets it, "
        f"{low:.3g} to {high:.3g} times that of the design point; the envelope has {least:g} to "
        f"{largest:g}"
    ]


def unanswered_records(scores: Scores) -> list[str]:
    """One line for each record that the FMU did not answer as asked."""
    found = [f"record {record}: {why}" for record, why in scores.unanswered_records.items()]
    if len(found) <= MOST_LISTED:
        return found
    more = f"{len(found) - MOST_LISTED} more records not answered: see {RECORDS_FILE} of the report"
    return [*found[:MOST_LISTED], more]


def _listed(records: Sequence[int]) -> str:
    if len(records) <= MOST_LISTED:
        return ", ".join(map(str, records)) or "none"
    named = ", ".join(map(str, records[:MOST_LISTED]))
    return f"{named} and {len(records) - MOST_LISTED} more"


def _shown_rows(records: list[int], worst_first: list[int]) -> tuple[list[int], str]:
    """Choose the records of a table; a note says which, empty where it has all."""
    if len(records) <= MOST_ROWS:
        return records, ""
    shown = sorted({*records[:SHOWN_ROWS], *worst_first[:SHOWN_ROWS]})
    return shown, (
        f" Shown are the first {SHOWN_ROWS} and the worst {SHOWN_ROWS} of {len(records)} records; "
        f"{RECORDS_FILE} beside this page has all."
    )


def _quantities(scores: Scores) -> list[str]:
    return list(dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL))


def _limits(scores: Scores, split: str, quantity: str) -> str:
    found = [
        f"{t.text.removeprefix(quantity).strip()} {t.verdict}"
        for t in scores.thresholds
        if (t.split, t.quantity) == (split, quantity)
    ]
    return "; ".join(found) or NOTHING


def _members(scores: Scores, records: str) -> str:
    members = scores.sets[records]
    noun = "record" if len(members) == 1 else "records"
    return f"{len(members)} {noun}: {_listed(members)}"


def _mean_error(quantity: str, errors: ErrorMeasures | None) -> str:
    if errors is None:
        return NOTHING
    if QUANTITIES[quantity].has_percentage:
        assert errors.mape is not None
        return f"{errors.mape:.1f} %" if errors.mape < 100 else f"{errors.mape:.0f} %"
    return f"{errors.mae * QUANTITIES[quantity].display.factor:.2f} K"


def _beside(quantity: str, errors: ErrorMeasures | None) -> str:
    """Mean error of what the model is compared with; one beyond all meaning has no figure."""
    if errors is None:
        return NOTHING
    size = errors.mae if errors.mape is None else errors.mape
    if size < MEANINGLESS:
        return _mean_error(quantity, errors)
    return f"> {MEANINGLESS} {'K' if errors.mape is None else '%'}"


def _ratio(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.2f}"


def _number(value: float, sign: bool = False) -> str:
    # The rounding error of a solver is shown as 0.
    rounded = 0.0 if abs(value) < 1e-6 else value
    return f"{rounded:+.3g}" if sign else f"{rounded:.3g}"


def _percent(value: float | None, sign: bool = False) -> str:
    if value is None:
        return NOTHING
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _shown(quantity: str, si: float) -> str:
    if math.isnan(si):
        return NOTHING
    return f"{QUANTITIES[quantity].shown(si):.{QUANTITIES[quantity].display.decimals}f}"
