"""The reference page of quantities and parameters, written from their declarations.

``python -m heatpump_twin.machine_files.reference docs/reference.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from heatpump_twin.model.machine import SECTIONS, Definition
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
    Quantity,
)
from heatpump_twin.model.settings import SETTINGS

from .machine_file import MAP_TOLERANCE

_TITLES = {"": "Parameters of no section"}


def reference() -> str:
    """Write the page as Markdown."""
    parts = [
        "# Quantities and parameters\n",
        "Written by `python -m heatpump_twin.machine_files.reference docs/reference.md` from the "
        "declarations in `model/quantities.py`, `model/settings.py` and `model/machine.py`. All "
        "values are in SI units; machine files and tables may use other units.\n",
        "## Quantities\n",
        "Inputs of the FMU.\n",
        _quantities(BOUNDARY_QUANTITIES.values()),
        "Inputs too: set-points that take the place of the speed, by the FMU's parameter "
        "`control`, and the humidity for its parameter `frost`.\n",
        _quantities(SET_POINT_QUANTITIES.values()),
        "Outputs of the FMU: the operating point.\n",
        _quantities(RESULT_QUANTITIES.values()),
        "Outputs of the FMU: how it has run. Energies and times count from the last reset, by the "
        "input `reset_totals`.\n",
        _quantities(OPERATION_QUANTITIES.values()),
        "## Parameters of the FMU\n",
        "Beside `solver` and `on_failure`. Where there are texts, the first is the start value; "
        "those of `[dynamics]`, `[control]`, `[frost]`, `[prediction_uncertainty]` and "
        "`standby_power` start as the machine file says. What they do is on the pages "
        "[control](control.md) and [frost](frost.md).\n",
        _settings(),
        "## Parameters of a machine file\n",
        "Each is given as `{ value = ..., unit = ..., source = ... }`, with `uncertainty` and "
        "`note` where they are known. A value outside the range is refused.\n",
    ]
    for section, of_section in SECTIONS.items():
        parts.append(f"### {f'`[{section}]`' if section else _TITLES['']}\n")
        own = {**of_section, **({} if section else {"map_tolerance": MAP_TOLERANCE})}
        parts.append(_parameters(own))
    parts += [_REMAINDER, _table(("name", "corrects", "place `z`"), _CORRECTED)]
    return "\n".join(parts)


_REMAINDER = """### `[remainder]`

Written by `heatpump-twin calibrate` where it lowers the errors of records that a fit has not seen;
nobody has to write it. Each entry is a list of kernels, of which the last number is the height `h`
and the others are the centre `c`. A relation's result is multiplied by
`exp(sum of h exp(-|z - c|^2 / 2))`. `source` and `note` say what it was fitted to.
"""

_OF_COMPRESSOR = (
    "`ln(p_high / p_low) / ln 3`, `ln(suction density over that at the design point) / 0.66`, "
    "`ln(compressor_speed) / ln 2`"
)
_OF_EXCHANGER = (
    "`(T_{0}_in - that at the design point) / 20 K`, "
    "`ln(m_flow_{0} over that at the design point) / ln 1.7`"
)
_CORRECTED = (
    ("`efficiency`", "isentropic efficiency", _OF_COMPRESSOR),
    ("`volumetric`", "volumetric efficiency", _OF_COMPRESSOR),
    ("`condenser`", "conductance", _OF_EXCHANGER.format("sink")),
    ("`evaporator`", "conductance", _OF_EXCHANGER.format("source")),
)


def _quantities(quantities: Iterable[Quantity]) -> str:
    rows = [
        (f"`{q.name}`", q.unit, f"{q.least_answer:g} to {q.maximum:g}", q.description)
        for q in quantities
    ]
    return _table(("name", "unit", "range", "meaning"), rows)


def _settings() -> str:
    rows = []
    for name, setting in SETTINGS.items():
        of = setting.definition
        texts = ", ".join(f"`{choice}`" for choice in setting.choices)
        values = texts or f"{of.minimum:g} to {of.maximum:g}"
        rows.append((f"`{name}`", "text" if texts else of.unit, values, of.description))
    return _table(("name", "unit", "values", "meaning"), rows)


def _parameters(definitions: dict[str, Definition]) -> str:
    rows = [
        (
            f"`{key}`",
            f"{d.unit} (difference)" if d.is_difference else d.unit,
            f"{d.minimum:g} to {d.maximum:g}",
            d.description
            if d.default is None
            else f"{d.description}; {d.default:g} if it is not given",
            f"`{d.told_by}`" if d.told_by else "",
        )
        for key, d in definitions.items()
    ]
    return _table(("name", "unit", "range", "meaning", "records tell of it if this varies"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
