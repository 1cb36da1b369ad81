"""Printers: each takes the JSON document of a run and gives a text."""
