"""Errors beside those of a baseline: what grew fails, what is not comparable is bad input."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from heatpump_twin.harness.calibration.record import data_fingerprint
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.report.machine_readable import write_json
from heatpump_twin.harness.scoring.comparison import compare, read_baseline
from heatpump_twin.harness.scoring.files import DEFAULT_MARGIN, check_baseline
from heatpump_twin.harness.scoring.scores import Scores, score
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES


@pytest.fixture
def baseline(scores: Scores, tmp_path: Path) -> Path:
    path = tmp_path / "scores.json"
    write_json(scores, path)
    return path


def scored_again(scores: Scores, factors: dict[str, float]) -> Scores:
    """Scores of answers that are changed by factors."""
    outputs = scores.simulation.outputs.copy()
    for quantity, factor in factors.items():
        outputs[quantity] *= factor
    return score(
        scores.dataset,
        scores.screening,
        scores.fmu,
        replace(scores.simulation, outputs=outputs),
        None,
        "not known",
        None,
        fingerprint=scores.data_fingerprint,
    )


def test_equal_scores_are_no_worse(scores: Scores, baseline: Path, dataset: Dataset) -> None:
    changes = compare(scores.to_file(), read_baseline(baseline, dataset), 0.0)
    # The FMU's own answers, left out and extrapolated.
    assert {c.split for c in changes} == {"fitted", "leave_one_out", "extrapolation"}
    assert all(c.now == c.before and not c.is_worse for c in changes)


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_a_change_by_one_per_cent_is_caught(
    scores: Scores, baseline: Path, dataset: Dataset, factor: float
) -> None:
    earlier = read_baseline(baseline, dataset)
    quantities = list(dict.fromkeys(s.quantity for s in scores.scores))
    changed = scored_again(scores, dict.fromkeys(quantities, factor)).to_file()
    before = scored_again(scores, {}).to_file()
    caught = []
    for quantity in quantities:
        # One quantity at a time: the others as they were.
        parts = [
            new if new.quantity == quantity else old
            for new, old in zip(changed.scores, before.scores, strict=True)
        ]
        changes = compare(before.model_copy(update={"scores": parts}), earlier, DEFAULT_MARGIN)
        worse = [c for c in changes if c.is_worse]
        (own,) = (c for c in changes if c.quantity == quantity)
        assert own.split == "as_built"
        # An answer that comes nearer to the reading is no regression.
        assert bool(worse) == (own.now > own.before + DEFAULT_MARGIN)
        if worse:
            assert [c.quantity for c in worse] == [quantity]
            unit = "percentage points" if QUANTITIES[quantity].has_percentage else "K"
            assert f"margin {DEFAULT_MARGIN:g} {unit}" in worse[0].text
            caught.append(quantity)
    assert set(caught) >= {"P_el", "Q_flow_sink", "p_low", "p_high", "T_suction"} - (
        set() if factor == 1.01 else {"T_suction"}
    )


def test_a_quantity_that_is_no_longer_scored_is_worse(
    scores: Scores, baseline: Path, dataset: Dataset
) -> None:
    now = scores.to_file()
    without = now.model_copy(update={"scores": [s for s in now.scores if s.quantity != "P_el"]})
    worse = [
        c for c in compare(without, read_baseline(baseline, dataset), DEFAULT_MARGIN) if c.is_worse
    ]
    assert {(c.split, c.quantity) for c in worse} == {
        (split, "P_el") for split in ("fitted", "leave_one_out", "extrapolation")
    }
    assert "not scored any more, baseline" in worse[0].text


def test_a_larger_margin_lets_a_change_pass(
    scores: Scores, baseline: Path, dataset: Dataset
) -> None:
    changed = scored_again(scores, {"P_el": 0.99}).to_file()
    earlier = read_baseline(baseline, dataset)
    assert any(c.is_worse for c in compare(changed, earlier, 0.1))
    assert not any(c.is_worse for c in compare(changed, earlier, 0.6))


def test_a_worse_error_fails_the_validation(
    scores: Scores, baseline: Path, dataset: Dataset
) -> None:
    earlier = read_baseline(baseline, dataset)
    assert scores.passed
    comparison = compare(scored_again(scores, {"P_el": 0.99}).to_file(), earlier, 0.1)
    assert not replace(scores, comparison=comparison).passed


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("format_version", 0, "its format_version is 0, expected 2"),
        ("format_version", None, "its format_version is none, expected 2"),
        ("dataset", "nist_split", "of data set nist_split, expected mci_lab"),
        ("data_fingerprint", "0" * 64, "of other records of mci_lab"),
        ("scores", [{}], "scores.0.predictor: is missing"),
        ("scores", None, "expected the scores.json of a report"),
    ],
)
def test_a_baseline_that_cannot_be_compared_is_bad_input(
    baseline: Path, dataset: Dataset, key: str, value: object, text: str
) -> None:
    content = json.loads(baseline.read_text(encoding="utf-8"))
    if value is None:
        del content[key]
    else:
        content[key] = value
    baseline.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=text):
        read_baseline(baseline, dataset)


def test_a_file_that_is_no_baseline_is_bad_input(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        check_baseline(tmp_path / "none.json", 0.1)
    path = tmp_path / "scores.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not valid JSON"):
        read_baseline(path, dataset)
    for margin in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="expected a finite number"):
            check_baseline(path, margin)


def test_scores_of_flows_that_were_found_have_the_fingerprint_of_the_data(
    all_scores: dict[str, Scores],
) -> None:
    for name, scores in all_scores.items():
        assert scores.to_file().data_fingerprint == data_fingerprint(load_dataset(name))
