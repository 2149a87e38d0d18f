"""Rules of FMI 2.0 for a model description that neither its schema nor FMPy's validator checks.

Each rule is a row of `RULES`: its place in the standard, and a function that says what breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element


@dataclass(frozen=True)
class Problem:
    """Where a model description breaks the standard.

    Attributes
    ----------
    place : str
        Section of the FMI 2.0 standard.
    message : str
        What is wrong, with the name of the variable.
    """

    place: str
    message: str

    def __str__(self) -> str:
        return f"FMI 2.0, {self.place}: {self.message}"


# Causality and variability that go together, with the initial values allowed, the default first.
_EXACT, _CALCULATED, _NONE = ("exact",), ("calculated", "approx"), ("",)
_ANY = ("calculated", "exact", "approx")
INITIAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("parameter", "fixed"): _EXACT,
    ("parameter", "tunable"): _EXACT,
    ("calculatedParameter", "fixed"): _CALCULATED,
    ("calculatedParameter", "tunable"): _CALCULATED,
    ("input", "discrete"): _NONE,
    ("input", "continuous"): _NONE,
    ("output", "constant"): _EXACT,
    ("output", "discrete"): _ANY,
    ("output", "continuous"): _ANY,
    ("local", "constant"): _EXACT,
    ("local", "fixed"): _CALCULATED,
    ("local", "tunable"): _CALCULATED,
    ("local", "discrete"): _ANY,
    ("local", "continuous"): _ANY,
    ("independent", "continuous"): _NONE,
}


@dataclass(frozen=True)
class _Variable:
    """A ScalarVariable with FMI's defaults filled in; `type` is its element Real, Integer etc."""

    index: int
    name: str
    causality: str
    variability: str
    type: Element
    given_initial: str | None

    @property
    def initial(self) -> str:
        """What is given, or what FMI takes for it; empty where there is none."""
        allowed = INITIAL.get((self.causality, self.variability), _NONE)
        return self.given_initial or allowed[0]

    @property
    def start(self) -> str | None:
        return self.type.get("start")


def _variables(root: Element) -> list[_Variable]:
    found = []
    for index, node in enumerate(root.iterfind("ModelVariables/ScalarVariable"), start=1):
        default = "continuous" if node[0].tag == "Real" else "discrete"
        causality = node.get("causality", "local")
        if causality in ("parameter", "calculatedParameter"):
            default = "fixed"
        found.append(
            _Variable(
                index,
                node.get("name", ""),
                causality,
                node.get("variability", default),
                node[0],
                node.get("initial"),
            )
        )
    return found


def _generation_time(root: Element) -> Iterator[str]:
    text = root.get("generationDateAndTime")
    if text is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        yield f"generationDateAndTime {text} is not of the form YYYY-MM-DDThh:mm:ssZ"


def _identifier(root: Element) -> Iterator[str]:
    name = _co_simulation(root).get("modelIdentifier", "")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        yield f"modelIdentifier {name!r} is no identifier of C"


def _state_flags(root: Element) -> Iterator[str]:
    flags = _co_simulation(root).attrib
    if flags.get("canSerializeFMUstate") == "true" != flags.get("canGetAndSetFMUstate"):
        yield "canSerializeFMUstate without canGetAndSetFMUstate"


def _co_simulation(root: Element) -> Element:
    found = root.find("CoSimulation")
    return Element("CoSimulation") if found is None else found


def _units(root: Element) -> Iterator[str]:
    defined = {
        unit.get("name"): {d.get("name") for d in unit.iterfind("DisplayUnit")}
        for unit in root.iterfind("UnitDefinitions/Unit")
    }
    for variable in _variables(root):
        unit, shown = variable.type.get("unit"), variable.type.get("displayUnit")
        if unit is not None and unit not in defined:
            yield f"{variable.name}: unit {unit} is not defined"
        if shown is not None and shown not in defined.get(unit, {unit}):
            yield f"{variable.name}: display unit {shown} is not defined for unit {unit}"


def _default_experiment(root: Element) -> Iterator[str]:
    experiment = root.find("DefaultExperiment")
    if experiment is None:
        yield "there is no default experiment"
        return
    try:
        start, stop, step = (
            float(experiment.attrib[name]) for name in ("startTime", "stopTime", "stepSize")
        )
    except KeyError as error:
        yield f"the default experiment does not say {error.args[0]}"
        return
    if not 0.0 < step <= stop - start:
        yield f"the default experiment from {start} to {stop} has no room for steps of {step}"


def _combinations(root: Element) -> Iterator[str]:
    for v in _variables(root):
        allowed = INITIAL.get((v.causality, v.variability))
        if allowed is None:
            yield f"{v.name}: no {v.causality} is {v.variability}"
        elif v.given_initial is not None and v.given_initial not in allowed:
            yield f"{v.name}: initial {v.given_initial} of a {v.variability} {v.causality}"
        if v.variability == "continuous" and v.type.tag != "Real":
            yield f"{v.name}: only a Real is continuous, and not a {v.type.tag}"


