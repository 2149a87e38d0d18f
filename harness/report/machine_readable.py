"""Scores for programs: JSON, a table of all records, and JUnit for automated runs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from junitparser import Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from ..scoring.scores import Scores, ThresholdResult

# Of more records, JUnit has no case each.
MOST_CASES = 1000


def write_json(scores: Scores, path: Path) -> None:
    """Write what was found over all records, in SI units, by the schema of ``scores.json``."""
    content = scores.to_file().plain()
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_records(scores: Scores, path: Path) -> None:
    """Write ``records.csv``, one row a record: verdict, answer, figures, readings, answers.

    SI units, five digits; empty where there is none. `error` is `Scores.record_errors`.
    """
    screened = scores.screening.records
    unanswered = scores.unanswered_records
    rejected: dict[int, list[str]] = {}
    for quantity, field in scores.screening.fields.items():
        for record, reason in field.rejected.items():
            rejected.setdefault(record, []).append(f"{quantity}: {reason}")
    table = pd.DataFrame(
        {
            "verdict": {r: str(s.verdict) for r, s in screened.items()},
            "reasons": {r: "; ".join(s.reasons) for r, s in screened.items()},
            "rejected": {r: "; ".join(rejected.get(r, [])) for r in screened},
            "not_answered": {r: unanswered.get(r, "") for r in screened},
            "messages": {r: "; ".join(scores.simulation.messages.get(r, ())) for r in screened},
            "flow_ratio": {r: s.flow_ratio for r, s in screened.items()},
            "efficiency": {r: s.efficiency for r, s in screened.items()},
            "error": scores.record_errors,
        }
    )
    measured = scores.dataset.values.add_prefix("measured_")
    simulated = scores.simulation.outputs.add_prefix("simulated_")
    pd.concat([table, measured, simulated], axis=1).to_csv(
        path, index_label="record", float_format="%.5g", lineterminator="\n", encoding="utf-8"
    )


def write_junit(scores: Scores, path: Path) -> None:
    """Write test cases: each limit, comparison, answer of the fit, and each record's answer.

    The limits of the FMU itself come first. A limit that is missed as known is skipped, with the
    reason as message. Of many records, those that are answered are one case together.
    Each case has its value and its limit as properties. The time of a record's
    case is that of its step; what screening, stepping and scoring took as a whole are properties of
    the first suite.
    """
    name = scores.dataset.descriptor.name
    suites = [
        *_limits(scores, name),
        _comparison(scores, name),
        _answers_of_the_fit(scores, name),
        _answers(scores, name),
    ]
    for stage, seconds in scores.seconds.items():
        suites[0].add_property(f"seconds_{stage}", f"{seconds:.3f}")
    xml = JUnitXml()
    for suite in suites:
        xml.add_testsuite(suite)
    xml.write(str(path), pretty=True)


def _limits(scores: Scores, name: str) -> list[TestSuite]:
    own = TestSuite(f"{name}: limits of the FMU, {scores.own_split}")
    others = TestSuite(f"{name}: other limits")
    for threshold in scores.thresholds:
        case = case_of_limit(threshold, name)
        (own if threshold.split == scores.own_split else others).add_testcase(case)
    return [own, others]


def case_of_limit(threshold: ThresholdResult, name: str) -> TestCase:
    """Return the case of one limit of a data set of that name; a known miss is skipped."""
    case = case_with(
        threshold.text, f"{name}.{threshold.split}", value=threshold.value, limit=threshold.limit
    )
    if threshold.is_known_miss:
        message = f"{threshold.finding}, a known miss: {threshold.known_miss}"
        case.result = [Skipped(message)]
    elif not threshold.passed:
        message = f"{threshold.finding}, limit {threshold.limit:g}"
        case.result = [Failure(message, type_="limit missed")]
    return case


def _comparison(scores: Scores, name: str) -> TestSuite:
    suite = TestSuite(f"{name}: no worse than the baseline")
    for change in scores.comparison:
        case = case_with(
            f"{change.quantity} {change.measure}",
            f"{name}.baseline.{change.split}",
            value=change.now,
            limit=change.before + change.margin,
        )
        if change.is_worse:
            case.result = [Failure(change.text, type_="worse than the baseline")]
        suite.add_testcase(case)
    return suite


def _answers_of_the_fit(scores: Scores, name: str) -> TestSuite:
    suite = TestSuite(f"{name}: answers of the fit")
    for quantity in scores.compared_with_fit:
        differing = [d for d in scores.deviations if d.quantity == quantity]
        figures = {}
        if differing:
            first = differing[0]
            figures = {"value": abs(first.fmu - first.fit), "limit": first.allowed}
        case = case_with(quantity, f"{name}.answers_of_the_fit", **figures)
        if differing:
            case.result = [Failure(differing[0].text, type_="not the fit")]
        suite.add_testcase(case)
    return suite


def _answers(scores: Scores, name: str) -> TestSuite:
    suite = TestSuite(f"{name}: every record answered")
    unanswered = scores.unanswered_records
    records = list(scores.screening.records)
    others = len(records) - len(unanswered) if len(records) > MOST_CASES else 0
    if others:
        text = f"{others} of {len(records)} records"
        case = case_with(text, f"{name}.operating_status")
        case.time = sum(t for r, t in scores.simulation.seconds.items() if r not in unanswered)
        suite.add_testcase(case)
    for record in unanswered if others else records:
        case = case_with(f"record {record}", f"{name}.operating_status")
        case.time = scores.simulation.seconds[record]
        if record in unanswered:
            case.result = [Failure(unanswered[record], type_="not answered")]
        suite.add_testcase(case)
    return suite


def case_with(name: str, classname: str, **figures: float | None) -> TestCase:
    """Return a test case; figures that are known become its properties."""
    case = TestCase(name, classname=classname)
    known = {key: number for key, number in figures.items() if number is not None}
    if known:
        properties = Properties()  # type: ignore[no-untyped-call]
        for key, number in known.items():
            properties.add_property(Property(key, f"{number:.6g}"))
        case.append(properties)  # type: ignore[no-untyped-call]
    return case
