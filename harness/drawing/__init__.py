"""Plots of cycles and predictions, and the units in which people read a quantity."""
