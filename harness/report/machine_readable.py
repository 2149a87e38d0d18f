"""Scores for programs: JSON, a table of all records, and JUnit for automated runs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from ..scoring.scores import Scores

# Of more records, JUnit has no case each.
MOST_CASES = 1000


def write_json(scores: Scores, path: Path) -> None:
    """Write what was found over all records, in SI units."""
    path.write_text(json.dumps(scores.to_dict(), indent=1) + "\n", encoding="utf-8")


def write_records(scores: Scores, path: Path) -> None:
    """Write one row a record as CSV: verdict, answer, figures, and all readings and answers.

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
    """Write test cases: each limit, each answer of the fit, each record's answer.

    The limits of the FMU itself come first. A limit that is missed as known is skipped, with the
    reason as message. Of many records, those that are answered are one case together.
    """
    name = scores.dataset.descriptor.name
    suites = {
        scores.own_split: TestSuite(f"{name}: limits of the FMU, {scores.own_split}"),
        "": TestSuite(f"{name}: other limits"),
    }
    for threshold in scores.thresholds:
        case = TestCase(threshold.text, classname=f"{name}.{threshold.split}")
        if threshold.is_known_miss:
            message = f"{threshold.finding}, a known miss: {threshold.known_miss}"
            case.result = [Skipped(message)]
        elif not threshold.passed:
            case.result = [Failure(threshold.finding, type_="limit missed")]
        suites.get(threshold.split, suites[""]).add_testcase(case)
    fit = TestSuite(f"{name}: answers of the fit")
    for quantity in scores.compared_with_fit:
        case = TestCase(quantity, classname=f"{name}.answers_of_the_fit")
        differing = [d.text for d in scores.deviations if d.quantity == quantity]
        if differing:
            case.result = [Failure(differing[0], type_="not the fit")]
        fit.add_testcase(case)
    answers = TestSuite(f"{name}: every record answered")
    unanswered = scores.unanswered_records
    records = list(scores.screening.records)
    others = len(records) - len(unanswered) if len(records) > MOST_CASES else 0
    if others:
        text = f"{others} of {len(records)} records"
        answers.add_testcase(TestCase(text, classname=f"{name}.operating_status"))
    for record in unanswered if others else records:
        case = TestCase(f"record {record}", classname=f"{name}.operating_status")
        if record in unanswered:
            case.result = [Failure(unanswered[record], type_="not answered")]
        answers.add_testcase(case)
    xml = JUnitXml()
    for suite in (*suites.values(), fit, answers):
        xml.add_testsuite(suite)
    xml.write(str(path), pretty=True)
