"""The performance map in C, evaluated without Python, and the layout of its numbers."""
