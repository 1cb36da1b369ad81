"""Processes that run checks, so that a target that crashes or hangs takes down only its own check."""
