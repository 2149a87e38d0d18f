"""Command line: parse, call, exit code.

Exit codes: 0 done and all limits kept; 1 a limit missed, a record not answered, an FMU that did not
run to the end, or a fit that is not fit for use; 2 bad input; 70 a fault of heatpump-twin itself;
130 interrupted; 141 nobody reads what is printed.

Each command imports what it needs after it has checked the names it is given: all of it takes
seconds.
"""

from __future__ import annotations

import itertools
import os
import shlex
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer
from rich.console import Console

from heatpump_twin.cache import use_for_other_packages
from heatpump_twin.machine_files.files import (
    DEFAULT_MACHINE,
    machine_path,
    read_toml,
    shipped_machines,
)
from heatpump_twin.model.errors import InputError, TwinError
from heatpump_twin.outputs import check_output_file, check_output_folder, staged
from heatpump_twin.running import (
    INTERRUPTED,
    end,
    end_at_signals,
    temporary_folder,
    was_interrupted,
)

from .data.files import (
    DEFAULT_DATASET,
    dataset_folder,
    is_series,
    shipped_datasets,
    shipped_logs,
)
from .errors import CalibrationError, CosimulationError
from .scoring.files import DEFAULT_MARGIN, check_baseline
from .stepping.files import check_fmu_file

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from heatpump_twin.fmu.build import Built

    from .data.datasets import Dataset
    from .data.fmu_map import FmuMap
    from .data.series import Series
    from .drawing.selection import Wanted
    from .progress import Progress

MISSED, BAD_INPUT, FAULT, UNREAD = 1, 2, 70, 141

# Developers set it to see where an unexpected error arose.
TRACEBACK_VARIABLE = "HEATPUMP_TWIN_TRACEBACK"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)

P = ParamSpec("P")


class SchemaKind(StrEnum):
    """Files of which there is a JSON schema."""

    MACHINE = "machine"
    DESCRIPTOR = "descriptor"
    SERIES = "series"
    SCORES = "scores"
    SERIES_SCORES = "series_scores"


DatasetArgument = Annotated[
    str, typer.Argument(help="Name of a shipped data set, or folder with a descriptor.toml.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Print all that was found.")]
StepOption = Annotated[
    float | None,
    typer.Option("--step", metavar="SECONDS", help="Bring a log to even steps.", min=0.001),
]
FmuOption = Annotated[
    Path | None, typer.Option("--fmu", help="FMU to step; without it one is built.")
]


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"heatpump-twin {version('heatpump-twin')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Digital twin of a real heat pump: build its FMU and prove it against measurements."""


def _clear_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a user can act on into one message and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, SystemExit):
            raise
        except BaseException as error:
            raise typer.Exit(_say(error)) from error

    return run


def _say(error: BaseException) -> int:
    """Print one message of what ended a command; returns the exit code."""
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    # Libraries turn an interrupt into errors of their own, while they are imported for instance.
    if isinstance(error, KeyboardInterrupt) or was_interrupted():
        tells = isinstance(error, KeyboardInterrupt | TwinError)
        message = f"interrupted; {error}" if tells and str(error) else "interrupted"
        errors.print(message, style="red", markup=False, soft_wrap=True)
        return INTERRUPTED
    if isinstance(error, TwinError):
        errors.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        failed = isinstance(error, CosimulationError | CalibrationError)
        return MISSED if failed else BAD_INPUT
    if isinstance(error, BrokenPipeError):
        return UNREAD
    text = " ".join(str(error).split())
    errors.print(
        f"error: unexpected {type(error).__name__}{': ' * bool(text)}{text}; this is a fault of "
        f"heatpump-twin, not of its input; with {TRACEBACK_VARIABLE}=1 it says where",
        style="red",
        markup=False,
        soft_wrap=True,
    )
    return FAULT


