"""Command line: parse, call, exit code.

Exit codes: 0 done and all limits kept; 1 a limit missed, a record not answered, an FMU that did not
run to the end, or a fit that is not fit for use; 2 bad input; 130 interrupted.

Each command imports what it needs: all of it takes seconds.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from heatpump_twin.fmu.build import DEFAULT_MACHINE, Built, build
from heatpump_twin.map_making.jobs import WHAT_IS_KEPT
from heatpump_twin.model.errors import InputError, TwinError

from .errors import CalibrationError, CosimulationError

if TYPE_CHECKING:
    from .data.datasets import Dataset

MISSED, BAD_INPUT, INTERRUPTED = 1, 2, 130
DEFAULT_DATASET = "mci_lab"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Digital twin of a real heat pump: build its FMU and prove it against measurements.",
)
console = Console()
errors = Console(stderr=True)

P = ParamSpec("P")

DatasetArgument = Annotated[
    str, typer.Argument(help="Name of a shipped data set, or folder with a descriptor.toml.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Print all that was found.")]
FmuOption = Annotated[
    Path | None, typer.Option("--fmu", help="FMU to step; without it one is built.")
]


def _clear_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a user can act on into one message and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except TwinError as error:
            errors.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
            failed = isinstance(error, CosimulationError | CalibrationError)
            raise typer.Exit(MISSED if failed else BAD_INPUT) from error
        except KeyboardInterrupt as error:
            errors.print("interrupted", style="red")
            raise typer.Exit(INTERRUPTED) from error

    return run


@contextmanager
def _fmu_for(dataset: Dataset, fmu: Path | None) -> Iterator[Path]:
    """Give the FMU asked for, or build the data set's machine in a temporary folder."""
    if fmu is not None:
        yield fmu
        return
    from .scoring.validation import machine_of

    machine = machine_of(dataset)
    with tempfile.TemporaryDirectory(prefix="heatpump_twin_") as folder:
        yield _build(str(machine), Path(folder) / f"{machine.stem}.fmu").path


def _build(
    machine: str,
    output: Path | None,
    needs_execution_tool: bool = False,
    scheduler: str | None = None,
) -> Built:
    """Build an FMU and show how far its performance map has come."""
    with _progress_bars() as bars:
        building = bars.add_task(f"building the FMU of {Path(machine).stem}", total=None)
        tasks: dict[str, TaskID] = {}

        def show(label: str, done: int, total: int) -> None:
            if label not in tasks:
                bars.update(building, visible=False)
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done)

        try:
            return build(
                machine,
                output,
                needs_execution_tool=needs_execution_tool,
                scheduler=scheduler,
                progress=show,
            )
        except KeyboardInterrupt as error:
            bars.stop()
            errors.print(f"interrupted; {WHAT_IS_KEPT}", style="red")
            raise typer.Exit(INTERRUPTED) from error


def _progress_bars() -> RichProgress:
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
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
) -> None:
    """Begin a data set of your own machine: descriptor, table and start file with comments."""
    from .data.new_dataset import write_example

    for path in write_example(folder):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    machine, fmu = shlex.quote(str(folder / "machine.toml")), f"{folder.resolve().name}.fmu"
    quoted_folder, quoted_fmu = shlex.quote(str(folder)), shlex.quote(str(folder / fmu))
    console.print(
        "It holds an invented heat pump. Replace its numbers by those of yours, then:\n"
        f"  heatpump-twin calibrate {quoted_folder} -o {machine}\n"
        f"  heatpump-twin build {machine} -o {quoted_fmu}\n"
        f"  heatpump-twin validate {quoted_folder} --fmu {quoted_fmu} "
        f"-o {shlex.quote(str(folder / 'report'))}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


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
    verbose: VerboseOption = False,
) -> None:
    """Build the FMI 2.0 co-simulation FMU of a machine."""
    built = _build(machine, output, needs_execution_tool, scheduler)
    console.print(f"built {built.path}: {built.summary}", highlight=False, soft_wrap=True)
    if verbose:
        console.print(built.details, highlight=False, soft_wrap=True)


@app.command()
@_clear_errors
def validate(
    dataset: DatasetArgument = DEFAULT_DATASET,
    fmu: FmuOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the report; out/<data set> by default."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a report that the folder holds.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Step an FMU through recorded measurements; write scores, diagrams and a report."""
    from .data.datasets import load_dataset
    from .report.folder import check_folder, write_report
    from .report.terminal import print_scores
    from .scoring.validation import validate as run_validation

    loaded = load_dataset(dataset)
    name = loaded.descriptor.name
    folder = output or Path("out") / name
    check_folder(folder, replace)
    with _fmu_for(loaded, fmu) as path:
        with console.status(f"stepping {path.name} through {name}"):
            validation = run_validation(loaded, path)
        with console.status("drawing and writing the report"):
            write_report(validation.scores, validation.machine, folder)
    print_scores(validation.scores, console, verbose)
    console.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
    if not validation.scores.passed:
        raise typer.Exit(MISSED)


@app.command()
@_clear_errors
def calibrate(
    dataset: DatasetArgument = DEFAULT_DATASET,
    machine: Annotated[
        Path | None,
        typer.Option("--machine", help="Start file; the one the descriptor names by default."),
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
    """Fit a machine to recorded measurements; write its machine file and what was found."""
    from .calibration.calibrating import Progress, save
    from .calibration.calibrating import calibrate as run_calibration
    from .calibration.record import record_path
    from .data.datasets import load_dataset
    from .report.terminal import print_calibration
    from .scoring.validation import start_of

    loaded = load_dataset(dataset)
    path = output or Path("out") / f"{loaded.descriptor.name}.toml"
    if path.suffix != ".toml":
        raise InputError(f"output {path}: expected a file name that ends in .toml")
    if path.exists() and not replace:
        raise InputError(
            f"output {path}: is there already and is kept; choose another file with -o or replace "
            "it with --replace"
        )
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


@app.command()
@_clear_errors
def diagram(
    point: Annotated[int, typer.Option("--point", help="Number of the record.")],
    dataset: DatasetArgument = DEFAULT_DATASET,
    fmu: FmuOption = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for PNG and SVG.")] = Path(
        "out"
    ),
) -> None:
    """Draw the measured and the simulated cycle of one record in a log(p)-h diagram."""
    from .data.datasets import load_dataset
    from .drawing.diagrams import has_cycle, log_p_h
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
    with _fmu_for(loaded, fmu) as path:
        validation = run_validation(loaded, path)
    figure = log_p_h(validation.scores, validation.machine, point)
    stem = output / f"{validation.scores.dataset.descriptor.name}_log_p_h_{point}"
    try:
        output.mkdir(parents=True, exist_ok=True)
        png = save_figure(figure, stem)
    except OSError as error:
        raise InputError(f"output folder {output}: cannot be written: {error.strerror}") from error
    console.print(f"drew {png} and {png.with_suffix('.svg')}", highlight=False, soft_wrap=True)


def main() -> None:
    """Entry point of the console script."""
    app()
