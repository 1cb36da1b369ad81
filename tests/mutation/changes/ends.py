"""Changes of how handles end, and of who frees what."""

from __future__ import annotations

from tests.mutation.changes.change import ASLEEP, RACE, Change, change

ENDS: dict[str, Change] = {
    "the consumer's close does not wait for who is inside": change(
        "consumer.c", "consumer closed during a pop", RACE, ("  guard_wait(&consumer->guard);\n", "")
    ),
    "the consumer's close frees before it waits": change(
        "consumer.c",
        "consumer closed during a pop",
        RACE,
        ("  broker_handle_closed(channel);\n  channel_unpin(channel);\n", "  broker_handle_closed(channel);\n"),
        ("  guard_wait(&consumer->guard);\n", "  channel_unpin(channel);\n  guard_wait(&consumer->guard);\n"),
    ),
    "the consumer's close does not wake who is inside": change(
        "consumer.c",
        "consumer closed during a batch pop",
        ASLEEP,
        ("  eventcount_wake(&channel->ring.consumer_waiter); /* the one inside", "  /* the one inside"),
    ),
    "the producer's close does not wait for who is inside": change(
        "producer.c", "statistics after close", RACE, ("  guard_wait(&producer->guard);\n", "")
    ),
    "the producer's close does not wake who is inside": change(
        "producer.c",
        "producer closed while it waits",
        ASLEEP,
        ("  eventcount_wake(&channel->ring.producer_waiter); /* the one inside", "  /* the one inside"),
    ),
    "a blocked pop does not look for its own close": change(
        "consumer.c",
        "consumer closed by another thread",
        ASLEEP,
        ("relaxed) || guard_is_closed(&consumer->guard));", "relaxed));"),
    ),
    "a blocked push does not look for its own close": change(
        "producer.c",
        "producer closed by another thread",
        ASLEEP,
        (" || guard_is_closed(&producer->guard));", ");"),
    ),
    "the last to give up a channel does not acquire": change(
        "channel.c",
        "both freed",
        RACE,
        ("&channel->references, (uint64_t)-1, acq_rel", "&channel->references, (uint64_t)-1, release"),
    ),
    "giving up a channel does not release": change(
        "channel.c",
        "both freed after close",
        RACE,
        ("&channel->references, (uint64_t)-1, acq_rel", "&channel->references, (uint64_t)-1, acquire"),
    ),
    "giving up a broker does not release": change(
        "broker.c",
        "broker freed",
        RACE,
        ("&broker->references, (uint64_t)-1, acq_rel", "&broker->references, (uint64_t)-1, acquire"),
    ),
    "a channel does not hold its broker": change(
        "broker.c",
        "broker freed",
        RACE,
        ("      platform_add(&broker->references, 1, relaxed);", "     "),
        ("  omni_broker_free(broker); /* the channel's", "  /* the channel's"),
    ),
}