@contextmanager
def _fmu_for(dataset: Dataset, fmu: Path | None) -> Iterator[Path]:
    """Give the FMU asked for, or build the data set's machine in a temporary folder."""
    if fmu is not None:
        yield fmu
        return
    from .scoring.validation import machine_of

    machine = machine_of(dataset)
    with temporary_folder() as folder:
        yield _build(str(machine), folder / f"{machine.stem}.fmu").path


def _build(
    machine: str,
    output: Path | None,
    needs_execution_tool: bool = False,
    scheduler: str | None = None,
    start: Sequence[str] = (),
) -> Built:
    """Build an FMU and show how far its performance map has come."""
    from heatpump_twin.fmu.build import build
    from heatpump_twin.map_making.jobs import WHAT_IS_KEPT

    with _progress(f"building the FMU of {Path(machine).stem}") as show:
        try:
            return build(
                machine,
                output,
                needs_execution_tool=needs_execution_tool,
                scheduler=scheduler,
                progress=show,
                start=start,
            )
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(WHAT_IS_KEPT) from error


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """Show a bar for each label that work reports; until the first, what it is."""
    with _progress_bars() as bars:
        beginning = bars.add_task(what, total=None)
        tasks: dict[str, TaskID] = {}

        def show(label: str, done: int, total: int) -> None:
            if label not in tasks:
                bars.update(beginning, visible=False)
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done)

        yield show


def _progress_bars() -> RichProgress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


