"""The FMU's own documentation: one page with the machine at work, its accuracy and variables."""

from __future__ import annotations

import shutil
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import PICTURE, CertifiedMap
from heatpump_twin.model.machine import Frost, Machine, identification, with_defaults
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES
from heatpump_twin.page.one_file import POLICY, twin_scripts, twin_style

from .start_values import StartValues
from .variables import VARIABLES, Variable


def write_documentation(
    folder: Path,
    machine: Machine,
    certified: CertifiedMap,
    machine_file: Path,
    start_values: StartValues,
) -> None:
    """Write ``index.html`` with its picture and a copy of the machine file.

    Parameters
    ----------
    folder : Path
        Made.
    machine : Machine
        The FMU's.
    certified : CertifiedMap
        Its map and certificate.
    machine_file : Path
        Where the machine was read.
    start_values : mapping of str to float
        Of parameters of the FMU, in place of the machine's.
    """
    folder.mkdir(parents=True)
    shutil.copy(machine_file, folder / "machine.toml")
    (folder / PICTURE).write_bytes(certified.error_picture)
    environment = Environment(
        loader=PackageLoader("heatpump_twin.fmu", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("documentation.html.j2").render(
        machine=machine,
        identification=identification(machine),
        design=machine.design,
        envelope=_envelope_rows(machine),
        certificate=certified.certificate,
        has_own_frost=machine.frost != with_defaults(Frost),
        inputs=_variable_rows("input"),
        outputs=_variable_rows("output"),
        parameters=[
            (*_variable_row(v), v.start(machine, start_values))
            for v in VARIABLES
            if v.causality == "parameter"
        ],
        picture=PICTURE,
        policy=POLICY,
        style=twin_style(),
        scripts=twin_scripts(machine, certified.certificate, map_file(machine, certified.table)),
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def _envelope_rows(machine: Machine) -> list[tuple[str, str, str]]:
    envelope = machine.envelope
    rows = []
    for name, quantity in BOUNDARY_QUANTITIES.items():
        low, high = map(quantity.shown, envelope.range(name))
        rows.append((name, f"{low:.4g} to {high:.4g}", quantity.display.unit))
    for name, words, limit in (
        ("p_low", "at least", envelope.p_low_min),
        ("p_high", "at most", envelope.p_high_max),
        ("T_discharge", "at most", envelope.T_discharge_max),
    ):
        quantity = RESULT_QUANTITIES[name]
        rows.append((name, f"{words} {quantity.shown(limit):.4g}", quantity.display.unit))
    return [(name, text, "" if unit == "1" else unit) for name, text, unit in rows]


def _variable_rows(causality: str) -> list[tuple[str, str, str]]:
    return [_variable_row(v) for v in VARIABLES if v.causality == causality]


def _variable_row(variable: Variable) -> tuple[str, str, str]:
    unit = variable.declared.unit if variable.declared else ""
    return variable.name, unit, variable.description
