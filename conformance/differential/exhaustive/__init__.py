"""Exhaustive differential testing: every operation in every abstract state of a channel, on model and target."""
