"""Machine files: what a person writes of a machine, checked, and the files of shipped machines."""
