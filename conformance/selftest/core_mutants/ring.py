"""Wrong cores: the ring, the gate, the seam and the channel, which decide who sees what, sleeps and wakes."""

from __future__ import annotations

from conformance.selftest.mutant import Mutant

RING = (
    Mutant(
        "as_many_slots_as_capacity", ("MSG-1", "MSG-3"), "ring.h",
        "(index & (2 * ring->capacity - 1))", "(index & (ring->capacity - 1))",
    ),
    Mutant(
        "publish_does_not_wake", ("CON-5",), "ring.h",
        "publishes the slots: pairs with ring_waiting */\n  ring_wake(&ring->consumer_asleep);\n",
        "publishes the slots: pairs with ring_waiting */\n",
    ),
    Mutant(
        "release_does_not_wake", ("CON-5",), "ring.h",
        "  seam_store(&ring->read_index, read + count, release);\n  ring_wake(&ring->producer_asleep);\n",
        "  seam_store(&ring->read_index, read + count, release);\n",
    ),
    Mutant(
        "producers_end_does_not_wake", ("LIF-2", "SHD-1"), "ring.h",
        "/* after the last write_index; pairs with ring_waiting */\n  ring_wake(&ring->consumer_asleep);\n",
        "/* after the last write_index; pairs with ring_waiting */\n",
    ),
    Mutant(
        "consumers_end_does_not_wake", ("LIF-2", "SHD-1"), "ring.h",
        "/* says nothing about memory; ring_wake orders it */\n  ring_wake(&ring->producer_asleep);\n",
        "/* says nothing about memory; ring_wake orders it */\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_empty", ("CON-5",), "ring.h",
        "publishes the slots: pairs with ring_waiting */\n  ring_wake(&ring->consumer_asleep);\n",
        "publishes the slots: pairs with ring_waiting */\n"
        "  if (write == ring->cached_read) ring_wake(&ring->consumer_asleep);\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_full", ("CON-5",), "ring.h",
        "  seam_store(&ring->read_index, read + count, release);\n  ring_wake(&ring->producer_asleep);\n",
        "  seam_store(&ring->read_index, read + count, release);\n"
        "  if (ring->cached_write - read == ring->capacity) ring_wake(&ring->producer_asleep);\n",
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
        "seam_store(&ring->bytes_sent, bytes + size, relaxed);", "seam_store(&ring->bytes_sent, bytes + 1, relaxed);",
    ),
    Mutant(
        "bytes_received_of_the_last_pop", ("STA-2",), "ring.h",
        "seam_store(&ring->bytes_received, total + bytes, relaxed);",
        "(void)total, seam_store(&ring->bytes_received, bytes, relaxed);",
    ),
    Mutant(
        "batch_takes_only_what_was_known", ("POP-5",), "ring.h",
        "  if (ring->cached_write - read < wanted) {\n    ring", "  if (ring->cached_write == read) {\n    ring",
    ),
    Mutant(
        "a_dead_producers_index_is_not_read", ("POP-5",), "ring.h",
        "  if (ring->cached_write - read < wanted) {\n    ring",
        "  if (ring->cached_write - read < wanted && seam_load(&ring->producer_alive, acquire)) {\n    ring",
    ),
    Mutant(
        "the_end_is_never_seen", ("POP-1", "LIF-2", "SHD-1"), "ring.h",
        "*ended = ring->cached_write == read;", "*ended = false;",
    ),
    Mutant(
        "batch_gives_back_one_slot", ("POP-5", "POP-2", "STA-2"), "ring.h",
        "seam_store(&ring->read_index, read + count, release);", "seam_store(&ring->read_index, read + 1, release);",
    ),
    Mutant(
        "length_counts_the_last_popped", ("STA-3",), "ring.h",
        "seam_load(&ring->write_index, relaxed) - read; /* relaxed: possibly stale, by contract */",
        "seam_load(&ring->write_index, relaxed) - read + (read > 0);",
    ),
    Mutant(
        "second_thread_is_made_to_wait", ("CON-2",), "gate.h",
        "  if (gate_take_seat(gate)) return GATE_ENTERED;\n",
        "  while (!gate_take_seat(gate)) {}\n  return GATE_ENTERED;\n",
    ),
    Mutant(
        "a_closed_gate_lets_in", ("LIF-4", "POP-1", "PSH-1"), "gate.h",
        "    if (state & GATE_CLOSED) return GATE_INACTIVE;\n", "",
    ),
    Mutant(
        "leaving_does_not_answer_the_knock", ("LIF-8", "SHD-1"), "gate.h",
        "  if (!(state & GATE_KNOCK)) return;\n", "  return;\n",
    ),
    Mutant(
        "nobody_waits_for_the_one_inside", ("LIF-8", "CON-4", "SHD-1"), "gate.h",
        "    if (!(state & GATE_BUSY) && (seat", "    if (1 || (seat",
    ),
    Mutant(
        "who_takes_the_seat_does_not_look", ("CON-2", "CON-3"), "gate.h",
        "    if (seam_load(&gate->inside[seat], acquire)) return false;", "",
    ),
    Mutant(
        "the_second_who_waits_hides_that_the_call_left", ("BRK-12",), "gate.h",
        "    uint32_t left = seam_load(&gate->left.value, relaxed);",
        "    uint32_t left = 0;\n    seam_store(&gate->left.value, 0, relaxed);",
    ),
    Mutant(
        "closing_twice_closes_twice", ("LIF-1", "LIF-4", "BRK-8"), "gate.h",
        "return !(seam_or(&gate->state, GATE_CLOSED, relaxed) & GATE_CLOSED);",
        "return seam_or(&gate->state, GATE_CLOSED, relaxed), true;",
    ),
    Mutant(
        "a_handle_is_the_first_threads", ("CON-1",), "gate.h",
        "  if (sitter && sitter != self) {\n", "  if (sitter && sitter != self) return false;\n  if (0) {\n",
    ),
    Mutant(
        # The gap is a few instructions by itself; the pause makes it one that threads fall into within a second.
        "last_look_before_telling", ("CON-5",), "channel.h",
        "      seam_store(&(asleep)->value, 1, relaxed); /* the fence orders it before the last look */   \\\n"
        "      seam_fence_heavy();                       /* pairs with the fence in ring_wake */          \\\n"
        "      if (!(ready)) dozed = seam_sleep(asleep, 1, deadline);",
        "    extern int usleep(unsigned);"
        " if (!(ready)) usleep(20), seam_store(&(asleep)->value, 1, relaxed), dozed = seam_sleep(asleep, 1, deadline);",
    ),
    Mutant(
        "never_says_that_it_sleeps", ("CON-6",), "channel.h",
        "    seam_store(&(asleep)->value, 1, relaxed); /* the fence orders it before the last look */ ",
        "    seam_store(&(asleep)->value, 0, relaxed); /* the fence orders it before the last look */ ",
    ),
    Mutant(
        "polls_every_millisecond", ("CON-6",), "seam.c",
        "  struct timespec until = as_timespec(deadline);\n",
        "  int64_t tick = seam_now() + SECOND / 1000;\n"
        "  if (tick < deadline) return seam_sleep(word, value, tick) == SEAM_SIGNAL ? SEAM_SIGNAL : SEAM_AWAKE;\n"
        "  struct timespec until = as_timespec(deadline);\n",
    ),
    Mutant(
        "yields_and_never_sleeps", ("CON-6",), "seam.c",
        "  struct timespec until = as_timespec(deadline);\n",
        "  extern int sched_yield(void);\n"
        "  while (seam_load(&word->value, acquire) == value && seam_now() < deadline) sched_yield();\n"
        "  struct timespec until = as_timespec(deadline);\n",
    ),
    Mutant(
        "the_deadline_is_taken_for_a_duration", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        "FUTEX_WAIT_BITSET_PRIVATE, value", "FUTEX_WAIT_PRIVATE, value",
    ),
    Mutant(
        "wakes_the_wrong_queue", ("CON-5", "LIF-2", "LIF-8"), "seam.c",
        "FUTEX_WAKE_PRIVATE", "FUTEX_WAKE",
    ),
    Mutant(
        "signals_are_slept_over", ("CON-6",), "seam.c",
        "  return errno == ETIMEDOUT ? SEAM_TIME_UP : SEAM_SIGNAL;",
        "  return errno == ETIMEDOUT ? SEAM_TIME_UP : SEAM_AWAKE;",
    ),
    Mutant(
        "a_signal_uses_the_time_up", ("CON-6", "CON-5"), "seam.c",
        "  return errno == ETIMEDOUT ? SEAM_TIME_UP : SEAM_SIGNAL;", "  return SEAM_TIME_UP;",
    ),
    Mutant(
        "deadlines_have_whole_seconds", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        ".tv_nsec = nanoseconds % SECOND", ".tv_nsec = 0",
    ),
    Mutant(
        "for_ever_is_no_time", ("POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        "  if (timeout < 0) return SEAM_NEVER;\n", "  if (timeout < 0) timeout = 0;\n",
    ),
    Mutant(
        "timeouts_are_microseconds", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        "? SEAM_NEVER : now + timeout;", "? SEAM_NEVER : now + timeout / 1000;",
    ),
    Mutant(
        "timeouts_are_ten_times_as_long", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        "? SEAM_NEVER : now + timeout;", "? SEAM_NEVER : now + 10 * timeout;",
    ),
    Mutant(
        "a_timed_wait_is_for_ever", ("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"), "seam.c",
        "deadline == SEAM_NEVER ? NULL : &until", "((void)until, NULL)",
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
        "  ring_end_consumer(&channel->ring); /* no push begun from now on goes through */\n", "",
    ),
    Mutant(
        "shutdown_overtakes_a_push", ("SHD-1", "CON-4"), "channel.c",
        "  gate_wait(&channel->producer.gate); /* and none", "  /* and none",
    ),
)  # fmt: skip
