"""The page that an FMU carries."""

from pathlib import Path

from PIL import Image

from heatpump_twin.fmu.documentation import write_documentation
from heatpump_twin.fmu.variables import VARIABLES
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.map_making.error_picture import error_figure
from heatpump_twin.map_making.map_build import PICTURE, CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES


def test_page_names_everything_and_shows_where_the_error_sits(
    machine: Machine, certified: CertifiedMap, tmp_path: Path
) -> None:
    folder, source = tmp_path / "documentation", machine_path("mci_lab")
    write_documentation(folder, machine, certified, source, {"control": 1.0})
    page = (folder / "index.html").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"<code>{variable.name}</code>" in page
    assert '<code>control</code></td><td class="n">heat_flow</td>' in page
    assert '<code>sink_lag</code></td><td class="n">6</td><td>s</td>' in page
    most = certified.certificate.errors["P_el"].maximum
    assert f'<td class="n">{most:.2g}</td>' in page
    # 0.0358 and 0.0474 in the machine file.
    assert "3.6 % of <code>P_el</code>, 4.7 % of <code>Q_flow_sink</code>\n" in page
    assert f'src="{PICTURE}"' in page
    assert (folder / "machine.toml").read_bytes() == source.read_bytes()
    with Image.open(folder / PICTURE) as picture:
        assert min(picture.size) > 400


def test_uncertainty_that_nobody_knows_is_said(
    machine: Machine, certified: CertifiedMap, tmp_path: Path
) -> None:
    unknown = machine.with_parameters({"prediction_uncertainty.P_el": 0.0})
    write_documentation(tmp_path / "page", unknown, certified, machine_path("mci_lab"), {})
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "of <code>P_el</code> not known, 4.7 % of <code>Q_flow_sink</code>\n" in page


def test_picture_shows_every_point_against_every_input(certified: CertifiedMap) -> None:
    axes = error_figure(certified.comparison).axes
    assert len(axes) == 2 * len(BOUNDARY_QUANTITIES)
    assert [ax.get_xlabel().split(" in ")[0] for ax in axes[-5:]] == list(BOUNDARY_QUANTITIES)
    assert [axes[i].get_ylabel().split()[2] for i in (0, 5)] == ["P_el", "Q_flow_sink"]
    for ax in axes:
        points = ax.lines[0].get_ydata()
        assert len(points) == certified.certificate.points
        assert 0.98 <= (points <= ax.lines[1].get_ydata()[0]).mean() <= 0.995
