"""What the columns of a log mean: the content of the descriptor of a series."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES
from heatpump_twin.model.settings import CONTROLS

from .completion import HEAT, SPEED
from .datasets import Column, Constant, Limits
from .fields import Positive, QuantityName, Strict, Text
from .files import DESCRIPTOR, TIME, dataset_folder
from .fmu_map import FmuMap
from .log_time import TimeColumn, Window
from .registry import Registered
from .tables import TableFormat

ON_CHANGE = "on_change"

#: Parts of a log that are scored apart, in the order in which they are told.
PHASES = (
    "start-up",
    "steady",
    "running",
    "stop",
    "standstill",
    "defrost",
    "hot water",
)
ALL = "all"
#: What a plant is doing, told by its states: each step belongs to one of them.
HEATING = "heating"
OPERATIONS = (HEATING, "hot water", "defrost")
Phase = Literal[
    "all",
    "on",
    "start-up",
    "steady",
    "running",
    "stop",
    "standstill",
    "defrost",
    "hot water",
    "heating",
]

#: What a log may say of the plant beside its quantities.
COMPRESSOR, DEFROST, HOT_WATER, DEMAND = "compressor", "defrost", "hot_water", "demand"
SINK_PUMP = "sink_pump"
StateName = Literal["compressor", "defrost", "hot_water", "source_pump", "sink_pump", "demand"]

ON = ("1", "on", "true", "ein", "an", "betrieb")
OFF = ("0", "off", "false", "aus")


class SeriesColumn(Column):
    """A column of a log that is a quantity.

    Attributes
    ----------
    writes : str
        ``every_row``, or ``on_change``: an empty cell means "as before".
    not_read : tuple of float
        Numbers of the column that stand for "not read".
    numbers : dict of str to float
        Numbers that stand as text.
    offset : float
        Is added to each reading, in the unit of an uncertainty.
    """

    writes: Literal["every_row", "on_change"] = "every_row"
    not_read: tuple[float, ...] = ()
    numbers: dict[str, float] = Field(default_factory=dict)
    offset: float = 0.0

    def _check_gaps(self) -> None:
        if self.gaps and self.writes == ON_CHANGE:
            raise ValueError('gaps = true goes with writes = "every_row"')


class StateColumn(Strict):
    """A column of a log that says whether something is on.

    Its cells are texts of `on` or `off`, or numbers, of which those over `above` mean on.
    """

    column: Text
    on: tuple[str, ...] = ON
    off: tuple[str, ...] = OFF
    above: float | None = None
    writes: Literal["every_row", "on_change"] = "every_row"
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> StateColumn:
        both = {t.casefold() for t in self.on} & {t.casefold() for t in self.off}
        if both:
            raise ValueError(f"{sorted(both)[0]!r} means both on and off")
        return self


class Resampling(Strict):
    """Even steps that a log is brought to.

    `step` in s; ``mean``: each number is the mean over the step; ``sample``: that at its end.
    """

    step: Positive
    kind: Literal["mean", "sample"] = "mean"


class DerivedHeat(Strict):
    """Heat of a stream from its flow and temperatures.

    `offset` is added to the difference of temperatures, K: what it reads while only pumps run, with
    the sign turned round.
    """

    medium: Text
    offset: float = 0.0
    uncertainty: Positive = 0.2
    note: str = ""


class PhaseTimes(Strict):
    """How long a start and a stop are taken to last, s."""

    start_up: Positive = 300.0
    stop: Positive = 300.0


#: Inputs of the machine that a log may give it: a speed, a heat, or a supply temperature.
GIVEN_SPEED, GIVEN_HEAT, GIVEN_SUPPLY = CONTROLS

#: The reading that is given in each case; what follows from it predicts nothing.
GIVEN_QUANTITIES = {GIVEN_SPEED: SPEED, GIVEN_HEAT: HEAT, GIVEN_SUPPLY: "T_sink_out"}


class Control(Strict):
    """What a log gives to the machine beside temperatures and flows.

    `given` is a value of the FMU's parameter ``control``. By default the speed, or the heat where
    the speed is only assumed and heat was read.
    """

    given: Literal["speed", "heat_flow", "supply_temperature"] | None = None


class SeriesLimits(Limits):
    """Largest errors of a quantity in a phase.

    `energy_max` is per cent of the energy of the run (phase ``all``) or of an operation.
    """

    energy_max: Positive | None = None


class StartLimits(Strict):
    """How many starts of the compressor more or fewer than recorded are allowed."""

    difference_max: Annotated[int, Field(ge=0)]


class SeriesDescriptor(Strict):
    """The content of the ``descriptor.toml`` of a log; see ``docs/series.md``."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
    title: str
    machine: str | None = None
    points: str | None = None
    start: Text | None = None
    points_are_of_this_log: bool = False
    table: Text | None = None
    tables: tuple[Text, ...] = ()
    table_format: TableFormat = TableFormat()
    overlap: Literal["refuse", "first", "last"] = "refuse"
    source: str
    date: str = "not stated"
    licence: str
    time: TimeColumn
    window: Window = Window()
    resampling: Resampling | None = None
    phases: PhaseTimes = PhaseTimes()
    control: Control = Control()
    columns: dict[str, SeriesColumn]
    states: dict[StateName, StateColumn] = Field(default_factory=dict)
    constants: dict[QuantityName, Constant] = Field(default_factory=dict)
    derived: dict[Literal["Q_flow_sink", "Q_flow_source"], DerivedHeat] = Field(
        default_factory=dict
    )
    registered: dict[str, Registered] = Field(default_factory=dict)
    thresholds: dict[Phase, dict[QuantityName, SeriesLimits]] = Field(default_factory=dict)
    starts: StartLimits | None = None
    fmu: FmuMap | None = None

    @model_validator(mode="after")
    def _check(self) -> SeriesDescriptor:
        if (self.table is None) == (not self.tables):
            raise ValueError("give either table or tables")
        given: dict[str, str] = {}
        for place, quantity in [
            *((f"columns.{header}", column.quantity) for header, column in self.columns.items()),
            *((f"constants.{name}", name) for name in self.constants),
            *((f"derived.{name}", name) for name in self.derived),
        ]:
            if quantity in given:
                raise ValueError(f"{quantity} is given by both {given[quantity]} and {place}")
            given[quantity] = place
        missing = [name for name in BOUNDARY_QUANTITIES if name not in given]
        if missing:
            raise ValueError(
                f"inputs of the model without a column or a constant: {', '.join(missing)}"
            )
        if COMPRESSOR not in self.states and "compressor_speed" in self.constants:
            raise ValueError(
                "states.compressor: expected the column that says when the compressor runs, since "
                "compressor_speed is a constant"
            )
        for name, constant in self.constants.items():
            si = to_si(constant.value, constant.unit, QUANTITIES[name].unit)
            if not QUANTITIES[name].minimum <= si <= QUANTITIES[name].maximum:
                raise ValueError(f"constants.{name}: {constant.value:g} is outside physics")
        for name in self.derived:
            side = name.rsplit("_", 1)[-1]
            for other in (f"m_flow_{side}", f"T_{side}_in", f"T_{side}_out"):
                if other not in given:
                    raise ValueError(f"derived.{name}: follows from {other}, which is not given")
        self._check_control(given)
        for phase, of_phase in self.thresholds.items():
            for quantity, limits in of_phase.items():
                self._check_is_scored(phase, quantity, limits)
                if limits.energy_max is not None and phase not in (ALL, *OPERATIONS):
                    raise ValueError(
                        f"thresholds.{phase}.{quantity}.energy_max: an energy is of one of "
                        f"{', '.join((ALL, *OPERATIONS))}"
                    )
                if phase == HEATING and set(limits.by_measure) != {"energy"}:
                    raise ValueError(
                        f"thresholds.{phase}.{quantity}: heating holds start-ups and standstills; "
                        "expected energy_max alone, or the limit in another phase"
                    )
        return self

    def _check_is_scored(self, phase: str, quantity: str, limits: SeriesLimits) -> None:
        """Refuse a limit on what is given, or follows from it, which no FMU could keep or miss."""
        if self.given == GIVEN_SPEED:
            return
        why = f'control.given = "{self.given}"'
        if phase == PHASES[-1] and self.given == GIVEN_SUPPLY:
            raise ValueError(
                f'thresholds."{phase}".{quantity}: with {why} hot water is not asked for, so that '
                "nothing of it is scored"
            )
        # Heat of an operation is what the FMU chose, where a temperature is given.
        is_chosen = quantity == HEAT and self.given == GIVEN_SUPPLY and phase in OPERATIONS
        if quantity in (HEAT, "T_sink_out") and not (
            is_chosen and set(limits.by_measure) == {"energy"}
        ):
            raise ValueError(
                f"thresholds.{phase}.{quantity}: with {why} it is given, or follows from what is, "
                "and is not scored"
            )

    def _check_control(self, places: dict[str, str]) -> None:
        """Refuse what is to be given and was not read."""
        if self.given == GIVEN_HEAT and not self.reads_heat:
            raise ValueError(
                f'control.given = "{GIVEN_HEAT}": no heat was read; expected a column of {HEAT}, '
                f"or [derived.{HEAT}] from a sink flow that was read and not assumed"
            )
        if self.given == GIVEN_SUPPLY and "T_sink_out" not in places:
            raise ValueError(
                f'control.given = "{GIVEN_SUPPLY}": no column of T_sink_out, which is given'
            )
        if self.given == GIVEN_SUPPLY and DEMAND not in self.states:
            raise ValueError(
                f'control.given = "{GIVEN_SUPPLY}": expected [states.{DEMAND}], the column that '
                "says when the supply temperature is asked for"
            )
        if self.starts is not None and self.given != GIVEN_SUPPLY:
            raise ValueError(
                f'starts: the FMU chooses its starts only with control.given = "{GIVEN_SUPPLY}"'
            )

    @property
    def reads_heat(self) -> bool:
        """Whether heat to the sink was read, or follows from a flow that was."""
        flow = self.constants.get("m_flow_sink")
        return any(c.quantity == HEAT for c in self.columns.values()) or (
            HEAT in self.derived and (flow is None or flow.recorded)
        )

    @property
    def given(self) -> str:
        """What is given to the machine, a value of the FMU's parameter ``control``."""
        if self.control.given is not None:
            return self.control.given
        speed = self.constants.get(SPEED)
        is_assumed = speed is not None and not speed.recorded
        return GIVEN_HEAT if is_assumed and self.reads_heat else GIVEN_SPEED

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its tables, in the order in which they follow each other."""
        return self.tables or (str(self.table),)


def read_series_descriptor(name_or_path: str) -> SeriesDescriptor:
    """Read and check the descriptor of a log.

    Raises
    ------
    InputError
        If it cannot be used; the message names field and expectation.
    """
    path = dataset_folder(name_or_path) / DESCRIPTOR
    content = read_toml(path, "descriptor")
    if TIME not in content:
        raise InputError(
            f"descriptor {path}: is of points and not of a log; a log has a table [time] with the "
            "column of its time"
        )
    try:
        return SeriesDescriptor.model_validate(content)
    except ValidationError as error:
        raise InputError(f"descriptor {path}:\n  {describe(error)}") from error
