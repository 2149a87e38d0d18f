"""What makes an FMU's contents out of a machine: performance map, certificate, documentation."""
