"""FlatBuffers in the ring's own memory: built in the slot, read in the slot, verified (§5.3, §6.1, §9.3)."""
