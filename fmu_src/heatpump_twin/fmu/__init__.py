"""The FMU: its FMI functions in C, its slave in Python, and its build."""
