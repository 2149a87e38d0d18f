"""Stepping of FMUs with FMPy, in a process of their own, and checks of their conformance."""
