"""Numbers as people write them are read as what they mean, or refused by row and key."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heatpump_twin.harness.data.numerals import is_missing, numeral, read_numbers
from heatpump_twin.machine_files.unit_names import known_unit
from heatpump_twin.model.errors import InputError

GROUPS = ("", ".", ",", " ", "'", "\u00a0", "\u2009", "\u202f", "’")  # noqa: RUF001


def line(number: int) -> str:
    return f"line {number}"


def read(cells: list[object], **more: object) -> list[float]:
    dtype = "str" if all(isinstance(c, str) for c in cells) else object
    column = pd.Series(cells, index=range(2, len(cells) + 2), dtype=dtype)
    return read_numbers(column, "column 'P'", line, **more).values.tolist()


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[float], list[str]]:
    """Numbers, and how somebody writes them: one decimal sign, one for groups, some with units."""
    decimal = draw(st.sampled_from(".,"))
    group = draw(st.sampled_from([g for g in GROUPS if g != decimal]))
    decimals = draw(st.integers(0, 5))
    unit = draw(st.sampled_from(["", " kW", "kW", " °C", " bar(g)", " %"]))
    minus = draw(st.sampled_from("-−"))  # noqa: RUF001
    integers = draw(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=8))
    numbers = [n / 10**decimals for n in integers]
    texts = []
    for number in numbers:
        text = f"{abs(number):,.{decimals}f}".replace(",", "~").replace(".", decimal)
        texts.append((minus if number < 0 else "") + text.replace("~", group) + unit)
    return numbers, texts


@settings(max_examples=300, deadline=None)
@given(columns())
def test_what_is_written_is_read_or_refused_as_ambiguous(
    written: tuple[list[float], list[str]],
) -> None:
    numbers, texts = written
    marks = [text for text in texts if "." in text or "," in text]
    if marks and all(numeral(text).decimal == "?" for text in marks):
        # Every cell with a mark may be read in two ways.
        with pytest.raises(InputError, match="no other cell tells which"):
            read(texts, missing=())
        assert any(read(texts, missing=(), decimal=d) == pytest.approx(numbers) for d in ".,")
    else:
        assert read(texts, missing=()) == pytest.approx(numbers, rel=1e-12)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.,' -+eE°CkW%/#", max_size=12))
def test_any_cell_is_read_or_refused_by_its_row(text: str) -> None:
    found = numeral(text)
    is_number = found is not None and (not found.unit or known_unit(found.unit) is not None)
    is_told = is_number and found.decimal != "?" and np.isfinite(found.value(found.decimal or "."))
    if is_missing(text) or is_told:
        assert np.isfinite(read([text])[0]) != is_missing(text)
    else:
        with pytest.raises(InputError, match="column 'P', line 2: "):
            read([text])


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,5", "2,0"], [1234.5, 2.0]),
        (["1,234.5", "2.0"], [1234.5, 2.0]),
        (["1 234,5", "12 345,25"], [1234.5, 12345.25]),
        (["1'234.5", "999"], [1234.5, 999.0]),
        (["1.234", "0,5"], [1234.0, 0.5]),  # the other cell tells
        (["1.234", "12.5"], [1.234, 12.5]),
        (["1.234.567", "1.234"], [1234567.0, 1234.0]),
        (["0,123", "1,234"], [0.123, 1.234]),  # nobody groups a leading zero
        (["1234,567", "1,234"], [1234.567, 1.234]),
        (["1e3", "1,5E-2"], [1000.0, 0.015]),
        (["12,5 °C", "13 °C", "-"], [12.5, 13.0, np.nan]),
        (["5.", ".5", "+3"], [5.0, 0.5, 3.0]),
        (["–5,5", "−1", "–"], [-5.5, -1.0, np.nan]),  # noqa: RUF001
        (["21,5", "n/a", "NaN", "#NV", "", "---", "k. A."], [21.5, *[np.nan] * 6]),
        (["21.5", "22", "9999"], [21.5, 22.0, np.nan]),
        (["21.5", "-999", "20"], [21.5, np.nan, 20.0]),
        (["8500", "9999", "7200"], [8500.0, 9999.0, 7200.0]),  # a reading among its like
        ([1.5, "2,5", None], [1.5, 2.5, np.nan]),
    ],
)
def test_columns(cells: list[object], values: list[float]) -> None:
    assert read(cells) == pytest.approx(values, nan_ok=True)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1,234", "2,345"], r"line 2: '1,234' may be 1234 or 1.234.* say decimal = '.' or dec"),
        (["1.234"], r"line 2: '1.234' may be 1234 or 1.234"),
        (["1,5", "2.5"], r"a point in line 3 \('2.5'\) and by a comma in line 2 \('1,5'\)"),
        (["1", "much"], r"line 3: 'much' where a number was expected"),
        (["1", "2..3"], r"line 3: '2..3' where"),
        (["1", "1,23,4"], r"line 3: '1,23,4' where"),
        (["12 kW", "13 W"], r"line 3: '13 W', while others are in kW, such as '12 kW'"),
        (["12 apples"], r"line 2: '12 apples' where"),
        (["01.02.2024"], r"line 2: '01.02.2024' where"),
        ([1.0, float("inf")], r"line 3: expected a finite number"),
    ],
)
def test_what_is_refused(cells: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(cells)


def test_what_the_descriptor_says_counts() -> None:
    assert read(["1,234"], decimal=",") == [1.234]
    assert read(["1,234"], decimal=".") == [1234.0]
    assert read(["1,234"], of_table=lambda: ",") == [1.234]
    with pytest.raises(InputError, match=r"line 2: '1,5' where decimals are separated by '\.'"):
        read(["1,5"], decimal=".")
    assert read(["21", "9999"], missing=()) == [21.0, 9999.0]
    assert read(["21", "7", "off"], missing=(7.0, "off")) == pytest.approx(
        [21.0, np.nan, np.nan], nan_ok=True
    )


@pytest.mark.parametrize("count", [3, 3000])
def test_many_cells_read_as_few(count: int) -> None:
    cells = ["1.234", "-5", "9999", "2,5E1", "k. A.", "12,5"] * count
    read_all = read(cells, missing=("9999",))
    assert read_all == pytest.approx(
        [1234.0, -5.0, np.nan, 25.0, np.nan, 12.5] * count, nan_ok=True
    )
    # What tells the decimal sign may stand at the end.
    late = [*["1,234"] * 60_000, "0,5"]
    assert read(late)[0] == 1.234
    with pytest.raises(InputError, match=r"by a point in line 60003 .* by a comma in line 60002"):
        read([*late, "0.5"])
    with pytest.raises(InputError, match="line 60003: expected a finite number"):
        read([*late, "1e999"])