@app.command()
@_clear_errors
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write; made if it is not there.")
    ],
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Your table: CSV or other text, Excel (.xlsx) or Parquet. Its columns are "
            "recognised by name, unit and values.",
        ),
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(
            "--read",
            metavar="KEY=VALUE",
            help="Say how the table is written where it does not tell: sheet=Winter, decimal=, "
            "delimiter=; header_row=4 ... as in [table_format] of a descriptor.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="HEADER=QUANTITY",
            help="Say what a column is, or HEADER=ignore, where names do not tell.",
        ),
    ] = None,
) -> None:
    """Begin a data set of your own machine: descriptor, table and start file with comments."""
    begun = None
    if table is None:
        if read or column:
            raise InputError("--read and --column are for a table of yours; expected --from FILE")
        from .data.new_dataset import write_example

        for path in write_example(folder):
            console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
        console.print(
            "It holds an invented heat pump. Replace its numbers by those of yours, then:"
        )
    else:
        from .data.own_log import begin_with_table
        from .data.tables import format_of
        from .report.understood import print_begun

        form = format_of(_pairs("--read", read or [], first=True))
        begun = begin_with_table(folder, table, form, dict(_pairs("--column", column or [])))
        print_begun(begun, folder, console)
    is_log = begun is not None and begun.log is not None
    machine, fmu = shlex.quote(str(folder / "machine.toml")), f"{folder.resolve().name}.fmu"
    quoted_folder, quoted_fmu = shlex.quote(str(folder)), shlex.quote(str(folder / fmu))
    points = shlex.quote(str(folder / "plateaus")) if is_log else quoted_folder
    console.print(
        (f"  heatpump-twin plateaus {quoted_folder} -o {points}\n" if is_log else "")
        + f"  heatpump-twin calibrate {points} -o {machine}\n"
        f"  heatpump-twin build {machine} -o {quoted_fmu}\n"
        f"  heatpump-twin validate {quoted_folder} --fmu {quoted_fmu} "
        f"-o {shlex.quote(str(folder / 'report'))}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _pairs(option: str, texts: list[str], first: bool = False) -> list[tuple[str, str]]:
    """Part what an option says at its first or last equal sign; headers may have them too."""
    pairs = []
    for text in texts:
        key, mark, value = text.partition("=") if first else text.rpartition("=")
        if not mark or not key.strip():
            raise InputError(f"{option} {text!r}: expected {'KEY=VALUE' if first else _OF_COLUMN}")
        pairs.append((" ".join(key.split()), value if first else value.strip()))
    return pairs


_OF_COLUMN = "HEADER=QUANTITY, or HEADER=ignore"


@app.command("build")
@_clear_errors
def build_command(
    machine: Annotated[
        str, typer.Argument(help="Machine file (.toml), or name of a shipped machine.")
    ] = DEFAULT_MACHINE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .fmu to write; out/<machine>.fmu by default."),
    ] = None,
    needs_execution_tool: Annotated[
        bool,
        typer.Option(
            "--needs-execution-tool",
            help="Say in the FMU that it needs an external tool; some importers refuse it.",
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Make the performance map on the Dask cluster at this address.",
        ),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Start value of a parameter, such as control=heat_flow, for tools that cannot set "
            "it. May be given again.",
        ),
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Build the FMI 2.0 co-simulation FMU of a machine."""
    read_toml(machine_path(machine), "machine file")
    if output is not None:
        check_output_file(output, ".fmu")
    built = _build(machine, output, needs_execution_tool, scheduler, start or ())
    console.print(f"built {built.path}: {built.summary}", highlight=False, soft_wrap=True)
    if verbose:
        console.print(built.details, highlight=False, soft_wrap=True)


@app.command()
@_clear_errors
def validate(
    dataset: DatasetArgument = DEFAULT_DATASET,
    fmu: Annotated[
        list[Path] | None,
        typer.Option(
            "--fmu", help="FMU to step; without it one is built. Given again: FMUs are compared."
        ),
    ] = None,
    fmu_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Names and units of the FMU, instead of [fmu] in the descriptor; for each --fmu "
            "in its order, - for one with the names of this project.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the report; out/<data set> by default."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a report that the folder holds.")
    ] = False,
    diagrams: Annotated[
        str | None,
        typer.Option(
            metavar="N|all|none|1,5,7",
            help="Log(p)-h diagrams: how many, or of which records; 6 by default.",
        ),
    ] = None,
    svg: Annotated[
        bool, typer.Option("--svg", help="Write diagrams as SVG beside the PNG.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="scores.json",
            help="Scores of an earlier report on the same records; errors that grew fail the run.",
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            help="By how much an error may grow over the baseline: percentage points of the mean "
            "absolute percentage error, K of the mean absolute error of temperatures.",
        ),
    ] = DEFAULT_MARGIN,
    step: StepOption = None,
    communication_step: Annotated[
        float | None,
        typer.Option(
            "--communication-step",
            metavar="SECONDS",
            help="Of the FMU on a log; the log's step by default, or parts of a longer one.",
            min=0.001,
        ),
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Step an FMU through recorded points or a log; write scores, diagrams and a report."""
    fmus, map_files = fmu or [], fmu_map or []
    _check_names(dataset, *fmus)
    if map_files and len(map_files) != len(fmus):
        raise InputError(
            f"--map is given {len(map_files)} times, --fmu {len(fmus)} times; expected a map for "
            "each FMU, in the same order, or - for one with the names of this project"
        )
    if is_series(dataset):
        for given_option, name in (
            (len(fmus) > 1, "more than one --fmu"),
            (diagrams is not None, "--diagrams"),
            (baseline is not None, "--baseline"),
        ):
            if given_option:
                raise InputError(f"{name} is for data sets of points; {dataset} is a log")
        _validate_series(
            dataset,
            fmus[0] if fmus else None,
            map_files[0] if map_files else None,
            output,
            replace,
            svg,
            step,
            communication_step,
            verbose,
        )
        return
    if step is not None or communication_step is not None:
        raise InputError(
            f"--step and --communication-step are for logs; {dataset} is a data set of points"
        )
    if baseline is not None:
        if len(fmus) > 1:
            raise InputError("--baseline is for one FMU; several were given with --fmu")
        check_baseline(baseline, margin)
    from .data.datasets import load_dataset
    from .drawing.selection import Wanted, parse_wanted
    from .report.folder import check_folder, write_report
    from .report.terminal import print_scores
    from .scoring.comparison import read_baseline
    from .scoring.validation import validate as run_validation

    loaded = load_dataset(dataset)
    maps = [_map_for(loaded, text) for text in map_files or itertools.repeat(None, len(fmus))]
    name = loaded.descriptor.name
    folder = output or Path("out") / name
    wanted = Wanted() if diagrams is None else parse_wanted(diagrams, loaded)
    if len(fmus) > 1:
        _compare(loaded, fmus, maps, folder, replace, wanted, svg, verbose)
        return
    check_folder(folder, replace)
    earlier = read_baseline(baseline, loaded) if baseline is not None else None
    # An FMU that is built here has the names of the project.
    names, source = maps[0] if maps else (None, "")
    given = fmus[0] if fmus else None
    with _fmu_for(loaded, given) as path, _progress(f"validating {path.name}") as progress:
        validation = run_validation(loaded, path, progress, names, source)
        if earlier is not None:
            validation = validation.compared_with(earlier, margin)
        write_report(validation.scores, validation.machine, folder, wanted, svg, progress)
    print_scores(validation.scores, console, verbose)
    console.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
    if not validation.scores.passed:
        raise typer.Exit(MISSED)


def _validate_series(
    dataset: str,
    fmu: Path | None,
    map_file: str | None,
    output: Path | None,
    replace: bool,
    svg: bool,
    step: float | None,
    communication_step: float | None,
    verbose: bool,
) -> None:
    """Step an FMU through a log; write and print what was found."""
    from .data.series import load_series
    from .report.series_folder import check_series_folder, write_series_report
    from .report.series_terminal import print_series_scores
    from .scoring.series_validation import validate_series
    from .stepping.answers import SIMULATION

    series = load_series(dataset, step)
    folder = output or Path("out") / series.descriptor.name
    check_series_folder(folder, replace)
    # An FMU that is built here has the names of the project.
    names, source = _map_for(series, map_file) if fmu is not None else (None, "")
    with _series_fmu(series, fmu) as path, _progress(f"validating {path.name}") as progress:
        scores = validate_series(
            series,
            path,
            folder / SIMULATION,
            communication_step=communication_step,
            fmu_map=names,
            map_source=source,
            progress=progress,
        )
        write_series_report(scores, folder, svg)
    print_series_scores(scores, console, verbose)
    console.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
    if not scores.passed:
        raise typer.Exit(MISSED)


@contextmanager
def _series_fmu(series: Series, fmu: Path | None) -> Iterator[Path]:
    """Give the FMU asked for, or build the log's machine in a temporary folder."""
    if fmu is not None:
        yield fmu
        return
    from .scoring.series_validation import machine_of_series

    machine = machine_of_series(series)
    with temporary_folder() as folder:
        yield _build(str(machine), folder / f"{machine.stem}.fmu").path


def _map_for(dataset: Dataset | Series, text: str | None) -> tuple[FmuMap | None, str]:
    """Return the map of an FMU and where it comes from; `text` is what --map says."""
    from .data.files import DESCRIPTOR
    from .data.fmu_map import read_fmu_map

    if text == "-":
        return None, ""
    of_dataset = dataset.descriptor.fmu
    if text is None:
        return of_dataset, f"descriptor {dataset.folder / DESCRIPTOR}" if of_dataset else ""
    instead = " (instead of [fmu] in the descriptor)" if of_dataset else ""
    return read_fmu_map(Path(text)), f"map file {text}{instead}"


def _compare(
    dataset: Dataset,
    fmus: list[Path],
    maps: list[tuple[FmuMap | None, str]],
    folder: Path,
    replace: bool,
    wanted: Wanted,
    svg: bool,
    verbose: bool,
) -> None:
    """Validate several FMUs and write and print what each found and how they differ."""
    from .report.comparison import check_comparison_folder, names_of, write_comparison
    from .report.terminal import print_comparison, print_scores
    from .scoring.validation import validate as run_validation

    names = names_of(fmus)
    check_comparison_folder(folder, names, replace)
    validations = {}
    for name, path, (fmu_map, source) in zip(names, fmus, maps, strict=True):
        with _progress(f"validating {path.name}") as progress:
            validations[name] = run_validation(dataset, path, progress, fmu_map, source)
    with _progress("writing the reports") as progress:
        table = write_comparison(validations, folder, wanted, svg, progress)
    for name, validation in validations.items():
        console.print(f"{name}:", style="bold", markup=False, highlight=False)
        print_scores(validation.scores, console, verbose)
    print_comparison(table, console)
    console.print(f"report: {folder / 'comparison.html'}", highlight=False, soft_wrap=True)
    if not all(v.scores.passed for v in validations.values()):
        raise typer.Exit(MISSED)


@app.command()
@_clear_errors
def calibrate(
    dataset: DatasetArgument = DEFAULT_DATASET,
    machine: Annotated[
        Path | None,
        typer.Option(
            "--machine",
            help="Start file; of a log the machine file, whose steady behaviour is calibrated. The "
            "one the descriptor names by default.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Machine file to write; out/<data set>.toml."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a machine file that is there.")
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", help="Deals more than 30 records into tenths.")
    ] = 0,
) -> None:
    """Fit a machine to recorded points, or its time constants to the starts of a log."""
    _check_names(dataset)
    if is_series(dataset):
        if seed:
            raise InputError(f"--seed is for data sets of points; {dataset} is a log")
        _calibrate_dynamics(dataset, machine, output, replace)
        return
    if machine is not None:
        read_toml(machine, "start file")
    if output is not None:
        check_output_file(output, ".toml")
    from .calibration.calibrating import Progress, save
    from .calibration.calibrating import calibrate as run_calibration
    from .calibration.record import record_path
    from .data.datasets import load_dataset
    from .report.terminal import print_calibration
    from .scoring.validation import start_of

    loaded = load_dataset(dataset)
    path = output or Path("out") / f"{loaded.descriptor.name}.toml"
    _check_machine_output(path, replace)
    start = machine or start_of(loaded)
    with _progress_bars() as bars:
        fits = bars.add_task("fitting", total=None)
        splits = bars.add_task("predicting left-out records", total=None, visible=False)
        calibration = run_calibration(
            loaded,
            start,
            seed=seed,
            progress=Progress(
                fitting=lambda: bars.advance(fits),
                splits=lambda n: bars.update(splits, total=n, visible=True),
                left_out=lambda: bars.advance(splits),
            ),
        )
    save(calibration, path)
    print_calibration(calibration, console)
    if calibration.record is None:
        console.print(f"wrote the best so far, not cross-validated: {path}", soft_wrap=True)
        raise KeyboardInterrupt
    console.print(f"wrote {path} and {record_path(path)}", highlight=False, soft_wrap=True)


def _check_machine_output(path: Path, replace: bool) -> None:
    """Refuse a machine file, and its record, that cannot be written or would be overwritten."""
    from .calibration.record import record_path

    check_output_file(path, ".toml")
    check_output_file(record_path(path))
    if path.exists() and not replace:
        raise InputError(
            f"output {path}: is there already and is kept; choose another file with -o or replace "
            "it with --replace"
        )


def _calibrate_dynamics(
    dataset: str, machine: Path | None, output: Path | None, replace: bool
) -> None:
    """Fit time constants to a log; write the machine file with them and print what was found."""
    given = machine_path(str(machine)) if machine is not None else None
    if given is not None:
        read_toml(given, "machine file")
    if output is not None:
        check_output_file(output, ".toml")
    from .calibration.dynamics_file import save_time_constants
    from .calibration.time_constants import calibrate_time_constants
    from .data.series import load_series
    from .report.time_constants import print_time_constants
    from .scoring.series_validation import machine_of_series

    series = load_series(dataset)
    path = output or Path("out") / f"{series.descriptor.name}.toml"
    _check_machine_output(path, replace)
    start = given or machine_of_series(series)
    with _progress(f"calibrating {series.descriptor.name}") as progress:
        found = calibrate_time_constants(series, start, progress)
    written = save_time_constants(found, start, path)
    print_time_constants(found, console)
    names = " and ".join(map(str, written))
    console.print(f"wrote {names}", markup=False, highlight=False, soft_wrap=True)


@app.command()
@_clear_errors
def plateaus(
    log: Annotated[
        str, typer.Argument(help="Name of a shipped log, or folder with its descriptor.toml.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the point data set.")],
    step: StepOption = None,
) -> None:
    """Find the steady parts of a log; write them as a point data set, ready for calibrate."""
    dataset_folder(log)
    check_output_folder(output)
    from .data.plateau_points import check_points_folder, points_of, write_points
    from .data.series import load_series
    from .report.series_terminal import print_notes, print_plateaus

    check_points_folder(output)
    series = load_series(log, step)
    points = points_of(series)
    paths = write_points(points, output)
    print_notes(series, console)
    print_plateaus(points, console)
    for path in paths:
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)


@app.command()
@_clear_errors
def watch(
    log: Annotated[
        str, typer.Argument(help="Name of a shipped log, or folder with its descriptor.toml.")
    ],
    fmu: FmuOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the result; out/<log>_drift by default."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a result that the folder holds.")
    ] = False,
    step: StepOption = None,
) -> None:
    """Tell whether a machine drifts away from its twin, since when and why; exit code 1 if so."""
    _check_names(log, fmu)
    from .data.series import load_series
    from .report.drift import check_drift_folder, print_drift, write_drift
    from .scoring.watching import watch as run_watch
    from .stepping.answers import SIMULATION

    series = load_series(log, step)
    folder = output or Path("out") / f"{series.descriptor.name}_drift"
    check_drift_folder(folder, replace)
    names, source = _map_for(series, None) if fmu is not None else (None, "")
    with _series_fmu(series, fmu) as path, _progress(f"watching {path.name}") as progress:
        watched = run_watch(series, path, folder / SIMULATION, names, source, progress)
    write_drift(watched, folder)
    print_drift(watched, console)
    console.print(f"wrote {folder / 'drift.json'}", highlight=False, soft_wrap=True)
    if watched.drift.alarm is not None:
        raise typer.Exit(MISSED)


