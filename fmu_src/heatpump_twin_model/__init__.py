"""Model of a vapour-compression heat pump: machine, cycle, and its answer to a boundary.

The package is bundled in the FMU. It knows neither FMI nor files of measurements.
"""
