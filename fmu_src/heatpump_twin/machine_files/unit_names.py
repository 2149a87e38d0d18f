"""Units as people and meters write them, by kind, and the name under which each is converted."""

from __future__ import annotations

import re
import unicodedata

#: Kind to the names that are converted, each with other spellings. Spaces, case, powers and
#: multiplication dots do not count, so ``m3/h`` stands for ``m³/h`` too.
SPELLINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "temperature": {
        "degC": ("°c", "deg.c", "c", "celsius", "°celsius", "gradc", "gradcelsius", "degreesc"),
        "degF": ("°f", "deg.f", "f", "fahrenheit", "°fahrenheit", "gradf", "degreesf"),
        "K": ("kelvin", "°k", "degk"),
    },
    "pressure": {
        "Pa": ("pascal",),
        "hPa": (),
        "kPa": (),
        "MPa": (),
        "mbar": ("mb",),
        "bar": (),
        "psi": ("lb/in2", "lbf/in2"),
    },
    "power": {
        "W": ("watt", "watts"),
        "kW": ("kilowatt", "kilowatts"),
        "MW": ("megawatt",),
        "Btu/h": ("btuh", "btu/hr"),
        "kBtu/h": ("kbtuh", "kbtu/hr", "mbh"),
        "ton_of_refrigeration": ("tons", "tonsr"),
        "kcal/h": ("kcal/hr",),
    },
    "mass flow": {
        "kg/s": ("kgs-1", "kg/sec", "kg/sek", "kgps"),
        "kg/min": ("kgmin-1",),
        "kg/h": ("kgh-1", "kg/hr", "kg/std", "kgph"),
        "g/s": ("gs-1", "gps"),
        "metric_ton/h": ("t/h",),
        "lb/h": ("lb/hr", "lbs/h", "lbs/hr", "lbm/h", "lbm/hr"),
        "lb/min": ("lbs/min", "lbm/min"),
    },
    "volume flow": {
        "m^3/s": ("m3s-1", "m3s"),
        "m^3/min": ("m3min-1",),
        "m^3/h": ("m3h-1", "m3h", "cbm/h", "m3/hr", "m3/std", "cmh"),
        "l/s": ("ls-1", "lps", "ltr/s", "liter/s", "litre/s"),
        "l/min": ("lmin-1", "lpm", "ltr/min", "liter/min", "litre/min"),
        "l/h": ("lh-1", "lph", "l/hr", "l/std", "ltr/h", "liter/h", "litre/h", "liter/std"),
        "gallon/min": ("gpm", "usgpm", "gal/min", "usgal/min"),
        "ft^3/min": ("cfm",),
    },
    "turns": {
        "rpm": ("r/min", "rev/min"),
        "1/min": ("u/min", "min-1", "/min", "upm", "umin", "umdr/min", "umdr./min"),
        "1/s": ("u/s", "s-1", "/s", "rps", "rev/s"),
        "Hz": ("hertz", "1/sec"),
    },
    "share": {"percent": ("%", "prozent", "pct")},
    "one": {"1": ("-", "–", "dimensionless", "kw/kw", "w/w")},  # noqa: RUF001
    "enthalpy": {"J/kg": (), "kJ/kg": (), "Btu/lb": ()},
}

# Pressures over the ambient's, and absolute ones, are told apart by what follows the unit.
_GAUGE = r"\(?-?(?:g|gauge|ü|ue|überdruck|e|rel\.?|relativ|relative)\)?"
_ABSOLUTE = r"\(?-?(?:a|abs\.?|absolut|absolute)\)?"
GAUGE_MARK = "(g)"

# Where case tells units apart.
_EXACT = {"mW": "mW", "MW": "MW"}


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", re.sub("[º˚]", "°", text)).replace("−", "-")  # noqa: RUF001
    return re.sub(r"[\s^·*_]", "", text).casefold()


_KINDS = {name: kind for kind, names in SPELLINGS.items() for name in names}
_NAMES = {
    _normal(spelling): name
    for names in SPELLINGS.values()
    for name, others in names.items()
    for spelling in (name, *others)
}


def known_unit(text: str) -> str | None:
    """Return the name under which a unit is converted; None if it is none of those people write.

    A gauge pressure is named with `GAUGE_MARK`: ``barü`` is ``bar(g)``.
    """
    text = text.strip()
    if text in _EXACT:
        return _EXACT[text] if _EXACT[text] in _KINDS else None
    normal = _normal(text)
    if normal in _NAMES:
        return _NAMES[normal]
    for mark, end in ((GAUGE_MARK, _GAUGE), ("", _ABSOLUTE)):
        found = re.fullmatch(f"(.+?){end}", normal)
        name = _NAMES.get(found[1]) if found else None
        if name and _KINDS[name] == "pressure":
            return name + mark
    return None


def kind_of(name: str) -> str:
    """Return the kind of a unit that `known_unit` has named: ``pressure``, ``volume flow`` ..."""
    return _KINDS[name.removesuffix(GAUGE_MARK)]


def absolute_unit(unit: str) -> str | None:
    """Return the unit of a gauge pressure without its mark; None if it is no gauge pressure."""
    name = known_unit(unit)
    return name.removesuffix(GAUGE_MARK) if name and name.endswith(GAUGE_MARK) else None
