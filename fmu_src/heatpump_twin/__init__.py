"""Digital twin of a real heat pump, an FMU that proves its accuracy against measurements."""
