"""Changes of what a call leaves behind that was interrupted, or refused memory."""

from __future__ import annotations

from tests.mutation.changes.change import UNEXPLAINED, Change, change

MISHAPS: dict[str, Change] = {
    "an interrupted pop stays inside": change(
        "consumer.c",
        "pop interrupted",
        UNEXPLAINED,
        (
            "  guard_leave(&consumer->guard);\n  return result;",
            "  if (result != OMNI_INTERRUPTED) guard_leave(&consumer->guard);\n  return result;",
        ),
    ),
    "an interrupted push counts as failed": change(
        "producer.c",
        "push interrupted, not counted",
        UNEXPLAINED,
        ("result == OMNI_PUSH_TIMEOUT ||", "result == OMNI_INTERRUPTED || result == OMNI_PUSH_TIMEOUT ||"),
    ),
    "a refused mapping leaves the channel": change(
        "channel.c",
        "allocation fails",
        UNEXPLAINED,
        ("  if (!ring->slots) {\n    platform_free(channel);", "  if (!ring->slots) {"),
    ),
    "a refused word leaves the mapping": change(
        "channel.c",
        "allocation fails",
        UNEXPLAINED,
        (
            "    platform_unmap(ring->slots, channel->mapping_size);\n    platform_free(channel);\n    return NULL;",
            "    platform_free(channel);\n    return NULL;",
        ),
    ),
    "a refused channel counts": change(
        "broker.c",
        "allocation fails",
        UNEXPLAINED,
        ("    if (channel) {\n", "    broker->memory_used += channel ? 0 : memory;\n    if (channel) {\n"),
    ),
    "a refused broker leaves its table": change(
        "broker.c",
        "allocation fails for a broker",
        UNEXPLAINED,
        ("  platform_free(broker->buckets);\n  platform_free(broker);\n  return NULL;", "  platform_free(broker);\n  return NULL;"),
    ),
}
