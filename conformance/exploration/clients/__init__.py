"""Clients of the core that ships, explored: its own files, with the platform mapped to the explorer."""
