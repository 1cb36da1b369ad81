"""The public classes of the model: mutable handles, each method a line or two over the pure functions."""
