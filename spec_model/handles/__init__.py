"""The stateful face of the model: the public names, each method a line or two over the pure functions."""
