"""Threads that checks start, wait for with a limit, and catch asleep or hanging on evidence."""
