"""FMUs that are not the fit that they say they are: altered by a little, and of other origin."""

import json
import math
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from junitparser import JUnitXml
from typer.testing import CliRunner, Result

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import NAME as MAP_FILE
from heatpump_twin.core.map_file import map_file
from heatpump_twin.fmu.build import build
from heatpump_twin.harness.cli import app
from heatpump_twin.harness.scoring.fit_check import (
    CERTIFICATE_FACTOR,
    allowed_difference,
    deviations_from_fit,
)
from heatpump_twin.harness.scoring.scores import AS_BUILT, MODEL, Scores, boundaries, score
from heatpump_twin.harness.stepping.replay import CERTIFICATE, inspect_fmu, replay
from heatpump_twin.machine_files.machine_file import (
    DEFAULT_MAP_TOLERANCE,
    machine_path,
    read_machine,
)
from heatpump_twin.map_making.certificate import deviation_unit
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.map_table import MapTable, MediumSeries
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Boundary

MAP = f"resources/{MAP_FILE}"
Alteration = Callable[[MapTable, float], MapTable]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def row(number: int) -> Alteration:
    """Add to a row of the condensing unit's table, everywhere alike."""

    def alter(table: MapTable, by: float) -> MapTable:
        coefficients = table.coefficients.copy()
        coefficients[number].flat[0] += by
        return replace(table, coefficients=coefficients)

    return alter


def suction_row(number: int) -> Alteration:
    def alter(table: MapTable, by: float) -> MapTable:
        coefficients = table.suction_coefficients.copy()
        coefficients[number].flat[0] += by
        return replace(table, suction_coefficients=coefficients)

    return alter


def outlet(side: str) -> Alteration:
    """Add to the temperature that belongs to an enthalpy of a secondary medium."""

    def alter(table: MapTable, by: float) -> MapTable:
        medium: MediumSeries = getattr(table, side)
        *others, constant = medium.temperature.powers
        series = replace(medium.temperature, powers=(*others, constant + by))
        return replace(table, **{side: replace(medium, temperature=series)})

    return alter


def evaporator(table: MapTable, by: float) -> MapTable:
    """Make the evaporator larger, which moves the suction state."""
    conductance = table.sizes.evaporator_conductance * (1.0 + by)
    return replace(table, sizes=replace(table.sizes, evaporator_conductance=conductance))


# What of the map each output follows from.
ALTERATIONS: dict[str, Alteration] = {
    "P_el": row(2),
    "Q_flow_sink": row(0),
    "Q_flow_source": row(0),
    "COP": row(0),
    "T_source_out": outlet("source"),
    "T_sink_out": outlet("sink"),
    "m_flow_refrigerant": row(1),
    "p_low": suction_row(1),
    "p_high": row(4),
    "T_suction": evaporator,
    "T_discharge": row(5),
    "T_liquid": row(3),
}
SCORED = {
    "mci_lab": ("P_el", "Q_flow_sink", "COP", "p_low", "p_high", "T_suction"),
    "nist_split": (
        *("P_el", "Q_flow_source", "T_sink_out", "m_flow_refrigerant", "p_low", "p_high"),
        *("T_suction", "T_discharge", "T_liquid"),
    ),
    "rwth_brine_water": ("P_el", "T_source_out", "T_sink_out"),
}


def with_files(fmu: Path, path: Path, files: dict[str, bytes]) -> Path:
    """Copy an FMU with other content of some files."""
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, files.get(name, old.read(name)))
    return path


def with_table(fmu: Path, path: Path, name: str, table: MapTable) -> Path:
    """Copy an FMU with another map, whose hash fits."""
    return with_files(fmu, path, {MAP: map_file(read_machine(name), table)})


def answers(name: str, table: MapTable, points: Sequence[Boundary], quantity: str) -> np.ndarray:
    core = HeatPump(map_file(read_machine(name), table))
    return np.array([getattr(core.off_design(b), quantity) for b in points])


