"""Scores of an FMU on a data set, beside those of regressions and published models."""
