"""Sessions with FMUs through FMPy, replays of records in their own process, and conformance."""
