"""Changes of the registry, of its shutdown, and of its questions."""

from __future__ import annotations

from tests.mutation.changes.change import ASLEEP, RACE, UNEXPLAINED, Change, change

BROKER: dict[str, Change] = {
    "a request shares the lock": change(
        "broker.c",
        "two request one name",
        RACE,
        ("CHANNEL_ALLOCATION_FAILED;\n  platform_lock_exclusive", "CHANNEL_ALLOCATION_FAILED;\n  platform_lock_shared"),
    ),
    "a look for a name takes no lock": change(
        "broker.c",
        "name freed",
        RACE,
        ("  platform_lock_shared(&broker->lock);\n  int found", "  int found"),
        ("NULL;\n  platform_unlock(&broker->lock);\n  return found", "NULL;\n  return found"),
    ),
    "what a channel sent is added after the lock": change(
        "broker.c",
        "statistics during close",
        RACE,
        ("    broker->retired_messages += sent.messages;\n", ""),
        ("  if (!last) return;\n", "  if (!last) return;\n  broker->retired_messages += sent.messages;\n"),
    ),
    "a channel's memory is not given back": change(
        "broker.c",
        "two request and free",
        UNEXPLAINED,
        ("    broker->memory_used -= channel->ring.capacity * channel->max_message_size;\n", ""),
    ),
    "a table that grows leaves the old one": change(
        "broker.c",
        "registry grows",
        UNEXPLAINED,
        ("  platform_free(broker->buckets);\n  broker->buckets = buckets;", "  broker->buckets = buckets;"),
    ),
    "a departure wakes nobody": change(
        "broker.c",
        "shutdown_wait, consumer waits",
        ASLEEP,
        ("  platform_wake(&broker->closed_count);\n", ""),
    ),
    "the departures are read after the look": change(
        "broker.c",
        "shutdown_wait, consumer waits",
        ASLEEP,
        ("    uint32_t closed_count = platform_load(&broker->closed_count.value, relaxed);\n", ""),
        (
            "    if (done) return 1;\n",
            "    if (done) return 1;\n    uint32_t closed_count = platform_load(&broker->closed_count.value, relaxed);\n",
        ),
    ),
    "a shutdown does not keep the channels": change(
        "broker.c",
        "shutdown_wait times out",
        RACE,
        ("  platform_lock_shared(&broker->lock); /* keeps them", "  /* keeps them"),
        ("channel_shut(channel);\n  platform_unlock(&broker->lock);", "channel_shut(channel);"),
    ),
    "a shutdown does not wait for who is inside": change(
        "channel.c", "shutdown, reserved", RACE, ("  guard_wait(&channel->producer.guard);", " ")
    ),
    "a shutdown ends the producer first": change(
        "channel.c",
        "shutdown, concurrent push and pops",
        RACE,
        (
            "  ring_end_consumer(&channel->ring);    /* no push",
            "  ring_end_producer(&channel->ring);\n  ring_end_consumer(&channel->ring);    /* no push",
        ),
    ),
    "what waits is counted from a read index that may be ahead": change(
        "ring.h",
        "available messages",
        UNEXPLAINED,
        ("&ring->read_index, acquire); /* first", "&ring->read_index, relaxed); /* first"),
    ),
}
