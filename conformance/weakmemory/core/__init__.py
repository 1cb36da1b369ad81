"""Clients of the core that ships, explored: its own files, with the seam mapped to the explorer."""
