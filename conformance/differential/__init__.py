"""Differential testing: programs of one thread on model and target; differences, shrunk and attributed."""
