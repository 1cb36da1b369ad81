"""Explores every execution that RC11 allows of small clients written in C."""
