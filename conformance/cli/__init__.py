"""The command `omni-conformance`."""
