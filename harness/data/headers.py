"""Headers of columns as people write them: the name, and the unit that stands in it."""

from __future__ import annotations

import re

from heatpump_twin.machine_files.unit_names import kind_of, known_unit

_BRACKETS = re.compile(
    r"^(?P<name>.*?)\s*[\[({<](?P<unit>[^\[\](){}<>]*(?:\([^()]*\))?)[\])}>]\s*$"
)
_JOINED = re.compile(r"^(?P<name>.*\S)\s*(?:,|;|\bin\b|/|:)\s*(?P<unit>\S+(?: \S+)?)$")
_WORDS = re.compile(r"[\s_]+")
# kg_per_min, kg_min: parts of a unit that stand behind each other.
_LONGEST = 4


def without_brackets(text: str) -> str:
    """Return what stands in brackets, or all of it: ``°C`` of ``[°C]`` and of ``in °C``."""
    text = text.strip()
    found = re.fullmatch(r"[\[({<](.*)[\])}>]", text)
    return re.sub(r"^in\s+", "", (found[1] if found else text).strip())


def split_header(header: str) -> tuple[str, str | None]:
    """Part a header into the name and the unit; None where it has no unit.

    It stands in brackets, after ``in``, a comma or a slash, or as the last word or words:
    ``T_VL [°C]``, ``Leistung in kW``, ``p / bar``, ``T_source_in_degC``, ``m_flow_kg_per_min``.
    """
    header = " ".join(header.split())
    found = _BRACKETS.match(header)
    if found:
        text = without_brackets(found["unit"])
        # p (abs) [bar], but also "p [bar] (abs)": what the bracket says may belong to the unit.
        name, before = split_header(found["name"]) if found["name"] else ("", None)
        if before is not None and known_unit(before + text):
            return name, before + text
        if known_unit(text):
            return found["name"].strip(), text
        if before is not None:
            return f"{name} {found['unit']}".strip(), before
        # Square brackets hold a unit, known or not; round ones may hold a word.
        return (found["name"].strip(), text) if header.endswith("]") else (header, None)
    found = _JOINED.match(header)
    if found and known_unit(found["unit"]):
        name, unit = found["name"].strip(), found["unit"]
    else:
        name, unit = _last_words(header)
    return _without_in(name, header, unit), unit


def _without_in(name: str, header: str, unit: str | None) -> str:
    """Leave out "in" before a unit, but for temperatures: "Brine in °C" is that of the inlet."""
    known = known_unit(unit) if unit else None
    if known is None:
        return name
    name = re.sub(r"\s+in$", "", name)
    is_inlet = kind_of(known) == "temperature" and header.startswith(f"{name} in ")
    return f"{name} in" if is_inlet else name


def _last_words(header: str) -> tuple[str, str | None]:
    marks = list(_WORDS.finditer(header))
    # The longest end that is a unit; the name keeps one word at least.
    for mark in marks[-_LONGEST:]:
        parts = _WORDS.split(header[mark.end() :])
        for text in _joined(parts):
            if known_unit(text) and not text.isdigit():
                return header[: mark.start()], text
    first = _WORDS.split(header, maxsplit=1)
    # gpm_source: the unit comes first; single letters are names.
    if len(first) == 2 and len(first[0]) > 2 and known_unit(first[0]):
        return first[1], first[0]
    return header, None


def _joined(parts: list[str]) -> list[str]:
    if len(parts) == 1:
        return parts
    words = ["/" if part.lower() in ("per", "pro", "je") else part for part in parts]
    if "/" in words:
        return ["".join(words)]
    return [" ".join(parts), "/".join(parts)]


def unit_of(header: str, unit_row: str | None) -> tuple[str, str | None]:
    """Return name and unit of a column; what the row of units says counts more."""
    name, unit = split_header(header)
    if unit_row and known_unit(unit_row):
        return (name if unit else header), unit_row
    return name, unit