def _start_values(root: Element) -> Iterator[str]:
    for v in _variables(root):
        needed = v.causality == "input" or v.initial in ("exact", "approx")
        if needed and v.start is None:
            yield f"{v.name}: needs a start value ({v.causality}, initial {v.initial or 'none'})"
        if not needed and v.start is not None:
            yield f"{v.name}: may have no start value ({v.causality}, initial {v.initial})"


def _ranges(root: Element) -> Iterator[str]:
    for v in _variables(root):
        if v.type.tag not in ("Real", "Integer"):
            continue
        given = {name: float(v.type.attrib[name]) for name in _BOUNDS if name in v.type.attrib}
        if list(given.values()) != sorted(given.values()):
            said = ", ".join(f"{name} {value:g}" for name, value in given.items())
            yield f"{v.name}: not in ascending order: {said}"
        if float(v.type.get("nominal", 1.0)) == 0.0:
            yield f"{v.name}: nominal is 0"


_BOUNDS = ("min", "start", "max")


def _outputs(root: Element) -> Iterator[str]:
    expected = [v.index for v in _variables(root) if v.causality == "output"]
    yield from _list_of(root, "Outputs", expected)


def _initial_unknowns(root: Element) -> Iterator[str]:
    expected = [
        v.index
        for v in _variables(root)
        if v.causality == "calculatedParameter"
        or (v.causality == "output" and v.initial in ("calculated", "approx"))
    ]
    yield from _list_of(root, "InitialUnknowns", expected)


def _list_of(root: Element, name: str, expected: list[int]) -> Iterator[str]:
    found = [int(u.attrib["index"]) for u in root.iterfind(f"ModelStructure/{name}/Unknown")]
    missing, surplus = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing:
        yield f"{name} lacks the variables {missing}"
    if surplus:
        yield f"{name} holds {surplus}, which do not belong there"
    if found != sorted(set(found)):
        yield f"{name} is not in ascending order"


def _dependency_lists(root: Element) -> Iterator[str]:
    by_index = {v.index: v for v in _variables(root)}
    for name, is_known in (("Outputs", _is_input), ("InitialUnknowns", _is_known_at_start)):
        for unknown in root.iterfind(f"ModelStructure/{name}/Unknown"):
            of = f"{name}, variable {unknown.get('index')}"
            listed = [int(i) for i in unknown.get("dependencies", "").split()]
            if listed != sorted(set(listed)):
                yield f"{of}: dependencies are not in ascending order"
            for i in listed:
                if i not in by_index or not is_known(by_index[i]):
                    yield f"{of}: depends on {i}, which is no known there"
            kinds = unknown.get("dependenciesKind")
            if kinds is not None and len(kinds.split()) != len(listed):
                yield f"{of}: as many dependenciesKind as dependencies are needed"


def _is_input(variable: _Variable) -> bool:
    return variable.causality in ("input", "independent")


def _is_known_at_start(variable: _Variable) -> bool:
    return _is_input(variable) or (variable.initial == "exact" and variable.start is not None)


Rule = Callable[[Element], Iterator[str]]

RULES: tuple[tuple[str, Rule], ...] = (
    ("2.2.1 (generationDateAndTime)", _generation_time),
    ("2.2.2 (units)", _units),
    ("2.2.5 (default experiment)", _default_experiment),
    ("2.2.7 (causality, variability, initial)", _combinations),
    ("2.2.7 (start)", _start_values),
    ("2.2.7 (min, max, nominal)", _ranges),
    ("2.2.8 (Outputs)", _outputs),
    ("2.2.8 (InitialUnknowns)", _initial_unknowns),
    ("2.2.8 (dependencies)", _dependency_lists),
    ("4.3.1 (modelIdentifier)", _identifier),
    ("4.3.1 (states)", _state_flags),
)


def problems_of(root: Element) -> list[Problem]:
    """Return what breaks the rules in a model description; empty when nothing does.

    Parameters
    ----------
    root : Element
        The ``fmiModelDescription`` of an FMU for co-simulation.
    """
    return [Problem(place, message) for place, rule in RULES for message in rule(root)]


def dependency_problems(
    root: Element, element: str, seen: Mapping[str, Iterable[str]]
) -> list[Problem]:
    """Compare the dependencies that a model description lists with those that were seen.

    Parameters
    ----------
    root : Element
        The ``fmiModelDescription``.
    element : str
        ``Outputs`` or ``InitialUnknowns``.
    seen : mapping of str to names
        By name of an unknown, the variables that changed it when they were changed.
    """
    name_of = {v.index: v.name for v in _variables(root)}
    found = []
    for unknown in root.iterfind(f"ModelStructure/{element}/Unknown"):
        name = name_of[int(unknown.attrib["index"])]
        # Without the attribute an unknown depends on all knowns.
        text = unknown.get("dependencies")
        if text is None:
            found.append(f"{name} does not say on what it depends")
            continue
        listed, real = {name_of[int(i)] for i in text.split()}, set(seen[name])
        found += [f"{name} depends on {other}, which is not listed" for other in real - listed]
        found += [f"{name} is said to depend on {other}, never seen" for other in listed - real]
    return [Problem(f"2.2.8 (dependencies of {element})", text) for text in sorted(found)]
