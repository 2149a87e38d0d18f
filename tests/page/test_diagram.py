"""The log(p)-h data that pages get, beside CoolProp."""

from __future__ import annotations

import json
from pathlib import Path

import CoolProp
import numpy as np
import pytest

from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.page.diagram import log_p_h
from heatpump_twin.page.kept_diagram import kept_log_p_h
from heatpump_twin.solving.media import abstract_state

# Largest errors that nobody sees on a screen: K and J/(kg K).
LARGEST_T, LARGEST_S = 0.3, 1.5


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_states_between_the_columns_are_those_of_coolprop(name: str) -> None:
    machine = read_machine(name)
    found = json.loads(json.dumps(log_p_h(machine), allow_nan=False))
    assert found["p"][0] < machine.envelope.p_low_min
    assert found["p"][1] > machine.envelope.p_high_max
    rows, state, rng = found["rows"], abstract_state(machine.refrigerant), np.random.default_rng(3)
    pressures = np.array(rows["p"])
    for side, end in (("vapour", found["h"][1]), ("liquid", found["h"][0])):
        T, s = (np.array(found[side][q], dtype=float) for q in ("T", "s"))
        for _ in range(200):
            i = rng.integers(0, int(np.sum(pressures < 0.8 * found["p_critical"])) - 1)
            u = rng.uniform(0.0, T.shape[1] - 1.001)
            w, k = rng.uniform(), int(u)
            p = float(np.exp((1 - w) * np.log(pressures[i]) + w * np.log(pressures[i + 1])))
            saturated = (1 - w) * rows[f"h_{side}"][i] + w * rows[f"h_{side}"][i + 1]
            h = saturated + u / (T.shape[1] - 1) * (end - saturated)
            weights = np.outer([1 - w, w], [1 - (u - k), u - k])
            near = [np.sum(weights * of[i : i + 2, k : k + 2]) for of in (T, s)]
            if not np.all(np.isfinite(near)):
                continue
            state.update(CoolProp.HmassP_INPUTS, float(h), p)
            assert abs(near[0] - state.T()) < LARGEST_T, (side, p, h)
            assert abs(near[1] - state.smass()) < LARGEST_S, (side, p, h)


def test_a_diagram_is_kept_and_a_damaged_one_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATPUMP_TWIN_CACHE", str(tmp_path))
    machine = read_machine("mci_lab")
    made = kept_log_p_h(machine)
    assert made == log_p_h(machine)
    (file,) = (tmp_path / "diagrams").iterdir()
    written = file.stat().st_mtime_ns
    assert kept_log_p_h(machine) == made
    assert file.stat().st_mtime_ns == written
    file.write_text(file.read_text()[:1000])
    assert kept_log_p_h(machine) == made
    other = machine.with_parameters({"envelope.p_high_max": 4.0e6})
    assert kept_log_p_h(other)["p"] == log_p_h(other)["p"]
    # A page of another machine with this refrigerant has its own note.
    noted = read_machine("rwth_brine_water")
    assert kept_log_p_h(noted)["note"] == noted.refrigerant_note != made["note"]


def test_isolines_have_their_value() -> None:
    machine = read_machine("mci_lab")
    found, state = log_p_h(machine), abstract_state(machine.refrigerant)
    checked = 0
    for kind, value_of, largest in (("isotherms", "T", 0.5), ("isentropes", "smass", 3.0)):
        for line in found[kind]:
            for h, p in list(zip(line["h"], line["p"], strict=True))[::4]:
                if p < 0.8 * found["p_critical"]:
                    state.update(CoolProp.HmassP_INPUTS, h, p)
                    assert abs(getattr(state, value_of)() - line["value"]) < largest, (kind, h, p)
                    checked += 1
    assert checked > 50
