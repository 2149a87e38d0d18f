"""Recorded data beside the answers of the server's FMUs."""

from __future__ import annotations

import math
import threading
from dataclasses import asdict
from typing import Any

import pandas as pd

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.files import shipped_datasets
from heatpump_twin.harness.data.implied_cycle import implied_cycle
from heatpump_twin.harness.scoring.scores import boundaries
from heatpump_twin.harness.scoring.scores_file import LEAVE_ONE_OUT
from heatpump_twin.harness.scoring.validation import Validation, validate
from heatpump_twin.harness.stepping.replay import STEP_SIZE

from .fmus import Fmu, Fmus
from .problems import Problem


class Recorded:
    """The shipped data sets of the server's machines, each validated once."""

    def __init__(self, fmus: Fmus) -> None:
        self._fmus = fmus
        self._lock = threading.Lock()
        self._validations: dict[str, Validation] = {}

    def names(self) -> dict[str, str]:
        """Titles of the data sets by name; each belongs to the machine of that name."""
        return {n: t for n, t in shipped_datasets().items() if n in self._fmus.machines}

    def fmu(self, name: str) -> Fmu:
        """Return the FMU that is validated on a data set."""
        self._check(name)
        return self._fmus.machine(name)

    def records(self, name: str) -> dict[str, Any]:
        """Return the records of a data set: inputs, readings, answers, verdicts, both cycles.

        The FMU's answer to a record that it was fitted to is no prediction. `unseen` is one: of a
        fit without that record. Where the FMU had not seen the record, it is the answer itself.
        The first time takes some seconds.
        """
        of = self._validation(name)
        scores = of.scores
        dataset, inputs = scores.dataset, boundaries(scores.dataset)
        answers = scores.simulation.outputs
        left_out = (
            scores.calibration.frame(LEAVE_ONE_OUT, "values")
            if scores.calibration
            else pd.DataFrame()
        )
        records = []
        for number in dataset.values.index:
            screened = scores.screening.records[number]
            readings = dataset.values.loc[number].drop(inputs.columns)
            was_fitted = number in left_out.index
            unseen = left_out.loc[number] if was_fitted else answers.loc[number]
            cycle = asdict(implied_cycle(dataset.values.loc[number], of.machine))
            records.append(
                {
                    "record": int(number),
                    "inputs": _plain(inputs.loc[number]),
                    "readings": _plain(readings),
                    "answers": _plain(answers.loc[number]),
                    "was_fitted": was_fitted,
                    "unseen": _plain(unseen),
                    "is_scored": number in scores.screening.kept,
                    "verdict": screened.verdict,
                    "cycle": {k: v for k, v in cycle.items() if k.startswith("h_")},
                }
            )
        return {
            "name": name,
            "title": dataset.descriptor.title,
            "machine": name,
            "source": dataset.descriptor.source,
            "step_size": STEP_SIZE,
            "records": records,
        }

    def rows(self, name: str, record: int) -> list[dict[str, float]]:
        """Return the inputs of all records up to one, in the order in which they are replayed.

        Raises
        ------
        Problem
            If there is no such record.
        """
        inputs = boundaries(self._validation(name).scores.dataset)
        if record not in inputs.index:
            raise Problem(
                404,
                "unknown-record",
                f"Data set {name} has no record {record}; it has "
                f"{', '.join(map(str, inputs.index))}.",
            )
        rows = inputs.loc[:record]
        return [{str(k): float(v) for k, v in row.items()} for _, row in rows.iterrows()]

    def _check(self, name: str) -> None:
        if name not in self.names():
            raise Problem(
                404,
                "unknown-dataset",
                f"The server has no such data set; it has {', '.join(self.names()) or 'none'}.",
            )

    def _validation(self, name: str) -> Validation:
        self._check(name)
        with self._lock:
            if name not in self._validations:
                self._validations[name] = validate(load_dataset(name), self.fmu(name).path)
            return self._validations[name]


def _plain(values: pd.Series[Any]) -> dict[str, float | None]:
    return {
        str(k): float(v) if v is not None and math.isfinite(v) else None for k, v in values.items()
    }
