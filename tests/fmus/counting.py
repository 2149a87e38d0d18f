"""A slave that any version of pythonfmu can build: it counts its steps."""

from pythonfmu import Fmi2Causality, Fmi2Slave, Real


class Counting(Fmi2Slave):
    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.count = 0.0
        self.register_variable(Real("count", causality=Fmi2Causality.output))

    def do_step(self, current_time: float, step_size: float) -> bool:
        self.count += 1.0
        return True
