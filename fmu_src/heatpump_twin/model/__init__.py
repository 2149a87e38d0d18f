"""The heat pump's quantities, parameters and equations: standard library and NumPy only."""
