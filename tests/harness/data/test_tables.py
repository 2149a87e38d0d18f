"""The reader of tables: what a file is, how it is written, and what is refused with its place."""

import gzip
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_tables import BASIC, rows, text

from heatpump_twin.harness.data.headers import split_header
from heatpump_twin.harness.data.tables import TableFormat, read_table
from heatpump_twin.model.errors import InputError

TABLE = "No.,T,P\n1,20.5,2\n2,21.5,3\n"


def written(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(folder: Path, sheets: dict[str, list[list[object]]], name: str = "book.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, cells in sheets.items():
        sheet = book.create_sheet(title)
        for row in cells:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


SHEET = [["No.", "T", "P"], [1, 20.5, 2], [2, 21.5, 3]]


def test_rows_keep_their_numbers_in_the_file(tmp_path: Path) -> None:
    content = (
        '# logger\n\n"No.","T\n[°C]",P\n1,20.5,2\n\n# restarted\n2,21.5,3\nNo.,"T\n[°C]",P\n3,1,2\n'
    )
    table = read_table(written(tmp_path, content))
    assert list(table.cells.index) == [5, 8, 11]
    assert list(table.cells.columns) == ["No.", "T [°C]", "P"]
    assert table.titles == ("# logger",)
    assert table.format.header_row == 3


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-8"])
def test_encodings_without_a_mark(tmp_path: Path, encoding: str) -> None:
    content = "Nr.;Rücklauf [°C];Wärme\n1;20,5;2\n2;21,5;3\n"
    table = read_table(written(tmp_path, content.encode(encoding)))
    assert list(table.cells.columns) == ["Nr.", "Rücklauf [°C]", "Wärme"]
    assert table.decimals() == ","


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    excel = workbook(tmp_path, {"A": SHEET}).rename(tmp_path / "data.csv")
    assert read_table(excel).kind == "Excel"
    pd.DataFrame({"T": [1.0], "P": [2.0]}).to_parquet(tmp_path / "p.xlsx")
    assert read_table(tmp_path / "p.xlsx").kind == "Parquet"
    assert read_table(written(tmp_path, TABLE, "t.parquet")).kind == "text"


def _archive(folder: Path, name: str) -> bytes:
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr(name, TABLE)
    return (folder / "archive.zip").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "before 2007"),
        (b"%PDF-1.7\n", "is a PDF"),
        (gzip.compress(TABLE.encode(), mtime=0), "compressed .gzip."),
        (b"<html><body><table><tr><td>1</td></tr></table>", "web page"),
        (b'{"T": [1, 2]}', "JSON"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (b"a,b\n1,\0\0\0\x01\x02", "is no text"),
        (b"PK\x03\x04 cut off", "cut off or broken"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
        (b"T,P\n", "has no records"),
        (b"1,2\n3,4\n", "no row names the columns"),
        (b"T;P\n1;2;3\n", "line 2 has 3 cells, the header 2"),
        (b"T;P;Q\n1;2\n", "line 2 has 2 cells, the header 3"),
        (b"T,P\n20,5,1,5\n", "line 2 has 4 cells.*decimal commas cannot be told"),
        (b'T,P\n1,"2\n3,4\n', "line 2: unexpected end of data"),
        (b"T~P\n1~2\n", "a single column, 'T~P'.*delimiter in .table_format."),
    ],
)
def test_other_files_and_broken_ones(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"data\.csv: .*{message}"):
        read_table(written(tmp_path, content))


def test_other_archives(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"compressed .zip.; unpack"):
        read_table(written(tmp_path, _archive(tmp_path, "data.csv")))
    with pytest.raises(InputError, match=r"cannot be read as an Excel workbook"):
        read_table(written(tmp_path, _archive(tmp_path, "xl/workbook.xml")))
    # Made by a version of zip that is still to come.
    content = bytearray(_archive(tmp_path, "xl/workbook.xml"))
    content[content.index(b"PK\x01\x02") + 6] = 99
    with pytest.raises(InputError, match=r"cut off or broken"):
        read_table(written(tmp_path, bytes(content)))
    with pytest.raises(InputError, match=r"no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"is a folder"):
        read_table(tmp_path)


def test_what_is_said_counts(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "T~P\n1~2\n"), TableFormat(delimiter="~"))
    assert list(table.cells.columns) == ["T", "P"]
    lines = "a,b\nfirst,second\nT,P\n1,2\n"
    path = written(tmp_path, lines)
    assert list(read_table(path).cells.columns) == ["T", "P"]
    table = read_table(path, TableFormat(header_row=2, unit_row=3))
    assert table.units == {"first": "T", "second": "P"}
    with pytest.raises(InputError, match=r"header_row = 9 holds nothing"):
        read_table(path, TableFormat(header_row=9))
    with pytest.raises(InputError, match=r"line 3|a single column.*looks separated by commas"):
        read_table(path, TableFormat(delimiter=";"))
    with pytest.raises(InputError, match=r"cannot be read as text in nonsense.*encoding = "):
        read_table(path, TableFormat(encoding="nonsense"))
    with pytest.raises(InputError, match=r"cannot be read as text in ascii"):
        read_table(written(tmp_path, "Ö,P\n1,2\n"), TableFormat(encoding="ascii"))


def test_sheets(tmp_path: Path) -> None:
    two = workbook(tmp_path, {"Winter": SHEET, "Info": [["made by hand"]], "Summer": SHEET})
    with pytest.raises(
        InputError, match=r"tables on 2 sheets: 'Winter', 'Summer'.*sheet = 'Winter'"
    ):
        read_table(two)
    assert read_table(two, TableFormat(sheet="Summer")).format.sheet == "Summer"
    with pytest.raises(InputError, match=r"no sheet 'Spring'; it has 'Winter', 'Info', 'Summer'"):
        read_table(two, TableFormat(sheet="Spring"))
    with pytest.raises(InputError, match=r"sheet 'A': is empty"):
        read_table(workbook(tmp_path, {"A": []}))
    with pytest.raises(InputError, match=r"sheet 'A': has no records"):
        read_table(workbook(tmp_path, {"A": SHEET[:1]}))


def test_formulas(tmp_path: Path) -> None:
    # A table need not begin in the first column.
    aside = workbook(tmp_path, {"A": [[None, *row] for row in [*SHEET, [3, "=C2+1", 4]]]})
    with pytest.raises(InputError, match=r"sheet 'A', cell C4: a formula whose value is"):
        read_table(aside)
    path = workbook(tmp_path, {"A": [*SHEET, [3, "=B2+1", 4]]})
    with pytest.raises(InputError, match=r"sheet 'A', cell B4: a formula whose value is"):
        read_table(path)
    # As Excel saves it, with the value beside the formula.
    cells = read_table(_stored(path, b"<v>21.5</v>")).cells
    assert cells["T"].tolist() == [20.5, 21.5, 21.5]
    # What could not be worked out, and an empty text, are no reading, as if they were typed.
    for value, kind in ((b"<v>#DIV/0!</v>", b' t="e"'), (b"<v></v>", b' t="str"')):
        cells = read_table(_stored(path, value, kind)).cells
        assert cells["T"].tolist()[:2] == [20.5, 21.5]
        assert pd.isna(cells["T"].iloc[2])


def _stored(path: Path, value: bytes, kind: bytes = b"") -> Path:
    """Put a value beside the formula of a workbook, as Excel does."""
    stored = path.with_name("stored.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stored, "w") as new:
        for item in old.namelist():
            content = old.read(item)
            for empty in (b"<v></v>", b"<v />", b"<v/>"):
                content = content.replace(empty, value)
            new.writestr(item, content.replace(b'r="B4"', b'r="B4"' + kind))
    return stored


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    sheets = {"A": [*SHEET, [3, "=B2+1", 4]], "B": [["made by hand"]]}
    return workbook(tmp_path_factory.mktemp("whole"), sheets).read_bytes()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path: Path, whole: bytes, drawn: st.DataObject
) -> None:
    content = bytearray(whole)
    for _ in range(drawn.draw(st.integers(1, 6))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    damaged = written(tmp_path, bytes(content), "damaged.xlsx")
    with suppress(InputError):
        read_table(damaged)


def test_equal_and_missing_names(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "T,T,,P,\n1,2,3,4,\n"))
    assert list(table.cells.columns) == ["T (1)", "T (2)", "column 3", "P"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
@pytest.mark.parametrize("decimal", [".", ","])
def test_separators_with_both_decimals(tmp_path: Path, delimiter: str, decimal: str) -> None:
    table = read_table(written(tmp_path, text(rows(BASIC, "German", decimal), delimiter)))
    assert (table.format.delimiter, table.decimals()) == (delimiter, decimal)
    assert table.cells.shape == (24, 9)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("T_VL [°C]", "T_VL", "°C"),
        ("Leistung in kW", "Leistung", "kW"),
        ("Volumenstrom Sole in kg/s", "Volumenstrom Sole", "kg/s"),
        ("Brine in °C", "Brine in", "°C"),
        ("Vorlauf (°C)", "Vorlauf", "°C"),
        ("p / bar", "p", "bar"),
        ("HD [bar(g)]", "HD", "bar(g)"),
        ("p [bar] (abs)", "p", "barabs"),
        ("T_source_in_degC", "T_source_in", "degC"),
        ("m_flow_source_kg_per_min", "m_flow_source", "kg/min"),
        ("gpm_source", "source", "gpm"),
        ("Energie [kWh]", "Energie", "kWh"),
        ("heat (sink)", "heat (sink)", None),
        ("T_in", "T_in", None),
        ("COP", "COP", None),
    ],
)
def test_units_in_headers(header: str, name: str, unit: str | None) -> None:
    assert split_header(header) == (name, unit)
