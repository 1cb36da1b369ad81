"""What a target may lack, and say so: checks that need it are then *not provided*, and never passed."""

from __future__ import annotations

FEATURES = {
    "threads": "real threads may use a channel's two ends at once",
    "memory-limit": "MailboxBroker(memory_limit=...)",
    "concurrent-use": "a second thread inside a handle is caught",
    "conveniences": "send, receive, iteration and open_channel",
    "signals": "blocked calls answer signals",
    "flatbuffers": "build, get_flatbuffer and verify",
    "in-place": "FlatBuffers are built and read in the ring's own memory",
    "start-index": "set_start_index(n): channels made later begin at that 64-bit index",
}
