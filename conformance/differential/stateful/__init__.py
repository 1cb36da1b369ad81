"""The stateful test (Hypothesis): random programs on model and target in lockstep, with a rule for each operation."""
