"""Tables of a log and its scores as rows of text, for the terminal and the reports alike."""

from __future__ import annotations

import pandas as pd

from heatpump_twin.model.quantities import QUANTITIES

from ..data.completion import HEAT, SPEED
from ..data.plateau_points import PointsOfLog
from ..data.series import Series
from ..data.series_descriptor import PHASES
from ..scoring.series_scores import ON, SCORED_PHASES, SeriesScores
from .tables import NOTHING, Table

_WATT_HOURS = 3600.0

# What is given to the FMU in the place of a speed.
_GIVEN = {
    HEAT: "Recorded heat was given to the FMU, which finds the speed: heat and the sink's outlet "
    "are no predictions and are not scored.",
    "T_sink_out": "The recorded supply temperature was given to the FMU while heating was "
    "demanded: the sink's outlet, and the heat that follows from it, are no predictions and are "
    "not scored. Hot water was not asked for and is left out.",
}

# Longer lists of starts and days show the first; scores.json has all.
_MOST = 50


def by_phase(scores: SeriesScores) -> Table:
    """Errors of each quantity in each phase."""
    rows = []
    for q in scores.quantities:
        is_a = QUANTITIES[q]
        unit = "K" if is_a.unit == "K" else is_a.unit
        for phase in SCORED_PHASES:
            found = scores.find(phase, q)
            if found is None:
                continue
            rows.append(
                [
                    q if phase == SCORED_PHASES[0] else "",
                    phase,
                    f"{found.hours:.2f}",
                    f"{found.rmse:.3g} {unit}",
                    f"{found.bias:+.3g} {unit}",
                    f"{found.maximum:.3g} {unit}",
                    _percent(found.cv_rmse),
                    _percent(found.nmbe, signed=True),
                ]
            )
    return Table(
        "Errors by phase",
        "on: start-up, steady and running together. steady: the parts that heatpump-twin plateaus "
        "finds; running: the rest of the time on.",
        ["quantity", "phase", "hours", "RMSE", "bias", "largest", "CV(RMSE)", "NMBE"],
        rows,
    )


def summary(scores: SeriesScores) -> Table:
    """What a reader looks at first: the time on, and the energy of the run."""
    energy = {e.quantity: e for e in scores.energies if e.period == "run"}
    rows = []
    for q in scores.quantities:
        on, steady = scores.find(ON, q), scores.find("steady", q)
        of_run = energy.get(q)
        rows.append(
            [
                q,
                NOTHING if on is None else f"{on.rmse:.3g} {QUANTITIES[q].unit}",
                NOTHING if on is None else _percent(on.cv_rmse),
                NOTHING if steady is None else f"{steady.rmse:.3g} {QUANTITIES[q].unit}",
                NOTHING if of_run is None else _percent(of_run.error, signed=True),
            ]
        )
    return Table(
        "",
        "RMSE and CV(RMSE) while the compressor runs; energy of the whole log.",
        ["quantity", "RMSE on", "CV(RMSE) on", "RMSE steady", "energy"],
        rows,
    )


def limits(scores: SeriesScores) -> Table:
    """Limits of the descriptor, and whether they are kept."""
    return Table(
        "Limits",
        "",
        ["limit", "phase", "found", "verdict"],
        [[t.text, t.split, t.finding, t.verdict] for t in scores.thresholds],
    )


def energies(scores: SeriesScores) -> Table:
    """Energy of the run and of each day."""
    rows = [
        [
            e.period,
            e.quantity,
            f"{e.hours:.2f}",
            f"{e.measured / _WATT_HOURS / 1e3:.4g}",
            f"{e.simulated / _WATT_HOURS / 1e3:.4g}",
            _percent(e.error, signed=True),
        ]
        for e in scores.energies[:_MOST]
    ]
    more = len(scores.energies) - len(rows)
    return Table(
        "Energy",
        "kWh; error: simulated less measured, per cent of the measured."
        + (f" {more} more in scores.json." if more else ""),
        ["period", "quantity", "hours", "measured", "simulated", "error"],
        rows,
    )


def operations(scores: SeriesScores) -> Table:
    """Energies and starts while heating, making hot water and defrosting."""
    given = scores.series.given_quantity
    rows = []
    for o in scores.operations:
        for i, (q, (measured, simulated)) in enumerate(o.energies.items()):
            recorded, chosen = o.starts
            rows.append(
                [
                    o.name if i == 0 else "",
                    f"{q}, given" if q == given else q,
                    f"{o.hours:.2f}",
                    f"{measured / _WATT_HOURS / 1e3:.4g}",
                    f"{simulated / _WATT_HOURS / 1e3:.4g}",
                    _percent(o.error(q), signed=True),
                    f"{recorded} / {NOTHING if chosen is None else chosen}" if i == 0 else "",
                ]
            )
    return Table(
        "Energy and starts by operation",
        "kWh while the compressor runs, recorded and simulated. starts: recorded / chosen by the "
        "FMU, which chooses them only where a supply temperature is given.",
        ["operation", "quantity", "hours", "measured", "simulated", "error", "starts"],
        rows,
    )


