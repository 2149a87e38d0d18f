"""From recorded data to a machine file: fit, choice of parameters, uncertainty, honest scores."""
