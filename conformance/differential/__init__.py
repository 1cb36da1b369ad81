"""Programs of one thread: as values, run on model and target in lockstep, and what a difference between them means."""