def altered(
    fmu: Path, table: MapTable, scores: Scores, quantity: str, times: float, path: Path
) -> Path:
    """Copy an FMU whose output is off by `times` its certificate's largest error at some record."""
    name, alter = scores.dataset.descriptor.name, ALTERATIONS[quantity]
    assert scores.calibration is not None
    rows = scores.dataset.values.loc[scores.calibration.records, list(BOUNDARY_QUANTITIES)]
    points = [Boundary(*map(float, values)) for values in rows.to_numpy()]
    before = answers(name, table, points, quantity)
    assert scores.fmu.certificate is not None
    error = scores.fmu.certificate.errors[quantity]
    to_unit = 100.0 / before if error.unit == "%" else np.ones(len(before))

    def largest(by: float) -> float:
        after = answers(name, alter(table, by), points, quantity)
        return float(np.abs((after - before) * to_unit).max()) / error.maximum

    by = math.copysign(1e-5, times)
    for _ in range(2):  # nearly linear
        by *= abs(times) / largest(by)
    assert largest(by) == pytest.approx(abs(times), rel=0.01)
    return with_table(fmu, path, name, alter(table, by))


@pytest.mark.parametrize("name", SCORED)
def test_shipped_fmus_are_their_fits_and_pass(
    name: str, all_scores: dict[str, Scores], fmus: dict[str, Path]
) -> None:
    scores = all_scores[name]
    assert scores.passed
    assert scores.own_split == "fitted"
    assert scores.deviations == []
    assert len(scores.compared_with_fit) == 14
    shown = dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL)
    assert sorted(shown) == sorted(SCORED[name])


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("name", "quantity"), [(name, q) for name, of_name in SCORED.items() for q in of_name]
)
def test_output_off_by_more_than_twice_the_error_of_the_map_fails_the_run(
    name: str,
    quantity: str,
    sign: float,
    all_scores: dict[str, Scores],
    fmus: dict[str, Path],
    certified_maps: dict[str, CertifiedMap],
    tmp_path: Path,
) -> None:
    scores = all_scores[name]
    path = altered(
        fmus[name], certified_maps[name].table, scores, quantity, sign * 2.1, tmp_path / "a.fmu"
    )
    info = inspect_fmu(path)
    again = score(
        scores.dataset,
        scores.screening,
        info,
        replay(info, boundaries(scores.dataset)),
        scores.calibration,
        scores.provenance,
        scores.compressor,
    )
    assert not again.passed
    assert again.own_split == AS_BUILT
    assert again.calibration is None
    (found,) = (d for d in again.deviations if d.quantity == quantity)
    assert f"{quantity} at record {found.record}: {found.fmu:.9g}" in found.text
    assert f"{found.fit:.9g}" in found.text
    assert found.fit == pytest.approx(scores.simulation.outputs.loc[found.record, quantity], 1e-3)


def test_power_raised_by_30_per_cent(
    scores: Scores, fmu: Path, certified: CertifiedMap, tmp_path: Path
) -> None:
    """The FMU that once passed: its left-out errors come from a file and not from it."""
    table = row(2)(certified.table, math.log(1.3))
    wrong = with_table(fmu, tmp_path / "wrong.fmu", "mci_lab", table)
    result = run("validate", "mci_lab", "--fmu", wrong, "-o", tmp_path / "report")
    assert result.exit_code == 1, result.output
    flat = " ".join(result.output.split())
    found = re.search(
        r"fit of its calibration: P_el at record (\d+): ([\d.]+) W by the FMU, "
        r"([\d.]+) W by the fit \(\+30 %\)",
        flat,
    )
    assert found, flat
    assert float(found[2]) / float(found[3]) == pytest.approx(1.3, rel=1e-3)
    assert "missed: as_built P_el mape <= 1.58: 30" in flat
    assert "FMU, as built." in flat
    assert "linear quadratic" in flat
    assert "calibration linear" not in flat
    assert "fitted:" not in flat
    html = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "not the fit of its calibration: P_el" in html
    assert "of the calibration, not of this FMU" not in html
    content = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert content["split"] == "as_built"
    assert not content["passed"]
    splits = {s["split"] for s in content["scores"] if s["predictor"] == MODEL}
    assert splits == {"as_built", "excluded"}
    of_power = next(d for d in content["deviations_from_fit"] if d["quantity"] == "P_el")
    assert of_power["fmu"] / of_power["fit"] == pytest.approx(1.3, rel=1e-3)
    junit = JUnitXml.fromfile(str(tmp_path / "report" / "junit.xml"))
    failed = {
        (case.classname, case.name): case.result[0].message or case.result[0].text
        for suite in junit
        for case in suite
        if case.result
    }
    assert "by the fit" in failed["mci_lab.answers_of_the_fit", "P_el"]
    assert ("mci_lab.as_built", "P_el mape <= 1.58") in failed


