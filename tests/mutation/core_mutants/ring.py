"""Wrong cores: the ring, the gate, the platform and the channel, which decide who sees what, sleeps and wakes."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

RING = (
    Mutant(
        "as_many_slots_as_capacity", ("MSG-1", "MSG-3"), "ring.h",
        "(index & (2 * ring->capacity - 1))", "(index & (ring->capacity - 1))",
    ),
    Mutant(
        "publish_does_not_wake", ("CON-5",), "ring.h",
        "  platform_store(&ring->write_index, write + count, release);\n  eventcount_wake(&ring->consumer_waiter);\n",
        "  platform_store(&ring->write_index, write + count, release);\n",
    ),
    Mutant(
        "release_does_not_wake", ("CON-5",), "ring.h",
        "  platform_store(&ring->read_index, read + count, release);\n  eventcount_wake(&ring->producer_waiter);\n",
        "  platform_store(&ring->read_index, read + count, release);\n",
    ),
    Mutant(
        "producers_end_does_not_wake", ("LIF-2", "SHD-1"), "ring.h",
        "/* pairs with ring_waiting: after the last write_index */\n  eventcount_wake(&ring->consumer_waiter);\n",
        "/* pairs with ring_waiting: after the last write_index */\n",
    ),
    Mutant(
        "consumers_end_does_not_wake", ("LIF-2", "SHD-1"), "ring.h",
        "/* publishes no memory; eventcount_wake orders it */\n  eventcount_wake(&ring->producer_waiter);\n",
        "/* publishes no memory; eventcount_wake orders it */\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_empty", ("CON-5",), "ring.h",
        "  platform_store(&ring->write_index, write + count, release);\n  eventcount_wake(&ring->consumer_waiter);\n",
        "  platform_store(&ring->write_index, write + count, release);\n"
        "  if (write == ring->cached_read) eventcount_wake(&ring->consumer_waiter);\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_full", ("CON-5",), "ring.h",
        "  platform_store(&ring->read_index, read + count, release);\n  eventcount_wake(&ring->producer_waiter);\n",
        "  platform_store(&ring->read_index, read + count, release);\n"
        "  if (ring->cached_write - read == ring->capacity) eventcount_wake(&ring->producer_waiter);\n",
    ),
    Mutant(
        "one_slot_lost", ("PSH-2",), "ring.h",
        "  return ring->capacity - (write - ring->cached_read);",
        "  write += write - ring->cached_read < ring->capacity;\n"
        "  return ring->capacity - (write - ring->cached_read);",
    ),
    Mutant(
        "one_slot_too_many", ("PSH-2", "PSH-1"), "ring.h",
        "  return ring->capacity - (write - ring->cached_read);",
        "  return ring->capacity - (write - ring->cached_read) + 1;",
    ),
    Mutant(
        "producer_never_looks_again", ("POP-3", "PSH-2", "CON-5"), "ring.h",
        "  if (ring->capacity - (write - ring->cached_read) < wanted) {\n    /*", "  if (0) {\n    /*",
    ),
    Mutant(
        "bytes_sent_count_messages", ("STA-1", "BRK-11"), "ring.h",
        "platform_store(&ring->bytes_sent, bytes + size, relaxed);", "platform_store(&ring->bytes_sent, bytes + 1, relaxed);",
    ),
    Mutant(
        "bytes_received_of_the_last_pop", ("STA-2",), "ring.h",
        "platform_store(&ring->bytes_received, total + bytes, relaxed);",
        "(void)total, platform_store(&ring->bytes_received, bytes, relaxed);",
    ),
    Mutant(
        "batch_takes_only_what_was_known", ("POP-5",), "ring.h",
        "  if (ring->cached_write - read < wanted) {\n    ring", "  if (ring->cached_write == read) {\n    ring",
    ),
    Mutant(
        "a_dead_producers_index_is_not_read", ("POP-5",), "ring.h",
        "  if (ring->cached_write - read < wanted) {\n    ring",
        "  if (ring->cached_write - read < wanted && platform_load(&ring->producer_alive, acquire)) {\n    ring",
    ),
    Mutant(
        "the_end_is_never_seen", ("POP-1", "LIF-2", "SHD-1"), "ring.h",
        "*ended = ring->cached_write == read;", "*ended = false;",
    ),
    Mutant(
        "batch_gives_back_one_slot", ("POP-5", "POP-2", "STA-2"), "ring.h",
        "platform_store(&ring->read_index, read + count, release);", "platform_store(&ring->read_index, read + 1, release);",
    ),
    Mutant(
        "length_counts_the_last_popped", ("STA-3",), "ring.h",
        "platform_load(&ring->write_index, relaxed) - read; /* relaxed: possibly stale, by contract */",
        "platform_load(&ring->write_index, relaxed) - read + (read > 0);",
    ),
    Mutant(
        "second_thread_is_made_to_wait", ("CON-2",), "guard.h",
        "  if (guard_rebias(guard)) return GUARD_ENTERED;\n",
        "  while (!guard_rebias(guard)) {}\n  return GUARD_ENTERED;\n",
    ),
    Mutant(
        "a_closed_gate_lets_in", ("LIF-4", "POP-1", "PSH-1"), "guard.h",
        "    if (state & GUARD_CLOSED) return GUARD_INACTIVE;\n", "",
    ),
    Mutant(
        "leaving_does_not_answer_the_knock", ("LIF-8", "SHD-1"), "guard.h",
        "  if (!(state & GUARD_WAITER)) return;\n", "  return;\n",
    ),
    Mutant(
        "nobody_waits_for_the_one_inside", ("LIF-8", "CON-4", "SHD-1"), "guard.h",
        "    if (!(state & GUARD_BUSY) && (bias", "    if (1 || (bias",
    ),
    Mutant(
        "who_takes_the_seat_does_not_look", ("CON-2", "CON-3"), "guard.h",
        "    if (platform_load(&guard->inside[bias], acquire)) return false;", "",
    ),
    Mutant(
        "the_second_who_waits_hides_that_the_call_left", ("BRK-12",), "guard.h",
        "    uint32_t left = platform_load(&guard->left.value, relaxed);",
        "    uint32_t left = 0;\n    platform_store(&guard->left.value, 0, relaxed);",
    ),
    Mutant(
        "closing_twice_closes_twice", ("LIF-1", "LIF-4", "BRK-8"), "guard.h",
        "return !(platform_or(&guard->state, GUARD_CLOSED, relaxed) & GUARD_CLOSED);",
        "return platform_or(&guard->state, GUARD_CLOSED, relaxed), true;",
    ),
    Mutant(
        "a_handle_is_the_first_threads", ("CON-1",), "guard.h",
        "  if (owner && owner != self) {\n", "  if (owner && owner != self) return false;\n  if (0) {\n",
    ),
    Mutant(
        # The gap is a few instructions by itself; the pause makes it one that threads fall into within a second.
        "last_look_before_telling", ("CON-5",), "eventcount.h",
        "      platform_store(&(waiter)->value, 1, relaxed); /* the fence orders it before the last check */       \\\n"
        "      platform_fence_heavy(); /* pairs with eventcount_wake: else each misses the other, a lost wakeup */ \\\n"
        "      if (!(ready)) waited = platform_sleep(waiter, 1, deadline);",
        "    extern int usleep(unsigned);"
        " if (!(ready)) usleep(20), platform_store(&(waiter)->value, 1, relaxed), waited = platform_sleep(waiter, 1, deadline);",
    ),
    Mutant(
        "never_says_that_it_sleeps", ("CON-6",), "eventcount.h",
        "    platform_store(&(waiter)->value, 1, relaxed); /* the fence orders it before the last check */ ",
        "    platform_store(&(waiter)->value, 0, relaxed); /* the fence orders it before the last check */ ",
    ),
    Mutant(
        "polls_every_millisecond", ("CON-6",), "platform/futex.c",
        "  struct timespec until = platform_timespec(deadline);\n",
        "  int64_t tick = platform_now() + PLATFORM_SECOND / 1000;\n"
        "  if (tick < deadline) return platform_sleep(word, value, tick) == PLATFORM_SIGNAL ? PLATFORM_SIGNAL : PLATFORM_AWAKE;\n"
        "  struct timespec until = platform_timespec(deadline);\n",
    ),
    Mutant(
        "yields_and_never_sleeps", ("CON-6",), "platform/futex.c",
        "  struct timespec until = platform_timespec(deadline);\n",
        "  extern int sched_yield(void);\n"
        "  while (platform_load(&word->value, acquire) == value && platform_now() < deadline) sched_yield();\n"
        "  struct timespec until = platform_timespec(deadline);\n",
    ),
    Mutant(
        "the_deadline_is_taken_for_a_duration", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/futex.c",
        "FUTEX_WAIT_BITSET_PRIVATE, value", "FUTEX_WAIT_PRIVATE, value",
    ),
    Mutant(
        "wakes_the_wrong_queue", ("CON-5", "LIF-2", "LIF-8"), "platform/futex.c",
        "FUTEX_WAKE_PRIVATE", "FUTEX_WAKE",
    ),
    Mutant(
        "signals_are_slept_over", ("CON-6",), "platform/futex.c",
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;",
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_AWAKE;",
    ),
    Mutant(
        "a_signal_uses_the_time_up", ("CON-6", "CON-5"), "platform/futex.c",
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;", "  return PLATFORM_TIME_UP;",
    ),
    Mutant(
        "deadlines_have_whole_seconds", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/platform.c",
        ".tv_nsec = nanoseconds % PLATFORM_SECOND", ".tv_nsec = 0",
    ),
    Mutant(
        "for_ever_is_no_time", ("POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/platform.c",
        "  if (timeout < 0) return PLATFORM_NEVER;\n", "  if (timeout < 0) timeout = 0;\n",
    ),
    Mutant(
        "timeouts_are_microseconds", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/platform.c",
        "? PLATFORM_NEVER : now + timeout;", "? PLATFORM_NEVER : now + timeout / 1000;",
    ),
    Mutant(
        "timeouts_are_ten_times_as_long", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/platform.c",
        "? PLATFORM_NEVER : now + timeout;", "? PLATFORM_NEVER : now + 10 * timeout;",
    ),
    Mutant(
        "a_timed_wait_is_for_ever", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "platform/futex.c",
        "deadline == PLATFORM_NEVER ? NULL : &until", "((void)until, NULL)",
    ),
    Mutant(
        "unmapped_with_the_first_side", ("LIF-2", "POP-1", "MSG-1", "MSG-3", "CON-4"), "channel.c",
        "atomic_init(&channel->mapping_users, 2);", "atomic_init(&channel->mapping_users, 1);",
    ),
    Mutant(
        "half_the_slots_are_mapped", ("PSH-2",), "channel.c",
        "channel->mapping_size = 2 * capacity * ring->stride;", "channel->mapping_size = capacity * ring->stride;",
    ),
    Mutant(
        "slots_overlap", ("POP-2", "MSG-1"), "channel.c",
        "ring->stride = sizeof(ring_slot) + (max_message_size", "ring->stride = (max_message_size",
    ),
    Mutant(
        "freed_with_the_first_handle", ("LIF-1", "LIF-2", "LIF-4", "LIF-5", "MSG-3"), "channel.c",
        "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 1);",
    ),
    Mutant(
        "shutdown_leaves_the_consumer_waiting", ("SHD-1",), "channel.c",
        "  ring_end_producer(&channel->ring);\n}", "}",
    ),
    Mutant(
        "shutdown_leaves_the_producer_sending", ("SHD-1",), "channel.c",
        "  ring_end_consumer(&channel->ring);    /* no push begun from now on goes through */\n", "",
    ),
    Mutant(
        "shutdown_overtakes_a_push", ("SHD-1", "CON-4"), "channel.c",
        "  guard_wait(&channel->producer.guard); /* and none", "  /* and none",
    ),
)  # fmt: skip
