"""A slave with the vocabulary that refuses a step, as a host sees a slave that stops early."""

from pythonfmu import Fmi2Causality, Fmi2Slave, Integer, Real

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

STOP_AT_STEP = 5


class EarlyStop(Fmi2Slave):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.values = dict.fromkeys([*BOUNDARY_QUANTITIES, *RESULT_QUANTITIES], 1.0)
        self.steps = 0
        for names, causality in (
            (BOUNDARY_QUANTITIES, Fmi2Causality.input),
            (RESULT_QUANTITIES, Fmi2Causality.output),
        ):
            for name in names:
                self.register_variable(
                    Real(
                        name,
                        causality=causality,
                        getter=lambda n=name: self.values[n],
                        setter=lambda v, n=name: self.values.__setitem__(n, v),
                    )
                )
        self.register_variable(
            Integer("operating_status", causality=Fmi2Causality.output, getter=self.status)
        )

    def status(self):
        return 1

    def do_step(self, current_time, step_size):
        self.steps += 1
        return self.steps < STOP_AT_STEP
