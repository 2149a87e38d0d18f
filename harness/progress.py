"""How long work reports how far it has come."""

from __future__ import annotations

from collections.abc import Callable

# What is done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def no_progress(label: str, done: int, total: int) -> None:
    """Report nothing."""
