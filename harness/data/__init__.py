"""Recorded data: descriptor and table of a data set, and what physics says of each record."""