def test_fmu_of_another_machine_file_fails_by_its_own_error(tmp_path: Path) -> None:
    text = machine_path("mci_lab").read_text(encoding="utf-8")
    stated = re.search(r"^P_el = \{value = ([\d.]+)", text, flags=re.MULTILINE)
    assert stated
    larger = f"P_el = {{value = {1.15 * float(stated[1]):.9g}"
    (tmp_path / "mci_lab.toml").write_text(text.replace(stated[0], larger, 1), encoding="utf-8")
    other = build(
        str(tmp_path / "mci_lab.toml"), tmp_path / "other.fmu", certificate_points=50
    ).path
    result = run("validate", "mci_lab", "--fmu", other, "-o", tmp_path / "report")
    assert result.exit_code == 1, result.output
    flat = " ".join(result.output.split())
    missed = re.search(r"missed: as_built P_el mape <= 1.58: ([\d.]+)", flat)
    assert missed, flat
    assert 13.0 < float(missed[1]) < 17.0
    assert "not known: the FMU was not built of this machine file" in flat
    assert "not the fit of its calibration" not in flat  # it never said it was
    content = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert content["split"] == "as_built"
    assert content["calibration"] is None
    assert content["deviations_from_fit"] == []


def test_certificate_of_another_build_is_bad_input(
    scores: Scores, fmu: Path, tmp_path: Path
) -> None:
    assert scores.fmu.certificate is not None
    other = replace(scores.fmu.certificate, machine_fingerprint="0" * 64)
    other.save(tmp_path / "certificate.json")
    content = (tmp_path / "certificate.json").read_bytes()
    path = with_files(fmu, tmp_path / "other.fmu", {CERTIFICATE: content})
    result = run("validate", "mci_lab", "--fmu", path, "-o", tmp_path / "report")
    assert result.exit_code == 2, result.output
    assert "its certificate is of another build" in " ".join(result.output.split())


def test_certificate_excuses_no_more_than_the_machine_file_allows(scores: Scores) -> None:
    certificate = scores.fmu.certificate
    assert certificate is not None
    assert scores.calibration is not None
    lax = replace(
        certificate,
        errors={q: replace(e, maximum=1e6) for q, e in certificate.errors.items()},
    )
    outputs = scores.simulation.outputs
    for quantity in scores.compared_with_fit:
        factor = 1.003 if deviation_unit(QUANTITIES[quantity]) == "%" else 1.0
        wrong = outputs.assign(
            **{quantity: factor * outputs[quantity] + (0.4 if factor == 1.0 else 0.0)}
        )
        for of_fmu in (lax, None):
            found = deviations_from_fit(wrong, scores.calibration, of_fmu, DEFAULT_MAP_TOLERANCE)
            assert [d.quantity for d in found] == [quantity]


def test_allowed_difference_is_the_certificates_with_a_margin(scores: Scores) -> None:
    certificate = scores.fmu.certificate
    assert certificate is not None
    for quantity, fit in (("P_el", 800.0), ("T_suction", 280.0), ("COP", 5.0)):
        error = certificate.errors[quantity]
        largest = error.maximum * (fit / 100.0 if error.unit == "%" else 1.0)
        allowed = allowed_difference(certificate, DEFAULT_MAP_TOLERANCE, quantity, fit)
        assert allowed == pytest.approx(CERTIFICATE_FACTOR * largest + 1e-8 * fit)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_answer_that_is_no_number_is_not_that_of_the_fit(scores: Scores, value: float) -> None:
    assert scores.calibration is not None
    outputs = scores.simulation.outputs.copy()
    outputs.loc[3, "P_el"] = value
    (found,) = deviations_from_fit(
        outputs, scores.calibration, scores.fmu.certificate, DEFAULT_MAP_TOLERANCE
    )
    assert (found.quantity, found.record) == ("P_el", 3)
    assert f"P_el at record 3: {value} W by the FMU" in found.text
