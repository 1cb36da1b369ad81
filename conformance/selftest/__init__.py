"""Deliberately wrong implementations, and whether the suite notices them."""
