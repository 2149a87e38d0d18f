"""Score the FMU of a heat pump against recorded measurements."""
