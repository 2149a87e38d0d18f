"""The twin as a service: sessions of FMUs behind a REST API."""
