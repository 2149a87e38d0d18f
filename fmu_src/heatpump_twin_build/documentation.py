"""The FMU's own documentation: one page with the machine, its envelope, accuracy and variables."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from heatpump_twin_model.machine import Machine, identification
from heatpump_twin_model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    STATUS_DESCRIPTION,
    Quantity,
)

from .certificate import Comparison
from .map_build import CertifiedMap

PICTURE = "performance_map_error.png"

# What a person reads instead of SI: unit, factor, offset.
_SHOWN = {"K": ("°C", 1.0, -273.15), "Pa": ("bar", 1e-5, 0.0)}
_SHOWN_OUTPUTS = ("P_el", "Q_flow_sink")


def write_documentation(
    folder: Path, machine: Machine, certified: CertifiedMap, machine_file: Path
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
    """
    folder.mkdir()
    shutil.copy(machine_file, folder / "machine.toml")
    figure = error_figure(certified.comparison)
    # No date and no version of the plotting library: equal sources give equal bytes.
    figure.savefig(folder / PICTURE, dpi=110, metadata={"Software": None})
    environment = Environment(
        loader=PackageLoader("heatpump_twin_build", "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("documentation.html.j2").render(
        machine=machine,
        identification=identification(machine),
        design=machine.design,
        envelope=_envelope_rows(machine),
        certificate=certified.certificate,
        inputs=[_variable_row(q) for q in BOUNDARY_QUANTITIES.values()],
        outputs=[_variable_row(q) for q in RESULT_QUANTITIES.values()],
        status=STATUS_DESCRIPTION,
        picture=PICTURE,
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def error_figure(comparison: Comparison) -> Figure:
    """Draw where in the envelope the map's error sits.

    Parameters
    ----------
    comparison : Comparison
        Map and live model at the points of the certificate.
    """
    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(
        len(_SHOWN_OUTPUTS), len(BOUNDARY_QUANTITIES), sharey="row", sharex="col", squeeze=False
    )
    for row, output in zip(axes, _SHOWN_OUTPUTS, strict=True):
        row[0].set_ylabel(f"error of {output} in %")
        sizes = np.maximum(comparison.sizes(output), 1e-7)
        for ax, quantity in zip(row, BOUNDARY_QUANTITIES.values(), strict=True):
            unit, factor, offset = _SHOWN.get(quantity.unit, (quantity.unit, 1.0, 0.0))
            at = [getattr(b, quantity.name) * factor + offset for b in comparison.boundaries]
            ax.semilogy(at, sizes, ".", markersize=2.0, alpha=0.5, color="#1f5a8a")
            ax.axhline(np.percentile(sizes, 99), color="#b5482a", linewidth=1.0)
            ax.grid(which="major", color="#dddddd", linewidth=0.6)
            if output == _SHOWN_OUTPUTS[-1]:
                label = quantity.name if unit == "1" else f"{quantity.name} in {unit}"
                ax.set_xlabel(label)
    figure.suptitle(
        f"Performance map against TESPy at {len(comparison.boundaries)} random points of the "
        "envelope: absolute error; 99 % lie below the line",
        fontsize=10,
    )
    return figure


def _envelope_rows(machine: Machine) -> list[tuple[str, str, str]]:
    envelope = vars(machine.envelope)
    rows = []
    for name, quantity in BOUNDARY_QUANTITIES.items():
        unit, factor, offset = _SHOWN.get(quantity.unit, (quantity.unit, 1.0, 0.0))
        low, high = (envelope[f"{name}_{end}"] * factor + offset for end in ("min", "max"))
        rows.append((name, f"{low:.4g} to {high:.4g}", "" if unit == "1" else unit))
    rows.append(("p_low", f"at least {machine.envelope.p_low_min * 1e-5:.4g}", "bar"))
    rows.append(("p_high", f"at most {machine.envelope.p_high_max * 1e-5:.4g}", "bar"))
    rows.append(("T_discharge", f"at most {machine.envelope.T_discharge_max - 273.15:.4g}", "°C"))
    return rows


def _variable_row(quantity: Quantity) -> tuple[str, str, str]:
    return quantity.name, quantity.unit, quantity.description
