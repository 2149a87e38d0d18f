"""Making of a performance map: tabulate, certify, keep."""
