"""A slave that does on its next step what the text variable `command` says; quick to load."""

from pathlib import Path

from pythonfmu import Boolean, Fmi2Causality, Fmi2Slave, Integer, Real, String
from pythonfmu.enums import Fmi2Status, Fmi2Variability

GREETING = "made: 100 % of %s"


class Obedient(Fmi2Slave):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if (Path(self.resources) / "missing_package").exists():
            import package_that_is_missing  # noqa: F401
        self.x = 1.0
        self.flag = False
        self.fixed = 1
        self.tunable = 1.0
        self.command = ""
        self.register_variable(Real("x", causality=Fmi2Causality.input))
        self.register_variable(Real("y", causality=Fmi2Causality.output, getter=lambda: self.x))
        self.register_variable(
            Integer(
                "fixed",
                causality=Fmi2Causality.parameter,
                variability=Fmi2Variability.fixed,
            )
        )
        self.register_variable(
            Real(
                "tunable",
                causality=Fmi2Causality.parameter,
                variability=Fmi2Variability.tunable,
            )
        )
        discrete = {"causality": Fmi2Causality.input, "variability": Fmi2Variability.discrete}
        self.register_variable(Boolean("flag", **discrete))
        self.register_variable(String("command", **discrete))
        self.log(GREETING, Fmi2Status.ok)

    def do_step(self, current_time, step_size):
        order, _, text = self.command.partition(" ")
        if order == "raise":
            raise RuntimeError(text)
        if order in ("warning", "error"):
            self.log(text, Fmi2Status[order])
        return order != "refuse"
