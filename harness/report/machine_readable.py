"""Scores for programs: JSON, and JUnit for automated runs."""

from __future__ import annotations

import json
from pathlib import Path

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from ..scoring.scores import Scores


def write_json(scores: Scores, path: Path) -> None:
    """Write everything that was found, in SI units."""
    path.write_text(json.dumps(scores.to_dict(), indent=1) + "\n", encoding="utf-8")


def write_junit(scores: Scores, path: Path) -> None:
    """Write test cases: each limit, each answer of the fit, each record's answer.

    The limits of the FMU itself come first. A limit that is missed as known is skipped, with the
    reason as message.
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
    for record in scores.screening.records:
        case = TestCase(f"record {record}", classname=f"{name}.operating_status")
        if record in unanswered:
            case.result = [Failure(unanswered[record], type_="not answered")]
        answers.add_testcase(case)
    xml = JUnitXml()
    for suite in (*suites.values(), fit, answers):
        xml.add_testsuite(suite)
    xml.write(str(path), pretty=True)
