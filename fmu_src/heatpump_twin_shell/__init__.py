"""The C library that stands between a host and pythonfmu's, and how it gets into an FMU."""
