"""Misprints in a catalogue are found, named, and do not change the fit."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from conftest import synthetic_catalogue

from heatpump_twin.harness.calibration.calibrating import fit_machine
from heatpump_twin.harness.calibration.fitting import Problem
from heatpump_twin.harness.calibration.outliers import find_outliers
from heatpump_twin.harness.data.datasets import Dataset
from heatpump_twin.harness.data.screening import Verdict
from heatpump_twin.harness.errors import CalibrationError

WRONG = (3, 11, 20, 25)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return synthetic_catalogue(tmp_path_factory.mktemp("catalogue") / "mine", records=28, seed=3)


def misprinted(dataset: Dataset) -> Dataset:
    values = dataset.values.copy()
    values.loc[3, "P_el"] *= 0.6
    values.loc[11, "Q_flow_sink"] *= 1.3
    values.loc[20, ["P_el", "Q_flow_sink"]] = values.loc[2, ["P_el", "Q_flow_sink"]]
    values.loc[25, "P_el"] *= 10.0**0.2
    return dataclasses.replace(dataset, values=values)


def test_misprints_are_named_and_not_fitted(catalogue: Dataset) -> None:
    start = catalogue.folder / "start.toml"
    clean, wrong = fit_machine(catalogue, start), fit_machine(misprinted(catalogue), start)
    assert clean.outliers == {}
    assert set(wrong.outliers) == set(WRONG)
    assert "P_el is" in wrong.outliers[3]
    assert "% below what the other records say" in wrong.outliers[3]
    assert "Q_flow_sink is" in wrong.outliers[11]
    assert "its readings repeat those of record 2" in wrong.outliers[20]
    assert {r for r, s in wrong.screening.records.items() if s.verdict is Verdict.OUTLIER} == {
        *WRONG
    }
    assert not set(WRONG) & set(wrong.physics.problem.records)
    for quantity in ("P_el", "Q_flow_sink"):
        a, b = (
            f.physics.problem.predict(f.physics.estimate.fit.by_place, [3, 11])[quantity]
            for f in (clean, wrong)
        )
        assert (a / b - 1.0).abs().max() < 0.02, quantity


def test_half_a_table_of_misprints_is_no_table(catalogue: Dataset) -> None:
    values = catalogue.values.copy()
    rng = np.random.default_rng(1)
    half = rng.permutation(values.index)[: len(values) // 2]
    values.loc[half, "P_el"] *= rng.uniform(0.55, 1.8, len(half))
    with pytest.raises(CalibrationError, match=r"contradict the others|no machine explains"):
        fit_machine(dataclasses.replace(catalogue, values=values), catalogue.folder / "start.toml")


def test_few_records_have_no_outliers(catalogue: Dataset, tmp_path: Path) -> None:
    start = fit_machine(catalogue, catalogue.folder / "start.toml")
    fit = start.physics.estimate.fit
    few = dict(list(fit.standardised.items())[:8])
    problem: Problem = start.physics.estimate.problem
    assert find_outliers(problem, dataclasses.replace(fit, standardised=few)) == {}
