"""Changes of pins: what keeps a view from being overwritten, and its memory from going."""

from __future__ import annotations

from tests.mutation.changes.change import RACE, UNEXPLAINED, Change, change

PINS: dict[str, Change] = {
    "a pop is not ordered against a pin": change(
        "guard.h",
        "pin, concurrent pop",
        UNEXPLAINED,
        (
            "  platform_fence_light(); /* pairs with the heavy one in guard_order",
            "  /* pairs with the heavy one in guard_order",
        ),
    ),
    "a pin is not ordered against a pop": change(
        "consumer.c",
        "pin, concurrent pop",
        UNEXPLAINED,
        ("  guard_order(&consumer->guard);", ""),
    ),
    "a pin does not look whether the message has expired": change(
        "consumer.c",
        "second pin, concurrent pop",
        UNEXPLAINED,
        ("  if (omni_message_is_readable(consumer, message)) return 0;", "  return 0;"),
    ),
    "an unpin does not release to the pop that looks at the slot": change(
        "consumer.c",
        "unpin, concurrent pop",
        RACE,
        ("number)->pins, (uint32_t)-1, release", "number)->pins, (uint32_t)-1, relaxed"),
    ),
    "an unpin does not release to the pop that finds no pins": change(
        "consumer.c",
        "unpin, concurrent pop",
        RACE,
        ("platform_add(&consumer->pins, (uint64_t)-1, release)", "platform_add(&consumer->pins, (uint64_t)-1, relaxed)"),
    ),
    "a pop does not acquire what an unpin released": change(
        "consumer.c",
        "unpin, concurrent pop",
        RACE,
        ("ring->capacity)->pins, acquire) == 0", "ring->capacity)->pins, relaxed) == 0"),
    ),
    "a pop looks at the newest message's pins": change(
        "consumer.c",
        "view, concurrent pushes and pops",
        RACE,
        ("read + free - ring->capacity)->pins", "read + free)->pins"),
    ),
    "a pin does not hold the memory": change(
        "consumer.c",
        "view, concurrent last close",
        RACE,
        ("  if (!channel_pin(consumer->channel)) return OMNI_EXPIRED;\n", ""),
        ("release);\n  channel_unpin(consumer->channel);\n", "release);\n"),
    ),
    "a pin does not give the memory back": change(
        "consumer.c",
        "view, concurrent last close",
        UNEXPLAINED,
        ("release);\n  channel_unpin(consumer->channel);\n", "release);\n"),
    ),
    "a region's pin does not hold the memory": change(
        "producer.c",
        "pinned region, concurrent last close",
        RACE,
        ("return channel_pin(producer->channel) ? 0 : OMNI_EXPIRED;", "return (void)producer, 0;"),
        ("{ channel_unpin(producer->channel); }", "{ (void)producer; }"),
    ),
    "the last to use the memory does not acquire": change(
        "channel.c",
        "view, concurrent last close",
        RACE,
        ("&channel->mapping_users, (uint64_t)-1, acq_rel", "&channel->mapping_users, (uint64_t)-1, release"),
    ),
    "giving up the memory does not release": change(
        "channel.c",
        "view, concurrent last close",
        RACE,
        ("&channel->mapping_users, (uint64_t)-1, acq_rel", "&channel->mapping_users, (uint64_t)-1, acquire"),
    ),
    "the memory does not hold the channel": change(
        "channel.c",
        "view, concurrent last close",
        RACE,
        ("&channel->references, 3)", "&channel->references, 2)"),
        ("mapping_size);\n  channel_release(channel);\n", "mapping_size);\n"),
    ),
}
