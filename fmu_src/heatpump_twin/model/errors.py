"""Errors that a user can act on."""


class TwinError(Exception):
    """An error whose message tells a user what is wrong, where, and what was expected."""


class InputError(TwinError):
    """A file, value or argument given by the user cannot be used."""


class SolveError(TwinError):
    """The cycle has no trustworthy solution at the given boundary."""
