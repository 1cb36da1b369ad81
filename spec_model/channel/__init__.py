"""A channel as an immutable value, and one pure function per operation on it."""
