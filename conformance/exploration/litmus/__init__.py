"""Litmus tests: small programs of which it is known what a memory model allows, and what explores them."""
