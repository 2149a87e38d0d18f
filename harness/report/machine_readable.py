"""Scores for programs: JSON, and JUnit for automated runs."""

from __future__ import annotations

import json
from pathlib import Path

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from ..scoring.scores import Scores


def write_json(scores: Scores, path: Path) -> None:
    """Write everything that was found, in SI units."""
    path.write_text(json.dumps(scores.to_dict(), indent=1) + "\n", encoding="utf-8")


def write_junit(scores: Scores, path: Path) -> None:
    """Write one test case for each limit of the descriptor and one for each record's answer."""
    name = scores.dataset.descriptor.name
    limits = TestSuite(f"{name}: limits")
    for threshold in scores.thresholds:
        case = TestCase(
            threshold.text,
            classname=f"{name}.{threshold.split}",
        )
        if not threshold.passed:
            case.result = [Failure(threshold.finding, type_="limit missed")]
        limits.add_testcase(case)
    answers = TestSuite(f"{name}: every record answered")
    unanswered = scores.unanswered_records
    for record in scores.screening.records:
        case = TestCase(f"record {record}", classname=f"{name}.operating_status")
        if record in unanswered:
            case.result = [Failure(unanswered[record], type_="not answered")]
        answers.add_testcase(case)
    xml = JUnitXml()
    xml.add_testsuite(limits)
    xml.add_testsuite(answers)
    xml.write(str(path), pretty=True)
