"""TESPy's network without TESPy's cache on disk.

TESPy lets pint keep the parsed definitions of units in the user's cache folder. That fails where
there is no home or a read-only one, and where several processes start at once, since the files are
not written in one move. An FMU has no business there either: the home is that of its host.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import pint
from tespy.networks import Network
from tespy.tools.units import Units


@cache
def _registry() -> pint.UnitRegistry[float]:
    """Units as TESPy defines them, once for all networks: reading them takes 0.3 s."""
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    for definition in ("m3 = m ** 3", "m2 = m ** 2", "kgK = kg * K"):
        registry.define(definition)
    return registry


def _with_names(function: Any, **names: Any) -> Callable[..., None]:
    """Copy a function in which some global names mean something else.

    Nothing of TESPy itself is changed, which other code of a host may use at the same time.
    """
    unused = names.keys() - set(function.__code__.co_names)
    if unused:
        raise TypeError(f"{function.__qualname__} of this TESPy does not use {', '.join(unused)}")
    return FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


class _UncachedUnits(Units):
    __init__ = _with_names(Units.__init__, _create_registry=_registry)


class UncachedNetwork(Network):
    """A TESPy network that reads and writes no file of the user's."""

    _set_defaults = _with_names(Network._set_defaults, Units=_UncachedUnits)