@app.command()
@_clear_errors
def diagram(
    point: Annotated[int, typer.Option("--point", help="Number of the record.")],
    dataset: DatasetArgument = DEFAULT_DATASET,
    fmu: FmuOption = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for PNG and SVG.")] = Path(
        "out"
    ),
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a diagram that the folder holds.")
    ] = False,
) -> None:
    """Draw the measured and the simulated cycle of one record in a log(p)-h diagram."""
    _check_names(dataset, fmu)
    check_output_folder(output)
    from .data.datasets import load_dataset
    from .drawing.log_p_h import CYCLE_OUTPUTS, gives_cycle, has_cycle, log_p_h
    from .report.folder import save_figure
    from .scoring.validation import validate as run_validation

    loaded = load_dataset(dataset)
    records = loaded.values.index
    if point not in records:
        raise InputError(
            f"data set {dataset}: has no point {point}; it has {', '.join(map(str, records))}"
        )
    if not has_cycle(loaded):
        raise InputError(f"data set {dataset}: a cycle needs p_low and p_high, which it lacks")
    name = f"{loaded.descriptor.name}_log_p_h_{point}"
    files = [output / f"{name}{suffix}" for suffix in (".png", ".svg")]
    held = [str(file) for file in files if file.exists()]
    if held and not replace:
        raise InputError(
            f"output {', '.join(held)}: is there already and is kept; choose another folder with "
            "-o or replace it with --replace"
        )
    for file in files:
        check_output_file(file)
    names, source = _map_for(loaded, None) if fmu is not None else (None, "")
    with _fmu_for(loaded, fmu) as path:
        validation = run_validation(loaded, path, fmu_map=names, map_source=source)
        if not gives_cycle(validation.scores):
            raise InputError(
                f"FMU {path}: a cycle needs its outputs {', '.join(CYCLE_OUTPUTS)}, of which it "
                "lacks some"
            )
    figure = log_p_h(validation.scores, validation.machine, point)
    with staged(output, f"output folder {output}") as stage:
        save_figure(figure, stage / name, svg=True)
    console.print(
        f"drew {output / name}.png and {output / name}.svg", highlight=False, soft_wrap=True
    )