def starts(scores: SeriesScores) -> Table:
    """How fast each start goes, measured and simulated."""
    names = list(scores.starts[0].t63) if scores.starts else []
    rows = [
        [
            stamp(scores.series, start.begin),
            *(
                " / ".join(NOTHING if t is None else f"{t:.0f}" for t in start.t63[name])
                for name in names
            ),
        ]
        for start in scores.starts[:_MOST]
    ]
    more = len(scores.starts) - len(rows)
    return Table(
        "Starts: t63, measured / simulated",
        "s; - where the way is short, the start is not whole, or steps are too long to tell."
        + (f" {more} more in scores.json." if more else ""),
        ["start", *names],
        rows,
    )


def resampled(series: Series) -> Table:
    """What became of each column."""
    return Table(
        "Brought to even steps",
        "held: a reading holds until the next one. straight: a straight line to it. mean: of the "
        "step; sample: at its end. missing: steps without a value.",
        ["column", "between readings", "over a step", "readings", "steps", "missing"],
        [
            [r.name, r.between, r.over, str(r.readings), str(r.steps), str(r.missing)]
            for r in series.resampled
        ],
    )


def plateaus(points: PointsOfLog) -> Table:
    """The steady parts of a log."""
    shown = [q for q in ("T_source_in", "T_sink_in", "T_sink_out", "P_el") if q in points.table]
    return Table(
        "",
        "Times in s since the begin of the log; means over the last 300 s of each at most.",
        ["plateau", "begin", "end", *(f"{q} {QUANTITIES[q].display.unit}" for q in shown)],
        [
            [
                str(number),
                f"{row['begin']:.0f}",
                f"{row['end']:.0f}",
                *(
                    f"{QUANTITIES[q].shown(row[q]):.{QUANTITIES[q].display.decimals}f}"
                    for q in shown
                ),
            ]
            for number, row in points.table.iterrows()
        ],
    )


def wrong(scores: SeriesScores) -> list[str]:
    """What makes a validation fail beside limits, and what a reader has to know."""
    total = len(scores.series)
    return [f"{why}: {count} of {total} steps" for why, count in scores.unanswered.items()]


def missed(scores: SeriesScores) -> list[str]:
    """One line for each limit that is missed."""
    return [
        f"{t.text}, {t.split}: {t.finding}" + (f" ({t.known_miss})" if t.is_known_miss else "")
        for t in scores.thresholds
        if not t.passed
    ]


def told(scores: SeriesScores) -> list[str]:
    """What a reader has to know of the figures."""
    lines = [f"The FMU's parameters come from: {scores.provenance}."]
    if scores.series.given_quantity != SPEED:
        lines.append(_GIVEN[scores.series.given_quantity])
    if scores.outside:
        lines.append(
            f"For {100.0 * scores.outside:.0f} % of the time on, inputs lay outside the FMU's "
            "envelope and were moved to it."
        )
    if scores.not_given:
        lines.append(f"Recorded, but not given by the FMU: {', '.join(scores.not_given)}.")
    if scores.unchecked:
        lines.append(f"Limits not checked, not given by the FMU: {', '.join(scores.unchecked)}.")
    origins = {b.origin for q, b in scores.bands.items() if q in scores.simulated}
    lines += [f"Band of 95 %: {origin}." for origin in sorted(origins)]
    return lines


def verdict(scores: SeriesScores) -> str:
    """The verdict in a line."""
    failed = [t for t in scores.thresholds if not t.passed and not t.is_known_miss]
    known = [t for t in scores.thresholds if t.is_known_miss]
    steps = f"{len(scores.series)} steps of {scores.communication_step:g} s"
    if scores.series.is_mean:
        steps = f"{len(scores.series)} means, stepped by {scores.communication_step:g} s"
    text = f"{'passed' if scores.passed else 'FAILED'}: {steps}"
    if not scores.thresholds:
        return f"{text}, no limits"
    text += f", {len(failed)} of {len(scores.thresholds)} limits missed"
    return text + (f", {len(known)} more as known" if known else "")


def stamp(series: Series, time: float) -> str:
    """A time of a log as people read it."""
    if not series.descriptor.time.has_date:
        return f"{time:.0f} s"
    zone = series.descriptor.time.zone or "UTC"
    at = pd.Timestamp(time, unit="s", tz="UTC").tz_convert(zone)
    return str(at.isoformat(sep=" ", timespec="seconds"))


def phases_present(scores: SeriesScores) -> list[str]:
    """Phases that occur, in order."""
    return [name for i, name in enumerate(PHASES) if bool((scores.phases == i).any())]


def _percent(value: float | None, signed: bool = False) -> str:
    if value is None:
        return NOTHING
    return f"{value:+.2f} %" if signed else f"{value:.2f} %"
