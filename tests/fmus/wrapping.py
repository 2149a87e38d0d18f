"""A slave that runs an FMU of this project inside, with other names, units and signs."""

from pathlib import Path

from pythonfmu import Fmi2Causality, Fmi2Slave, Real

from heatpump_twin.harness.stepping.session import Session

ZERO_CELSIUS = 273.15

# Name here, name in the FMU inside, factor and offset of the value here.
INPUTS = (
    ("nRel", "compressor_speed", 1.0, 0.0),
    ("TBri_in", "T_source_in", 1.0, -ZERO_CELSIUS),
    ("TWat_in", "T_sink_in", 1.0, -ZERO_CELSIUS),
    ("mBri", "m_flow_source", 60.0, 0.0),
    ("mWat", "m_flow_sink", 1.0, 0.0),
)
OUTPUTS = (
    ("PCom", "P_el", 1e-3, 0.0),
    ("QCon", "Q_flow_sink", -1e-3, 0.0),
    ("QEva", "Q_flow_source", -1e-3, 0.0),
    ("epsilon", "COP", 1.0, 0.0),
    ("pEva", "p_low", 1e-5, 0.0),
    ("pCon", "p_high", 1e-5, 0.0),
    ("TSuc", "T_suction", 1.0, -ZERO_CELSIUS),
    ("TDis", "T_discharge", 1.0, -ZERO_CELSIUS),
)


class Wrapping(Fmi2Slave):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        (self.inside,) = Path(self.resources).glob("*.fmu")
        self.values = dict.fromkeys((row[0] for row in (*INPUTS, *OUTPUTS)), 0.0)
        self.session = None
        for rows, causality in ((INPUTS, Fmi2Causality.input), (OUTPUTS, Fmi2Causality.output)):
            for name, *_ in rows:
                self.register_variable(
                    Real(
                        name,
                        causality=causality,
                        getter=lambda n=name: self.values[n],
                        setter=lambda v, n=name: self.values.__setitem__(n, v),
                    )
                )

    def do_step(self, current_time, step_size):
        inputs = {q: (self.values[n] - offset) / factor for n, q, factor, offset in INPUTS}
        if self.session is None:
            self.session = Session(self.inside, start_values=inputs)
        answers = self.session.step(inputs, step_size)
        self.values |= {n: factor * answers[q] + offset for n, q, factor, offset in OUTPUTS}
        return True

    def terminate(self):
        if self.session is not None:
            self.session.close()
