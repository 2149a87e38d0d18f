"""A report of many records: what is drawn and shown, how large it is, and what it reports."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from junitparser import JUnitXml

from benchmarks.size import write_dataset
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.screening import BATCH
from heatpump_twin.harness.drawing.parity import MOST_NUMBERED, parity
from heatpump_twin.harness.drawing.selection import Wanted, parse_wanted, selected
from heatpump_twin.harness.report import folder as report_folder
from heatpump_twin.harness.report import machine_readable
from heatpump_twin.harness.report.tables import MOST_LISTED, SHOWN_ROWS
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.harness.scoring.validation import Validation, validate
from heatpump_twin.model.errors import InputError

RECORDS = 600

Told = list[tuple[str, int, int]]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows = self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"
        self.images += tag == "img"


@pytest.fixture(scope="module")
def many(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Validation, Path, Told]:
    """A validation of synthetic records, its report, and the progress it told."""
    base = tmp_path_factory.mktemp("many")
    write_dataset(fmu, base / "dataset", RECORDS)
    told: Told = []

    def tell(label: str, done: int, total: int) -> None:
        told.append((label, done, total))

    validation = validate(load_dataset(str(base / "dataset")), fmu, tell)
    report_folder.write_report(
        validation.scores, validation.machine, base / "report", progress=tell
    )
    return validation, base / "report", told


def test_six_telling_records_are_drawn(many: tuple[Validation, Path, Told]) -> None:
    validation, folder, _ = many
    table = pd.read_csv(folder / "records.csv", index_col="record")
    assert list(table.index) == list(range(1, RECORDS + 1))
    kept = table[table["verdict"] == "kept"]
    others = table[table["verdict"] != "kept"]
    assert len(others) > 0
    drawn = selected(validation.scores, Wanted())
    order = kept["error"].sort_values(ascending=False)
    assert len(drawn) == 6
    # Five digits are in the table, so records are compared by their error there.
    assert kept.loc[drawn[0], "error"] == order.iloc[0]
    assert kept.loc[drawn[1], "error"] == order.iloc[len(order) // 2]
    assert drawn[2] == others.index[0]
    assert list(kept.loc[drawn[3:], "error"]) == list(order.iloc[1:4])
    files = {file.name for file in (folder / "diagrams").glob("log_p_h_*")}
    assert files == {f"log_p_h_{record}.png" for record in drawn}
    assert not list((folder / "diagrams").glob("*.svg"))
    assert (folder / "diagrams" / "parity_p_low.png").is_file()


def test_report_is_small_and_says_where_all_records_are(
    many: tuple[Validation, Path, Told],
) -> None:
    validation, folder, _ = many
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    # Two tables of records; no other has more rows than there are errors of a quantity.
    assert 2 * SHOWN_ROWS < page.rows < 4 * SHOWN_ROWS + 200
    assert html.count(f"the worst {SHOWN_ROWS} of {RECORDS} records; records.csv") == 2
    assert f"log(p)-h diagrams of 6 of {RECORDS} records" in html
    assert page.images == 2  # for those who run no scripts
    assert len(html.encode()) < 2e6
    assert f" and {len(validation.scores.screening.kept) - MOST_LISTED} more" in html
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert size < 2.5e6
    assert (folder / "scores.json").stat().st_size < 100 * RECORDS


def test_progress_counts_records_and_diagrams(many: tuple[Validation, Path, Told]) -> None:
    _, folder, told = many
    steps = [(done, total) for label, done, total in told if label == "stepping the FMU"]
    assert all(0 < done <= total == RECORDS for done, total in steps)
    screened = [done for label, done, _ in told if label == "screening"]
    assert screened == [*range(BATCH, RECORDS, BATCH), RECORDS]
    fits = [(done, total) for label, done, total in told if label == "fitting the compressor alone"]
    assert fits == [(k, 10) for k in range(1, 11)]
    count = len(list((folder / "diagrams").glob("*.png")))
    drawn = [(done, total) for label, done, total in told if label == "drawing"]
    assert drawn[-1] == (count, count)
    assert [done for done, _ in drawn] == sorted(done for done, _ in drawn)


def test_many_answered_records_are_one_case(
    many: tuple[Validation, Path, Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation, _, _ = many
    path = tmp_path / "junit.xml"
    machine_readable.write_junit(validation.scores, path)
    assert JUnitXml.fromfile(str(path)).tests == RECORDS
    monkeypatch.setattr(machine_readable, "MOST_CASES", RECORDS - 1)
    machine_readable.write_junit(validation.scores, path)
    cases = [case.name for suite in JUnitXml.fromfile(str(path)) for case in suite]
    left = len(validation.scores.unanswered_records)
    assert len(cases) == 1 + left
    assert f"{RECORDS - left} of {RECORDS} records" in cases


def test_plot_of_many_points_numbers_the_farthest_only(
    many: tuple[Validation, Path, Told],
) -> None:
    validation, _, _ = many
    scores = validation.scores
    outputs = scores.simulation.outputs
    before = outputs["P_el"].copy()
    outputs["P_el"] *= 1.5  # all outside the band
    try:
        figure = parity(scores, "P_el")
    finally:
        outputs["P_el"] = before
    (axes,) = figure.axes
    assert len(axes.texts) == MOST_NUMBERED
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(f"the {MOST_NUMBERED} farthest of" in label for label in labels)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3", Wanted(3)),
        ("0", Wanted(0)),
        ("all", Wanted(None)),
        ("none", Wanted(0)),
        ("5,", Wanted(1, (5,))),
        ("1, 7,5,7", Wanted(4, (1, 7, 5))),
    ],
)
def test_what_is_asked_for_is_read(text: str, wanted: Wanted, dataset: Dataset) -> None:
    assert parse_wanted(text, dataset) == wanted


@pytest.mark.parametrize("text", ["", "-1", "some", "1,x", ",", "1,99"])
def test_what_cannot_be_drawn_is_refused(text: str, dataset: Dataset) -> None:
    with pytest.raises(InputError, match="--diagrams"):
        parse_wanted(text, dataset)


def test_counts_of_diagrams(scores: Scores) -> None:
    assert selected(scores, Wanted(None)) == list(range(1, 18))
    assert selected(scores, Wanted(0)) == []
    assert selected(scores, Wanted(2, (7, 5))) == [7, 5]
    most = selected(scores, Wanted(99))
    assert sorted(most) == list(range(1, 18))
    assert selected(scores, Wanted(4)) == most[:4]
    assert most[0] == scores.farthest_first(scores.screening.kept)[0]
    assert most[2] == 6  # the first that is not scored


def test_scores_hold_no_values_of_records(many: tuple[Validation, Path, Told]) -> None:
    content = json.loads((many[1] / "scores.json").read_text(encoding="utf-8"))
    assert "records" not in content
    assert content["sets"]["as_built"] == many[0].scores.screening.kept