@app.command()
@_clear_errors
def serve(
    machines: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MACHINE]...", help="Machine files or names of shipped machines; mci_lab."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others can reach any but the default.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token that clients have to send; needed with --host."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps sessions; the user's data folder by default."),
    ] = None,
    sessions: Annotated[int, typer.Option(help="Most sessions at once.", min=1, max=1000)] = 100,
    idle: Annotated[
        float, typer.Option(help="Hours without use after which a session ends.", min=0.001)
    ] = 24.0,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open the page; by default where a person at a screen starts the server.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show machines at work on a page, with a REST API behind it, until Ctrl-C."""
    try:
        from heatpump_twin.live.serving import listen, read_token
        from heatpump_twin.live.serving import serve as run
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise InputError(
            f"{error.name} is not installed, which the server needs: "
            "pip install 'heatpump-twin[serve]'"
        ) from error
    from platformdirs import user_data_path

    names = machines or [DEFAULT_MACHINE]
    for name in names:
        read_toml(machine_path(name), "machine file")
    token = read_token(token_file, host)
    folder = data or user_data_path("heatpump-twin")
    check_output_folder(folder)
    with listen(host, port) as listening, temporary_folder() as built:
        paths = [_build(name, built / f"{number}.fmu").path for number, name in enumerate(names)]
        run(
            paths,
            folder,
            listening,
            token=token,
            sessions=sessions,
            idle=3600.0 * idle,
            ready=lambda address: _tell(address, _is_at_screen() if browser is None else browser),
        )


def _is_at_screen() -> bool:
    has_windows = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return sys.stdout.isatty() and has_windows


def _tell(address: str, opens: bool) -> None:
    console.print(f"serving: {address}", markup=False, highlight=False, soft_wrap=True)
    if opens:
        import webbrowser

        # Some browsers return when they are closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


@app.command("list")
@_clear_errors
def list_command() -> None:
    """List the machines, data sets and logs that are shipped or described."""
    for kind, names_and_titles in (
        ("machine", shipped_machines()),
        ("data set", shipped_datasets()),
        ("log", shipped_logs()),
    ):
        for name, title in names_and_titles.items():
            console.print(
                f"{kind:8}  {name:16}  {title}", markup=False, highlight=False, soft_wrap=True
            )


@app.command("schema")
@_clear_errors
def schema_command(
    kind: Annotated[SchemaKind, typer.Argument(help="Of which file.")],
) -> None:
    """Print the JSON schema of machine files, descriptors of points or logs, or scores.json."""
    from .report.schemas import schema_text

    typer.echo(schema_text(kind.value), nl=False)


def _check_names(dataset: str, *fmus: Path | None) -> None:
    """Check that what a command is given is there, before anything is imported to read it."""
    dataset_folder(dataset)
    for fmu in fmus:
        if fmu is not None:
            check_fmu_file(fmu)


def main() -> None:
    """Run the command that was typed and end this process with its exit code."""
    end_at_signals()
    try:
        use_for_other_packages()
        # All temporary files, also those of libraries and of processes started here, lie in one
        # folder, which goes however this process ends.
        with temporary_folder() as folder:
            os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
            app()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(bool(error.code))
        if was_interrupted() and code != INTERRUPTED:
            code = _say(error)
    except BaseException as error:  # noqa: BLE001  each has its message and its code
        code = _say(error)
    else:
        code = 0
    end(code)
