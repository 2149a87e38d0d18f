"""Logs: time in each form, what is held and interpolated, and each fault one clear message."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from series_logs import COLUMNS, made_rows, recorded_data, write_log

from heatpump_twin.harness.data import tables
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.resampling import Signal
from heatpump_twin.harness.data.series import load_series
from heatpump_twin.harness.data.text_table import cut
from heatpump_twin.model.errors import InputError

ON_CHANGE = 'writes = "on_change"'


def test_rows_are_taken_as_they_are(tmp_path: Path) -> None:
    series = load_series(str(write_log(tmp_path, made_rows())))
    assert len(series) == 24
    assert series.segments == ((0, 24),)
    assert not series.is_mean
    assert set(series.step) == {10.0}
    assert series.values["T_source_in"].to_numpy() == pytest.approx(283.15)
    assert series.values["P_el"][0] == pytest.approx(20.0)
    assert series.runs.sum() == 12
    assert series.scored == ("P_el", "T_sink_out")
    assert series.uncertainty("P_el")[0] == pytest.approx(0.4)


def test_a_log_is_no_data_set_of_points_and_the_other_way_round(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="heatpump-twin plateaus finds the steady ones"):
        load_dataset(str(write_log(tmp_path, made_rows())))
    with pytest.raises(InputError, match=r"of points and not of a log; a log has a table \[time\]"):
        load_series("mci_lab")


def with_times(times: list[str]) -> list[list[str]]:
    return [[time, *row[1:]] for time, row in zip(times, made_rows(len(times)), strict=True)]


def clock(hour: int, minute: int) -> str:
    return f"2024-10-27 {hour:02}:{minute:02}:00"


# Clocks went back at 03:00 on that day, so the hour from 02:00 came twice.
AUTUMN = [clock(h, m) for h in (1, 2, 2, 3) for m in range(0, 60, 10)]


def test_the_hour_that_comes_twice_is_told_by_the_order_of_rows(tmp_path: Path) -> None:
    text = 'kind = "local"\nzone = "Europe/Berlin"'
    series = load_series(str(write_log(tmp_path, with_times(AUTUMN), time=text)))
    assert np.diff(series.time) == pytest.approx(600.0)
    # 01:00 in summer time is 23:00 UTC of the day before.
    assert series.time[0] == pytest.approx(1729983600.0)


def test_the_same_hour_read_as_utc_goes_backwards(tmp_path: Path) -> None:
    rows = with_times([t.replace(" ", "T") + "+01:00" for t in AUTUMN])
    with pytest.raises(InputError, match=r"line 14: .* lies 3000 s before .* did clocks go back"):
        load_series(str(write_log(tmp_path, rows, time='kind = "iso"')))


def test_an_hour_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    rows = with_times([f"2024-03-31 0{h}:{m}:00" for h in (1, 2, 3) for m in (10, 20, 30)] * 2)
    text = 'kind = "local"\nzone = "Europe/Berlin"'
    with pytest.raises(InputError, match=r"line 5: .*02:10:00' does not exist in Europe/Berlin"):
        load_series(str(write_log(tmp_path, rows, time=text)))


def test_offsets_from_utc_are_read(tmp_path: Path) -> None:
    rows = with_times([f"2024-10-27T0{h}:00:00{z}" for h, z in ((2, "+02:00"), (2, "+01:00"))])
    rows = [*rows, *with_times(["2024-10-27T02:00:00Z"] * 7)[6:]]
    series = load_series(str(write_log(tmp_path, rows, time='kind = "iso"\nlongest_gap = 7200')))
    assert np.diff(series.time) == pytest.approx([3600.0, 3600.0])


@pytest.mark.parametrize(
    ("time", "cell", "expected"),
    [
        ('kind = "iso"', "2024-10-27T02:00:00", "ISO 8601 with an offset from UTC"),
        ('kind = "iso"', "yesterday", "line 3: 'yesterday' where a time was expected"),
        ('kind = "elapsed"', "10:30", "line 3: '10:30' where a time was expected: a number of s"),
        ('kind = "local"\nzone = "Mars/Olympus"', "", "unknown time zone 'Mars/Olympus'"),
        ('kind = "local"', "", "zone, such as"),
    ],
)
def test_a_time_that_cannot_be_read_is_named(
    tmp_path: Path, time: str, cell: str, expected: str
) -> None:
    first = "0" if "elapsed" in time else "2024-10-27T02:00:00Z"
    with pytest.raises(InputError, match=expected):
        load_series(str(write_log(tmp_path, with_times([first, cell or first]), time=time)))


def test_minutes_and_other_units_of_time(tmp_path: Path) -> None:
    rows = with_times([str(i) for i in range(12)])
    series = load_series(str(write_log(tmp_path, rows, time='kind = "elapsed"\nunit = "min"')))
    assert set(series.step) == {60.0}


def test_means_of_held_and_of_straight_signals() -> None:
    time, value = np.array([0.0, 4.0, 10.0]), np.array([1.0, 3.0, 3.0])
    held = Signal.held(time, value, time, 100.0)
    # 4 s at 1, then 6 s at 3: 0 to 5 is (4 + 3) / 5.
    assert held.means(np.array([0.0, 5.0, 10.0])) == pytest.approx([7.0 / 5.0, 3.0])
    straight = Signal.straight(time, value, 100.0)
    # The ramp from 1 to 3 over 4 s has area 8, then 1 s at 3.
    assert straight.means(np.array([0.0, 5.0, 10.0])) == pytest.approx([11.0 / 5.0, 3.0])
    assert straight.samples(np.array([2.0, 4.0])) == pytest.approx([2.0, 3.0])
    assert held.samples(np.array([2.0, 4.0])) == pytest.approx([1.0, 3.0])


def test_nothing_is_known_over_a_gap() -> None:
    time = np.array([0.0, 1.0, 2.0, 50.0, 51.0, 52.0])
    for signal in (
        Signal.straight(time, np.ones(6), 10.0),
        Signal.held(time, np.ones(6), time, 10.0),
    ):
        means = signal.means(np.array([0.0, 1.0, 2.0, 3.0, 49.0, 50.0, 51.0]))
        assert np.isnan(means).tolist() == [False, False, True, True, True, False]


def test_even_steps_are_reported(tmp_path: Path) -> None:
    series = load_series(str(write_log(tmp_path, made_rows())), step=60.0)
    assert len(series) == 3
    assert series.is_mean
    assert set(series.step) == {60.0}
    power = next(r for r in series.resampled if r.name == "P_el")
    assert (power.between, power.over, power.readings, power.steps, power.missing) == (
        "straight",
        "mean",
        24,
        3,
        0,
    )
    # The compressor starts with the row at 60 s, the begin of the second step.
    assert series.states["compressor"].tolist() == pytest.approx([0.0, 1.0, 1.0])
    sampled = load_series(str(tmp_path), step=60.0, kind="sample")
    assert sampled.values["P_el"].iloc[0] == pytest.approx(1520.0)


def test_a_gap_divides_the_log(tmp_path: Path) -> None:
    rows = made_rows(48)
    for row in rows[24:]:
        row[0] = f"{float(row[0]) + 1000:g}"
    series = load_series(str(write_log(tmp_path, rows)))
    assert series.segments == ((0, 24), (24, 48))
    assert series.step[24] == 10.0
    assert any("gaps divide the log into 2 parts" in note for note in series.notes)
    even = load_series(str(tmp_path), step=20.0)
    assert [b - a for a, b in even.segments] == [11, 11]
    assert even.values["P_el"].isna().sum() == len(even) - 22


def test_irregular_rows_are_steps_of_their_own_length(tmp_path: Path) -> None:
    rows = made_rows()
    for i, row in enumerate(rows):
        row[0] = f"{i * 10 + (i % 3):g}"
    series = load_series(str(write_log(tmp_path, rows)))
    assert sorted(set(series.step.round(6))) == [8.0, 11.0]
    assert any("8 to 11 s apart" in note for note in series.notes)


def thinned(rows: list[list[str]]) -> list[list[str]]:
    """Rows in which a cell that says the same as before is empty."""
    seen: dict[int, str] = {}
    result = []
    for row in rows:
        written = [row[0]]
        for i, cell in enumerate(row[1:], start=1):
            written.append("" if seen.get(i) == cell else cell)
            seen[i] = cell
        result.append(written)
    return result


def test_a_log_that_writes_on_change_reads_as_the_full_one(tmp_path: Path) -> None:
    parts = dict.fromkeys(("state", "T_source", "T_supply", "P"), ON_CHANGE)
    path = write_log(tmp_path, thinned(made_rows()), unit=f'degC"\n{ON_CHANGE}#', **parts)
    descriptor = (path / "descriptor.toml").read_text(encoding="utf-8")
    (path / "descriptor.toml").write_text(descriptor.replace('#"', ""), encoding="utf-8")
    held = load_series(str(path), kind="sample")
    full = load_series(str(write_log(tmp_path / "full", made_rows())))
    assert held.values["P_el"].to_numpy() == pytest.approx(full.values["P_el"][1:].to_numpy())
    assert any("brought to even steps of 10 s" in note for note in held.notes)


def test_undeclared_it_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"'T_source', line 3: is empty, .* writes a value only when it changes"
    ):
        load_series(str(write_log(tmp_path, thinned(made_rows()))))


def test_texts_are_states_and_numbers(tmp_path: Path) -> None:
    rows = made_rows()
    for row in rows:
        row[1] = {"on": "Betrieb", "off": "Aus"}[row[1]]
        row[5] = row[5].replace("0.02", "standby")
    text = 'on = ["betrieb"]\noff = ["aus"]'
    series = load_series(
        str(write_log(tmp_path, rows, state=text, P='numbers = { "Standby" = 0.02 }'))
    )
    assert series.runs.sum() == 12
    assert series.values["P_el"][0] == pytest.approx(20.0)
    rows[3][1] = "Stoerung"
    with pytest.raises(InputError, match="line 5: 'Stoerung' is neither on"):
        load_series(str(write_log(tmp_path, rows, state=text, P='numbers = { "standby" = 0.02 }')))


@pytest.mark.parametrize(
    ("change", "parts", "expected"),
    [
        (
            lambda r: r[5].__setitem__(0, "35"),
            {},
            r"line 7: 35 s lies 5 s before .* 40 s; expected",
        ),
        (
            lambda r: r.__setitem__(9, ["80", *r[9][1:]]),
            {},
            "line 11: has the time of the row abov",
        ),
        (lambda r: [row.__setitem__(4, "39.9") for row in r], {}, "the sensor does not read"),
        (lambda r: None, {"unit": "K"}, r"35 K is outside physics; .* is it in degC\?"),
        (
            lambda r: [row.__setitem__(3, "308.2") for row in r],
            {},
            r"308.2 degC is outside physics; .* is it in K\?",
        ),
        (lambda r: r[4].__setitem__(2, "0"), {}, "line 6: 0 between readings of about 10 degC"),
        (
            lambda r: [row.__setitem__(1, {"on": "off", "off": "on"}[row[1]]) for row in r],
            {},
            "are on and off turned round",
        ),
        (
            lambda r: [row.__setitem__(1, "off") for row in r[9:18]],
            {},
            "contradicts the electric power in 3. % of the time",
        ),
        (lambda r: [row.__setitem__(1, "off") for row in r], {}, "the compressor runs in no step"),
        (
            lambda r: r[4].__setitem__(5, "1,5"),
            {},
            r"line 6 has 7 cells, the header 6; decimal commas cannot",
        ),
        (lambda r: r[4].__setitem__(5, "high"), {}, "line 6: 'high' where a number was expected"),
        (lambda r: r[4].__setitem__(5, ""), {}, "line 6: is empty"),
        (
            lambda r: r[-1].__delitem__(slice(3, 6)),
            {},
            "line 25 has 3 cells, the header 6, and is the last: it was cut off",
        ),
        (lambda r: r.__delitem__(slice(1, None)), {}, "has 1 row; a log needs two"),
        (lambda r: r.__delitem__(slice(0, None)), {}, "has no records below its header"),
        (
            lambda r: None,
            {"more": "[window]\nbegin = 5000"},
            "holds no row; the log goes from 0 s to 230 s",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_message(tmp_path: Path, change, parts, expected: str) -> None:
    rows = made_rows()
    change(rows)
    with pytest.raises(InputError, match=expected) as caught:
        load_series(str(write_log(tmp_path, rows, **parts)))
    assert len(str(caught.value).splitlines()) <= 2


def test_a_log_shorter_than_a_step_is_refused(tmp_path: Path) -> None:
    path = str(write_log(tmp_path, made_rows()))
    with pytest.raises(InputError, match="lasts 230 s, which is shorter than one step of 3600 s"):
        load_series(path, step=3600.0)


def test_a_speed_says_itself_when_the_compressor_runs(tmp_path: Path) -> None:
    path = write_log(tmp_path, made_rows())
    table = (path / "log.csv").read_text(encoding="utf-8")
    (path / "log.csv").write_text(table.replace(",on,", ",2400,").replace(",off,", ",0,"), "utf-8")
    descriptor = (path / "descriptor.toml").read_text(encoding="utf-8")
    descriptor = descriptor.replace(
        '[states.compressor]\ncolumn = "compressor"',
        '[columns.compressor]\nquantity = "compressor_speed"\nunit = "rpm"\nrated_speed = 3000\n'
        "uncertainty = 10",
    ).replace('[constants.compressor_speed]\nvalue = 1\nunit = "1"\nuncertainty = 0.05', "")
    (path / "descriptor.toml").write_text(descriptor, encoding="utf-8")
    series = load_series(str(path))
    assert series.runs.sum() == 12
    assert set(series.values["compressor_speed"]) == {0.0, 0.8}
    # From 60 s on, so for 30 s of the step from 45 s to 90 s; while it runs, it runs at 0.8.
    means = load_series(str(path), step=45.0)
    assert means.states["compressor"].tolist() == pytest.approx([0.0, 2 / 3, 1.0, 1.0, 0.0])
    assert means.values["compressor_speed"][1] == pytest.approx(0.8)


def test_what_programs_write_for_nothing_is_an_empty_cell(tmp_path: Path) -> None:
    rows = made_rows()
    rows[3][5], rows[4][5], rows[5][5] = "NaN", "n/a", "-"
    with pytest.raises(InputError, match="line 5: is empty"):
        load_series(str(write_log(tmp_path, rows)))
    series = load_series(str(write_log(tmp_path, rows, P="gaps = true")), kind="sample")
    assert np.isfinite(series.values["P_el"]).all()


def test_zeros_that_were_not_read_are_taken_out(tmp_path: Path) -> None:
    rows = made_rows()
    rows[4][2] = rows[9][2] = "0.0"
    series = load_series(str(write_log(tmp_path, rows, T_source="not_read = [0]")), kind="sample")
    assert series.values["T_source_in"].to_numpy() == pytest.approx(283.15)
    assert any("2 zeros far from their neighbours" in note for note in series.notes)


def test_a_temperature_that_passes_through_zero_is_left_alone(tmp_path: Path) -> None:
    rows = made_rows()
    for i, row in enumerate(rows):
        row[2] = f"{1.0 - 0.1 * i:.1f}"
    series = load_series(str(write_log(tmp_path, rows)))
    assert series.values["T_source_in"][10] == pytest.approx(273.15)


def test_rows_of_the_same_time_are_joined_if_they_agree(tmp_path: Path) -> None:
    rows = made_rows()
    rows.insert(5, list(rows[4]))
    series = load_series(str(write_log(tmp_path, rows)))
    assert len(series) == 24
    assert any("1 rows have the time of the row above" in note for note in series.notes)
    rows[5][5] = "1.23"
    text = 'kind = "elapsed"\nduplicates = "last"'
    assert load_series(str(write_log(tmp_path, rows, time=text))).values["P_el"][4] == 1230.0


def test_two_logs_that_overlap_are_refused_or_cut(tmp_path: Path) -> None:
    rows = made_rows(48)
    tables = {"a.csv": rows[:30], "b.csv": rows[20:]}
    with pytest.raises(InputError, match=r"a\.csv and b\.csv overlap from 200 s to 290 s"):
        load_series(str(write_log(tmp_path, [], tables=tables)))
    for kept in ("first", "last"):
        path = write_log(tmp_path, [], tables=tables, text=f'overlap = "{kept}"')
        series = load_series(str(path))
        assert len(series) == 48
        assert any(f"overlap from 200 s to 290 s; the {kept} counts" in n for n in series.notes)
    apart = write_log(tmp_path, [], tables={"a.csv": rows[:24], "b.csv": rows[24:]})
    assert len(load_series(str(apart))) == 48


def test_a_window_cuts_the_log(tmp_path: Path) -> None:
    path = write_log(tmp_path, made_rows(), more="[window]\nbegin = 50\nend = 200")
    series = load_series(str(path))
    assert (series.time[0], series.time[-1]) == (50.0, 190.0)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("[derived.Q_flow_source]\nmedium = 'INCOMP::Water'", "follows from T_source_out"),
        ("[thresholds.on]\nP_el = { mape = 3 }", "thresholds.on.P_el.mape: is not a known key"),
        ("[states.fan]\ncolumn = 'P'", "states.fan"),
        ("[registered.'x.csv']\nsha256 = 'abc'\nlicence = 'MIT'", "expected to match"),
    ],
)
def test_a_wrong_descriptor_is_named(tmp_path: Path, more: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_series(str(write_log(tmp_path, made_rows(), more=more)))


def test_heat_follows_from_flow_and_temperatures(tmp_path: Path) -> None:
    more = "[derived.Q_flow_sink]\nmedium = 'INCOMP::Water'\noffset = -0.5"
    series = load_series(str(write_log(tmp_path, made_rows(), more=more)))
    on = int(np.flatnonzero(series.runs)[0])
    # 0.27 kg/s of water, 5.0 K warmer, 0.5 K of them the sensors' own: 0.27 x 4178 x 4.5.
    assert series.values["Q_flow_sink"][on] == pytest.approx(0.27 * 4178.0 * 4.5, rel=2e-3)
    # The flow was assumed.
    assert "Q_flow_sink" not in series.scored


def test_the_house_with_two_logs_that_overlap() -> None:
    recorded_data()
    series = load_series("altherma_house_log")
    assert any("overlap from 2024-10-10T00:00:30+00:00" in note for note in series.notes)
    assert any("zeros far from their neighbours" in note for note in series.notes)
    hours = series.step.sum() / 3600.0
    assert hours == pytest.approx(53.4, abs=0.1)
    defrosts = np.flatnonzero(np.diff((series.states["defrost"] > 0.5).astype(int)) == 1)
    assert len(defrosts) == 3
    assert series.values["T_source_in"].min() > 273.15


LOCAL = 'kind = "local"\nzone = "Europe/Berlin"'
BEGIN = datetime.datetime(2024, 3, 1, 12)


def local_rows() -> list[list[str]]:
    """Rows at 10 s from noon on, in words and numbers of Germans, times as ISO 8601."""
    return [
        [(BEGIN + datetime.timedelta(seconds=10 * i)).isoformat(sep=" "), *row[1:]]
        for i, row in enumerate(made_rows())
    ]


def in_german(rows: list[list[str]]) -> list[str]:
    """Lines of them as a controller in Germany writes them, with titles, units and a footer."""
    lines = ["Wärmepumpe Süd;;;;;", "time;compressor;T_source;T_return;T_supply;P"]
    lines.append("[s];[-];[°C];[°C];[°C];[kW]")
    for time, state, *numbers in rows:
        stamp = datetime.datetime.fromisoformat(time).strftime("%d.%m.%Y %H:%M:%S")
        word = {"on": "Betrieb", "off": "Aus"}[state]
        lines.append(";".join([stamp, word, *(n.replace(".", ",") for n in numbers)]))
    return [*lines, "Mittelwert;;10,0;35,0;38;1"]


def test_a_log_reads_the_same_in_each_kind_of_file(tmp_path: Path) -> None:
    rows = local_rows()
    plain = load_series(str(write_log(tmp_path / "plain", rows, time=LOCAL)))
    # Noon in Berlin is 11:00 UTC in March.
    assert plain.time[0] == pytest.approx(1709290800.0)
    folders = [
        write_log(tmp_path / kind, rows, time=LOCAL)
        for kind in ("cp1252", "utf-16", "excel", "parquet", "texts in excel")
    ]
    text = "\r\n".join(in_german(rows))
    (folders[0] / "log.csv").write_bytes(text.encode("cp1252"))
    (folders[1] / "log.csv").write_bytes(text.encode("utf-16"))
    frame = pd.read_csv(tmp_path / "plain" / "log.csv", parse_dates=["time"])
    with (folders[2] / "log.csv").open("wb") as file:
        frame.to_excel(file, index=False, engine="openpyxl")
    frame["compressor"] = frame["compressor"] == "on"
    frame.to_parquet(folders[3] / "log.csv")
    cells = [line.split(";") for line in in_german(rows)]
    with (folders[4] / "log.csv").open("wb") as file:
        pd.DataFrame(cells).to_excel(file, index=False, header=False, engine="openpyxl")
    for folder in folders:
        series = load_series(str(folder))
        assert series.fingerprint == plain.fingerprint, folder.name
        # A pattern is that of texts; dates of a workbook or Parquet are dates.
        descriptor = (folder / "descriptor.toml").read_text(encoding="utf-8")
        pattern = 'pattern = "%d.%m.%Y %H:%M:%S"\nzone'
        (folder / "descriptor.toml").write_text(descriptor.replace("zone", pattern), "utf-8")
        assert load_series(str(folder)).fingerprint == plain.fingerprint, folder.name


def test_messages_name_the_line_of_a_german_log(tmp_path: Path) -> None:
    path = write_log(tmp_path, local_rows(), time=LOCAL)
    lines = in_german(local_rows())[:-1]
    for change, expected in (
        (("40,1", "kaputt"), "'T_supply', line 11: 'kaputt' where a number was expected"),
        (("40,1", "40.1"), "by a point in line 11 .'40.1'. and by a comma in line 4 .'35,5'."),
        (("12:01:10", "25:01:10"), "line 11: '01.03.2024 25:01:10' where a time was expected"),
        (("Betrieb;10,0;35,0;40,1", "Abtauen;10,0;35,0;40,1"), "line 11: 'Abtauen' is neither"),
        (("40,1", "9999"), "9999 lies far from all other readings.*add not_read = .9999."),
    ):
        written = "\n".join([*lines[:10], lines[10].replace(*change), *lines[11:]])
        (path / "log.csv").write_bytes(written.encode("cp1252"))
        with pytest.raises(InputError, match=expected):
            load_series(str(path))


def test_what_the_descriptor_says_of_the_table_counts(tmp_path: Path) -> None:
    rows = [[*row[:4], row[4].replace(".", ",") + "00", row[5]] for row in made_rows()]
    path = write_log(tmp_path, rows, more='[table_format]\ndelimiter = "~"\nmissing = ["weg"]')
    lines = ["~".join(row) for row in [COLUMNS, *rows]]
    (path / "log.csv").write_text("\n".join(lines), encoding="utf-8")
    descriptor = (path / "descriptor.toml").read_text(encoding="utf-8")
    # 40,100 may be forty, and each column has a decimal sign of its own.
    descriptor = descriptor.replace("[columns.T_supply]", '[columns.T_supply]\ndecimal = ","')
    (path / "descriptor.toml").write_text(descriptor, encoding="utf-8")
    assert load_series(str(path)).values["T_sink_out"][6] == pytest.approx(273.15 + 40.0)
    (path / "log.csv").write_text("\n".join(lines).replace("1.50", "weg"), encoding="utf-8")
    with pytest.raises(InputError, match="column 'P', line 10: is empty"):
        load_series(str(path))


def test_blocks_of_a_large_log_read_as_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made_rows(96)
    path = write_log(tmp_path, rows)
    whole = load_series(str(path)).fingerprint
    table = path / "log.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    monkeypatch.setattr(tables, "CHUNK", 20)
    assert load_series(str(path)).fingerprint == whole
    assert cut(lines[1:21], ",", 6, {"time"}) is not None
    # Remarks, the header again, cells too many that are empty, and quoted cells.
    odd = [*lines[:30], "# remark", lines[0], *lines[30:50], lines[50] + ",,", *lines[51:]]
    assert cut(odd[21:41], ",", 6, {"time"}) is None
    table.write_text("\n".join(odd), encoding="utf-8")
    assert load_series(str(path)).fingerprint == whole
    odd[70] = odd[70].replace("on", '"on"').replace("off", '"off"')
    table.write_text("\n".join(odd), encoding="utf-8")
    assert load_series(str(path)).fingerprint == whole
    odd[60] = odd[60].replace("35.0", "warm")
    table.write_text("\n".join(odd), encoding="utf-8")
    with pytest.raises(InputError, match="line 61: 'warm' where a number was expected"):
        load_series(str(path))
    table.write_text("\n".join([*lines[:41], lines[41][:12], *lines[42:]]), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 42 has \d cells, the header 6$"):
        load_series(str(path))
