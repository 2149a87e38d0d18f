"""The heat pump at run time, in C: map, envelope, limits, status and state; and its Python side."""
