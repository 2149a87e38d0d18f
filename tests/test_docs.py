"""What README and docs tell a user to type, typed; and their figures, recomputed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT

from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.fmu_map import FmuMap
from heatpump_twin.harness.report.summary import sharpness
from heatpump_twin.harness.scoring.scores import (
    EXTRAPOLATION,
    FITTED,
    LEAVE_ONE_OUT,
    MODEL,
    Scores,
)
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle

README = (ROOT / "README.md").read_text(encoding="utf-8")
ACCURACY = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
MODEL_PAGE = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
MOST_LINES = 200
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
# Outputs behind the columns of the certificate's table.
CERTIFIED_COLUMNS = (
    ("P_el",),
    ("Q_flow_sink", "Q_flow_source"),
    ("m_flow_refrigerant",),
    ("p_low", "p_high"),
    ("T_source_out", "T_sink_out"),
)
# Commands that are not run here, by how they begin: who runs them, and how it says so.
RUN_ELSEWHERE = {
    "make demo": (".ci/run", "make demo"),
    "make test": (".ci/run", "make test"),
    "make lint": (".ci/run", "make lint"),
    # What these call; the rest is the environment.
    "make twin": ("tests/live/server.py", '"serve"'),
    "make bench": ("tests/benchmarks/test_benchmarks.py", "benchmarks"),
    "make soak": ("tests/benchmarks/test_commands.py", "benchmarks.soak"),
    # The script needs a package index; the test runs its commands from a wheel.
    "make wheel-check": ("tests/test_wheel.py", "wheel"),
    "pip wheel": ("tests/test_wheel.py", "wheel"),
    "pip install": ("tests/test_wheel.py", "install"),
    # It does not end by itself.
    "heatpump-twin serve": ("tests/live/server.py", '"serve"'),
    # They need files of others; the test skips without them.
    "heatpump-twin calibrate rwth_brine_water_log": ("tests/test_series_docs.py", "commands()"),
    "heatpump-twin validate rwth_brine_water_log": ("tests/test_series_docs.py", "commands()"),
    "python examples/house_and_heat_pump.py": ("tests/test_examples.py", "house_and_heat_pump.py"),
    "python docs/import/ssp/make_ssp.py": ("tests/importers/test_coupling.py", "make_ssp.py"),
    "python -m heatpump_twin.machine_files.reference": (
        "tests/machine_files/test_reference.py",
        "reference",
    ),
    "python -m benchmarks.tables": ("tests/benchmarks/test_commands.py", "benchmarks.tables"),
    "heatpump-twin init my_heat_pump --from": ("tests/harness/data/test_own_tables.py", "init"),
    "python -m benchmarks.screen": ("tests/benchmarks/test_commands.py", "benchmarks.screen"),
    "HEATPUMP_TWIN_DATA=<folder> python -m benchmarks.third_party": (
        "tests/benchmarks/test_catalogues.py",
        "third_party",
    ),
    "PYTHONMALLOC=debug python reproduce.py": ("tests/test_upstream.py", 'PYTHONMALLOC="debug"'),
    "ecos simulate": ("tests/importers/importers.py", "simulate"),
    "pythonfmu build": ("tests/test_upstream.py", "pythonfmu"),
}
# Measurements that take minutes and need files of others; their figures stand on the page.
BY_HAND = {
    "python -m benchmarks.catalogues": "docs/your-data.md",
    "python -m benchmarks.drift": "docs/drift.md",
    "python -m benchmarks.house_log": "docs/series.md",
    "python -m benchmarks.month": "docs/series.md",
}
# Blocks of these pages are run by other tests, all of them.
BLOCKS_ELSEWHERE = {
    "docs/api.md": "tests/test_api.py",
    "docs/import/ecos.md": "tests/importers/test_pages.py",
    "docs/import/fmpy.md": "tests/importers/test_pages.py",
    "docs/import/libcosim.md": "tests/importers/test_pages.py",
    "docs/series.md": "tests/test_series_docs.py",
    "docs/serving.md": "tests/live/test_server.py",
    "docs/your-data.md": "tests/harness/data/test_own_tables.py",
    "docs/upstream/README.md": "tests/test_upstream.py",
    "docs/upstream/2-use-after-free-after-an-exception.md": "tests/test_upstream.py",
    "docs/upstream/4-log-text-as-format.md": "tests/test_upstream.py",
    "docs/upstream/5-resource-uri.md": "tests/test_upstream.py",
    "docs/upstream/6-module-dictionary.md": "tests/test_upstream.py",
}
# Blocks that no test runs, marked as text, and why.
NOT_RUN = {
    "docs/import/ecos.md": "installs the tool, which CI has",
    "docs/import/fmpy.md": "installs the tool, which CI has",
    "docs/import/libcosim.md": "installs the tool, which CI has",
    "docs/import/omsimulator.md": "**Not tested",
    "docs/import/pyfmi.md": "**Not tested",
    "docs/upstream/1-abort-at-exit.md": "what another program prints",
    "docs/upstream/3-null-log-category.md": "what another program prints",
}
# Not a program: a drawing, or words.
DRAWINGS = ("", "mermaid")
# What begins a command, and is more than the name of a program.
COMMAND = r"`((?:\w+=\S+ )?(?:heatpump-twin|python|make|pip|pythonfmu|ecos) [^`]*)`"
# Commands to somebody else, by page: not this project's, or on a page of what is not tested.
NOT_OURS = {
    "docs/import/README.md": ("pip install -r requirements.txt",),
    "docs/import/pyfmi.md": ("pip install pyfmi",),
    "docs/model.md": ("pip install distributed",),
}


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    page: str
    language: str
    text: str


BLOCKS = [
    Block(page, language, text)
    for page, content in PAGES.items()
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```", content, re.DOTALL | re.MULTILINE)
]


def is_elsewhere(command: str) -> bool:
    return command.startswith((*RUN_ELSEWHERE, *BY_HAND))


def commands() -> list[str]:
    """Each command of README and docs that is run here, once, in the order of the pages."""
    found = [
        line.split("#")[0].strip()
        for block in BLOCKS
        if block.language == "sh" and block.page not in BLOCKS_ELSEWHERE
        for line in block.text.splitlines()
    ]
    for page, content in PAGES.items():
        inline = re.findall(COMMAND, content)
        found += [c for c in inline if c not in NOT_OURS.get(page, ())]
    return [c for c in dict.fromkeys(found) if c and not is_elsewhere(c) and c not in UNFINISHED]


# Named without all that they need, in a sentence.
UNFINISHED = (
    "heatpump-twin build --start frost=estimated",
    "heatpump-twin calibrate",
    "heatpump-twin plateaus",
    "heatpump-twin watch LOG",
)


def blocks(language: str) -> list[Block]:
    """Blocks of a language that are run here."""
    return [b for b in BLOCKS if b.language == language and b.page not in BLOCKS_ELSEWHERE]


@pytest.fixture(scope="module")
def workplace(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "out").mkdir()
    shutil.copy(fmu, folder / "out" / "mci_lab.fmu")
    shutil.copy(ROOT / "build_fmu.py", folder)
    shutil.copy(machine_path("mci_lab"), folder / "my_machine.toml")
    shutil.copytree(ROOT / "fmu_src", folder / "fmu_src")
    for place in (folder / "path" / "to" / "my_data", folder / "my_data"):
        shutil.copytree(ROOT / "validation_data" / "mci_lab", place)
    for name in ("out/my_machine.fmu", "other.fmu"):
        shutil.copy(fmu, folder / name)
    (folder / "other.toml").write_text('[fmu.map.T_source_in]\nname = "T_source_in"\n')
    return folder


def run(command: str | list[str], folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        shell=isinstance(command, str),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", commands())
def test_command(workplace: Path, command: str) -> None:
    run(command, workplace)


def test_what_is_run_elsewhere_is() -> None:
    for command, (file, text) in RUN_ELSEWHERE.items():
        assert text in (ROOT / file).read_text(encoding="utf-8"), command
        assert any(command in content for content in PAGES.values()), command
    for command, page in BY_HAND.items():
        assert command in PAGES[page]
    for page, file in BLOCKS_ELSEWHERE.items():
        assert (ROOT / file).is_file(), file
        assert any(b.page == page for b in BLOCKS), page


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: f"{b.page}-{b.language}")
def test_each_block_is_run_or_says_why_not(block: Block) -> None:
    if block.language in ("sh", "python", "toml") or block.language in DRAWINGS:
        return
    assert block.language == "text", f"{block.page}: nobody runs a block of {block.language}"
    assert block.page in NOT_RUN, f"{block.page}: nobody runs the block {block.text[:60]!r}"
    reason = NOT_RUN[block.page]
    assert not reason.startswith("**") or reason in PAGES[block.page]


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda b: b.page)
def test_toml(block: Block) -> None:
    content = tomllib.loads(block.text)
    if "fmu" in content:
        assert FmuMap.model_validate(content["fmu"]).map


def test_the_commands_have_fitted_the_example(workplace: Path) -> None:
    """What `calibrate` left in the folder of `init`; `test_command` has run it, once for both."""
    folder = workplace / "my_heat_pump"
    example = load_dataset(str(folder))
    record = CalibrationRecord.load(record_path(folder / "machine.toml"))
    assert record.records == list(example.values.index)  # none was left out
    assert record.is_leave_one_out
    unseen, fitted = record.frame("leave_one_out", "values"), record.fit_answers
    assert fitted.index.tolist() == record.records
    for q in ("P_el", "Q_flow_sink"):
        errors = unseen[q] / example.values[q] - 1.0
        assert errors.abs().mean() < 0.03, q
        # The fit saw what the others did not, and is none of them.
        assert (fitted[q] / unseen[q] - 1.0).abs().max() < 0.05, q
        assert (fitted[q] != unseen[q]).all(), q
    machine = read_machine(str(folder / "machine.toml"))
    assert machine.name == "my_heat_pump"
    # The fit solves the cycle without checking its physics; the FMU does check it.
    cycle, envelope = HeatPumpCycle(machine), machine.envelope
    for number in record.records:
        boundary = {q: float(example.values.loc[number, q]) for q in BOUNDARY_QUANTITIES}
        point = cycle.off_design(Boundary(**boundary))
        assert envelope.p_low_min < point.p_low
        assert point.p_high < envelope.p_high_max
        assert point.T_discharge < envelope.T_discharge_max


@pytest.mark.parametrize("block", blocks("python"), ids=lambda b: b.page)
def test_python(workplace: Path, block: Block) -> None:
    run([sys.executable, "-c", block.text], workplace)


def test_there_is_something_to_run() -> None:
    assert len(commands()) >= 12
    assert {b.page for b in blocks("python")} == {"README.md", "docs/fmu.md"}


def test_the_first_screen_of_the_readme_says_what_it_is() -> None:
    """One sentence, one picture, one table, two commands, five lines of code, and few more."""
    assert len(README.splitlines()) <= MOST_LINES
    first = README.partition("\n## ")[0]
    places = [
        first.index(part) for part in ("# heatpump-twin", "\n**A digital", "![", "\n| ", "```sh")
    ]
    assert places == sorted(places)
    assert first.count("![") == 1
    shell, python = (b.text.splitlines() for b in BLOCKS[:2])
    assert [line.split("#")[0].strip() for line in shell] == ["make demo", "make test"]
    assert sum(1 for line in python if line) == 5
    assert len(first.splitlines()) < 40


def test_figures_of_the_readme_are_those_of_unseen_records(all_scores: dict[str, Scores]) -> None:
    rows = [line for line in README.splitlines() if re.match(r"\| .*(MCI|NIST|RWTH)", line)]
    for row, scores in zip(rows, all_scores.values(), strict=True):
        _, count, power, heat, cop = (cell.strip() for cell in row.strip("|").split("|"))
        assert int(count) == len(scores.sets[LEAVE_ONE_OUT])
        bands = {s.quantity: s for s in sharpness(scores)}
        heat_of = next((q for q in ("Q_flow_sink", "Q_flow_source") if q in bands), "")
        for cell, quantity in ((power, "P_el"), (heat, heat_of), (cop, "COP")):
            if quantity not in bands:
                assert cell.startswith("not recorded")
                continue
            error, width = map(float, re.findall(r"([\d.]+) %", cell))
            errors = scores.find(MODEL, LEAVE_ONE_OUT, quantity)
            assert errors is not None
            assert errors.mape == pytest.approx(error, abs=0.051)
            assert bands[quantity].share == pytest.approx(width, abs=0.051)


QUANTITY_OF_ROW = {
    "electric power": "P_el",
    "heat to the sink": "Q_flow_sink",
    "heat from the source": "Q_flow_source",
    "COP": "COP",
    "suction pressure": "p_low",
    "discharge pressure": "p_high",
    "refrigerant flow": "m_flow_refrigerant",
    "suction temperature": "T_suction",
    "discharge temperature": "T_discharge",
    "liquid temperature": "T_liquid",
    "sink outlet": "T_sink_out",
    "source outlet": "T_source_out",
}
COLUMNS = [
    (MODEL, LEAVE_ONE_OUT),
    ("linear regression", LEAVE_ONE_OUT),
    ("quadratic regression", LEAVE_ONE_OUT),
    (MODEL, FITTED),
    (MODEL, EXTRAPOLATION),
    ("linear regression", EXTRAPOLATION),
]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("## MCI", "mci_lab"),
        ("## NIST", "nist_split"),
        ("## RWTH", "rwth_brine_water"),
    ],
)
def test_figures_are_those_of_the_scores(
    heading: str, name: str, all_scores: dict[str, Scores]
) -> None:
    scores = all_scores[name]
    section = ACCURACY[ACCURACY.index(heading) :].split("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    shown = {s.quantity for s in scores.scores if s.predictor == MODEL}
    assert {QUANTITY_OF_ROW[row.split("|")[1].strip()] for row in rows} == shown
    for row in rows:
        title, *cells = (cell.strip(" *") for cell in row.strip("|").split("|"))
        for (predictor, split), cell in zip(COLUMNS, cells, strict=True):
            errors = scores.find(predictor, split, QUANTITY_OF_ROW[title])
            assert errors is not None
            figure, unit = cell.split()
            value = errors.mape if unit == "%" else errors.mae
            assert value == pytest.approx(float(figure), abs=0.051 if unit == "%" else 0.0051)
    certificate = scores.fmu.certificate
    assert certificate is not None
    row = next(line for line in MODEL_PAGE.splitlines() if line.startswith(f"| `{name}`"))
    nodes, *figures = (float(cell.split()[0]) for cell in row.strip("|").split("|")[1:])
    assert nodes == certificate.nodes
    for figure, outputs in zip(figures, CERTIFIED_COLUMNS, strict=True):
        largest = max(certificate.errors[output].maximum for output in outputs)
        assert largest == pytest.approx(figure, rel=0.2, abs=0.00055)
    if scores.compressor is not None:
        power, flow = re.findall(r"left out: power ([\d.]+) %, flow ([\d.]+) %", section)[0]
        assert scores.compressor.P_el == pytest.approx(float(power), abs=0.051)
        assert scores.compressor.m_flow_refrigerant == pytest.approx(float(flow), abs=0.051)


def test_missed_limits_are_counted(all_scores: dict[str, Scores]) -> None:
    limits = [t for s in all_scores.values() for t in s.thresholds if not t.is_least]
    missed = [t for t in limits if not t.passed]
    assert f"By it {len(missed)} of {len(limits)} limits of errors are missed" in ACCURACY
    assert f"{len(missed)} of {len(limits)} limits of errors are missed" in README


def anchors(page: str) -> set[str]:
    """Names of a page's headings, as hosts of repositories make them."""
    heads = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_files_and_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target
