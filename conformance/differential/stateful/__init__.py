"""A random program, one operation at a time, on model and target in lockstep (Hypothesis): a rule per operation."""
