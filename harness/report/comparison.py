"""Several FMUs side by side: the table, and the folder with it and the report of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES
from heatpump_twin.outputs import check_output_file, staged

from ..drawing.selection import Wanted
from ..progress import Progress, no_progress
from ..scoring.fmus_compared import FORMULA, ComparedQuantity, Difference, compare, to_dict
from ..scoring.scores import ErrorMeasures, Scores
from ..scoring.validation import Validation
from . import tables
from .folder import check_folder, write_report
from .tables import NOTHING, Table

HTML, JSON = "comparison.html", "comparison.json"


def names_of(fmus: list[Path]) -> list[str]:
    """Return a name for each FMU, that of its file; a number is added to names that occur again."""
    names: list[str] = []
    for path in fmus:
        name, number = path.stem, 2
        while name in names:
            name, number = f"{path.stem}_{number}", number + 1
        names.append(name)
    return names


def check_comparison_folder(folder: Path, names: list[str], replace: bool) -> None:
    """Check that a comparison can go into `folder`, before any work is done for it.

    Raises
    ------
    InputError
        If the folder holds one and `replace` is false, or cannot be written to.
    """
    held = [name for name in (HTML, JSON) if (folder / name).exists()]
    if held and not replace:
        raise InputError(
            f"report folder {folder}: already holds {', '.join(held)}, which is kept; choose "
            "another folder with -o or replace it with --replace"
        )
    for name in names:
        check_folder(folder / name, replace)
    for name in (HTML, JSON):
        check_output_file(folder / name)


def comparison_table(compared: list[ComparedQuantity], names: list[str]) -> Table:
    """Errors of the FMUs in each quantity, and the differences from the first one."""
    rows = []
    for found in compared:
        row = [_head(found.quantity), str(len(found.records))]
        row += [_errors(found.quantity, found.errors.get(name)) for name in names]
        row += [
            _difference(found.quantity, found.differences.get(name), found.reference, names[0])
            for name in names[1:]
        ]
        rows.append(row)
    return Table(
        title="Mean absolute error (mean absolute percentage error) of each FMU",
        note=f"Over the records that all FMUs with the quantity answered. Difference: {FORMULA}. "
        "* the interval leaves out zero.",
        header=["quantity", "n", *names, *(f"{name} - {names[0]}" for name in names[1:])],
        rows=rows,
    )


def write_comparison(
    validations: Mapping[str, Validation],
    folder: Path,
    wanted: Wanted | None = None,
    svg: bool = False,
    progress: Progress = no_progress,
) -> Table:
    """Write the report of each FMU into a folder of its name, and the comparison beside them.

    Parameters
    ----------
    validations : mapping of str to Validation
        Of one data set, by the name of the FMU; the first is the one to compare with.
    folder : Path
        Of the comparison.
    wanted, svg, progress
        As of `write_report`.

    Returns
    -------
    Table
        What is compared.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    scores = {name: v.scores for name, v in validations.items()}
    compared = compare(scores)
    table = comparison_table(compared, list(scores))
    for name, validation in validations.items():
        write_report(validation.scores, validation.machine, folder / name, wanted, svg, progress)
    with staged(folder, f"output folder {folder}") as stage:
        text = json.dumps(to_dict(compared, scores), indent=1) + "\n"
        (stage / JSON).write_text(text, encoding="utf-8")
        _write_html(table, scores, stage / HTML)
    return table


def _write_html(table: Table, scores: Mapping[str, Scores], path: Path) -> None:
    environment = Environment(
        loader=PackageLoader("heatpump_twin.harness.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
    )
    html = environment.get_template("comparison.html.j2").render(
        title=next(iter(scores.values())).dataset.descriptor.title,
        table=table,
        verdicts={name: tables.verdict(s) for name, s in scores.items()},
        notes={name: tables.of_another_tool(s) for name, s in scores.items()},
    )
    path.write_text(html, encoding="utf-8")


def _head(quantity: str) -> str:
    is_a = QUANTITIES[quantity]
    unit = is_a.display.unit if is_a.has_percentage else "K"
    return quantity if unit == "1" else f"{quantity}, {unit}"


def _errors(quantity: str, errors: ErrorMeasures | None) -> str:
    if errors is None:
        return NOTHING
    text = f"{errors.mae * QUANTITIES[quantity].display.factor:.3g}"
    return text if errors.mape is None else f"{text} ({errors.mape:.2f} %)"


def _difference(quantity: str, found: Difference | None, reference: str, first: str) -> str:
    if found is None or reference != first:
        return NOTHING
    factor = QUANTITIES[quantity].display.factor
    if found.standard_error is None or found.low is None or found.high is None:
        return f"{found.mean * factor:+.3g} (one record)"
    low, high = found.low * factor, found.high * factor
    star = " *" if found.is_significant else ""
    return (
        f"{found.mean * factor:+.3g} ± {found.standard_error * factor:.2g} "
        f"({low:+.3g} to {high:+.3g}){star}"
    )
