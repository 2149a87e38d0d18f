"""Solvers of the cycle, and the properties of its media from CoolProp."""
