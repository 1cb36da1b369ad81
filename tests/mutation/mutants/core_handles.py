"""Mistakes in the C core: the producer, the consumer and the broker."""

from __future__ import annotations

from tests.mutation.mutant import (
    ASSERTION,
    LOST_WAKEUP,
    RACE,
    UNEXPLAINED,
    Mutant,
    cbmc,
    explorer,
    native,
    suite,
    suite_any,
)

PRODUCER_C = "fast_impl/core/producer.c"
CONSUMER_C = "fast_impl/core/consumer.c"
BROKER_C = "fast_impl/core/broker.c"
DETACHED_C = "fast_impl/core/detached.c"
PROCESS_C = "fast_impl/core/process.c"
CHANNEL_C = "fast_impl/core/channel.c"
GUARD_H = "fast_impl/core/guard.h"

DETACHED = (
    Mutant(
        "detach_keeps_the_descriptor", "fast_impl/core/detached.c", suite("WAI-3"),
        "  eventcount_end_descriptor(sends ? &channel->ring.producer_waiter : &channel->ring.consumer_waiter);\n", "",
    ),
    Mutant(
        "a_token_works_twice", DETACHED_C, suite("LIF-10"),
        "  if (end) *link = end->next;\n", "",
    ),
    Mutant(
        "a_detach_keeps_the_last_message", DETACHED_C, suite("LIF-10"),
        "    guard_count(&consumer->guard);\n", "",
    ),
    Mutant(
        "a_refused_detach_expires_messages", DETACHED_C, suite("LIF-10"),
        "  int result = platform_load(&consumer->exports, acquire) ? OMNI_PINNED : 0;\n", "  int result = 0;\n",
    ),
    Mutant(
        "a_producer_is_detached_with_its_reservation", DETACHED_C, suite("LIF-10"),
        "platform_load(&producer->region, relaxed) ? OMNI_RESERVED : 0;", "0;",
    ),
    Mutant(
        "close_detached_only_forgets", DETACHED_C, suite("LIF-10"),
        "  if (end->sends) omni_producer_free(&end->channel->producer);\n", "  if (end->sends) return;\n",
    ),
)  # fmt: skip
"""Ends that are detached."""

FORK = (
    Mutant(
        "an_inherited_handle_is_open", GUARD_H, suite("LIF-9"),
        "GUARD_CLOSED | (expired ? expired : GUARD_INHERITED));", "expired ? GUARD_CLOSED | expired : 0);",
    ),
    Mutant(
        "a_fork_expires_messages", GUARD_H, suite("LIF-9"),
        "GUARD_CLOSED | (expired ? expired : GUARD_INHERITED));", "GUARD_CLOSED | GUARD_EXPIRED);",
    ),
    Mutant(
        "a_close_in_a_child_expires_nothing", GUARD_H, suite("LIF-9"),
        "GUARD_CLOSED | GUARD_EXPIRED, release);", "GUARD_CLOSED, release);",
    ),
    Mutant(
        "a_call_after_a_childs_close_revives_messages", GUARD_H, suite("LIF-9"),
        "&guard->inside[bias], 0, release);\n",
        "&guard->inside[bias], 0, release);\n  platform_and(&guard->state, ~(uint32_t)GUARD_EXPIRED, relaxed);\n",
    ),
    Mutant(
        "a_child_waits_for_a_thread_of_its_parents", GUARD_H, suite("LIF-9"),
        "  for (int bias = 0; bias < PLATFORM_OWNERS; bias++) atomic_init(&guard->inside[bias], 0);\n", "",
    ),
    Mutant(
        "a_child_knows_inherited_channels", BROKER_C, suite("LIF-9"),
        "  memset(broker->buckets, 0, broker->bucket_count * sizeof *broker->buckets);\n", "",
    ),
    Mutant(
        "a_child_counts_inherited_channels", BROKER_C, suite("LIF-9"),
        "  broker->inherited = broker->created;\n", "",
    ),
    Mutant(
        "a_child_is_charged_for_inherited_channels", BROKER_C, suite("LIF-9"),
        "broker->active = broker->memory_used = broker->retired", "broker->active = broker->retired",
    ),
    Mutant(
        "the_end_of_an_inherited_handle_unregisters", CHANNEL_C, suite("LIF-9"),
        "  channel->sequence = 0;\n", "",
    ),
    Mutant(
        "a_child_inherits_a_registry_that_is_locked", BROKER_C, suite("LIF-9"),
        "  platform_lock_init(&broker->lock);\n  platform_word", "  platform_word",
    ),
    Mutant(
        "a_fork_does_not_take_the_registrys_lock", BROKER_C, suite("LIF-9"),
        "broker_hold(omni_broker *broker) { platform_lock_exclusive(&broker->lock); }",
        "broker_hold(omni_broker *broker) { (void)broker; }",
    ),
    Mutant(
        "a_parent_keeps_its_registry_locked", PROCESS_C, suite("LIF-9"),
        "  for (omni_listed *listed = first; listed; listed = listed->next) broker_release(listed->broker);\n", "",
    ),
    Mutant(
        "a_token_of_before_a_fork_works", DETACHED_C, suite("LIF-9"),
        "  while (newest) {\n", "  while (false) {\n",
    ),
    Mutant(
        "a_child_is_not_prepared_for", PROCESS_C, suite("LIF-9"),
        "platform_at_fork(hold, release, renew);", "(void)hold, (void)release, (void)renew;",
    ),
)  # fmt: skip
"""What a child of fork has."""

ENDED_THREADS = (
    Mutant(
        "a_close_leaves_a_push_asleep_at_the_end", PRODUCER_C, suite("LIF-11"),
        "  eventcount_wake(&producer->channel->ring.producer_waiter); /* the thread inside,", "  /* the thread inside,",
    ),
    Mutant(
        "a_thread_that_ends_stays_inside", PROCESS_C, suite("LIF-12"),
        "    consumer_abandon(consumer);\n    channel_release", "    break;\n    channel_release",
    ),
    Mutant(
        "what_a_thread_leaves_is_taken", PROCESS_C, suite("LIF-12"),
        "    consumer_abandon(consumer);\n",
        "    omni_pop_end(consumer, &(omni_pop){consumer, platform_load(&consumer->open, relaxed) / 2}, 1);\n",
    ),
    Mutant(
        "a_thread_is_watched_from_its_second_pop", "fast_impl/core/platform/platform.h", suite("LIF-12"),
        "  if (__builtin_expect(platform_open_pops == 0, 0)) platform_watch_thread();\n  platform_open_pops++;\n",
        "  if (platform_open_pops == 1) platform_watch_thread();\n  platform_open_pops++;\n",
    ),
)  # fmt: skip
"""Threads that end inside, or that stay there at the end of the interpreter."""

PRODUCER = (
    Mutant(
        "a_batch_looks_for_slots_once", PRODUCER_C,
        explorer("batch cut short, concurrent pops", UNEXPLAINED),
        "    pushed += several;\n  }\n", "    pushed += several;\n    break;\n  }\n",
    ),
    Mutant(
        "what_has_ended_may_be_open_again", PRODUCER_C,
        explorer("not connected, then available slots", UNEXPLAINED),
        "platform_load(&ring->producer_alive, acquire)", "platform_load(&ring->producer_alive, relaxed)",
    ),
    Mutant(
        "who_is_told_of_a_close_by_a_region_misses_it", PRODUCER_C,
        explorer("not writable, then connected", UNEXPLAINED),
        "platform_load(&producer->region, acquire) == region", "platform_load(&producer->region, relaxed) == region",
    ),
    Mutant(
        "the_end_of_a_region_publishes_nothing", PRODUCER_C,
        explorer("dropped, then connected", UNEXPLAINED),
        "platform_store(&producer->region, 0, release);", "platform_store(&producer->region, 0, relaxed);",
    ),
    Mutant(
        "who_is_told_of_a_pin_misses_what_came_before", CONSUMER_C,
        explorer("detach refused, then connected", UNEXPLAINED),
        "exports, PIN_TRIED, release);", "exports, PIN_TRIED, relaxed);",
    ),
    Mutant(
        "slots_are_counted_before_the_close_is_seen", PRODUCER_C,
        explorer("available slots, closed before a pop", UNEXPLAINED),
        "  uint64_t free = ring->capacity - ring_length(ring); /* first",
        "  if (guard_is_closed(&producer->guard)) return 0;\n"
        "  uint64_t free = ring->capacity - ring_length(ring); /* first",
        "guard_is_closed(&producer->guard) ? 0 : free", "free",
    ),
    Mutant(
        "end_of_a_reservation_is_not_signalled", PRODUCER_C, suite("WAI-3"),
        "  if (__builtin_expect(waiter->descriptor != NULL, 0)) eventcount_signal(waiter);\n", "  (void)waiter;\n",
    ),
    Mutant(
        "batch_cut_short_does_not_arm", PRODUCER_C, suite("WAI-3"),
        "  if (pushed < count) arm(producer);\n", "",
    ),
    Mutant(
        "messages_above_1_mib_are_refused", PRODUCER_C, suite_any("BRK-2", "PSH-1"),
        "if (size == 0 || size > channel->max_message_size) return",
        "if (size == 0 || size > channel->max_message_size || size > 1024 * 1024) return",
    ),
    Mutant(
        "a_full_queue_hides_that_nobody_receives", PRODUCER_C, suite_any("PSH-4", "PSH-1", "LIF-2"),
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n",
        "  if (nobody_receives(channel) && ring_free_slots(&channel->ring, 1)) return OMNI_PUSH_CHANNEL_CLOSED;\n",
        "if (nobody_receives(producer->channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n    if (ring_free",
        "if (nobody_receives(producer->channel)) return OMNI_PUSH_TIMEOUT;\n    if (ring_free",
    ),
    Mutant(
        "empty_messages_are_sent", PRODUCER_C, suite("PSH-1"),
        "if (size == 0 || size > channel->max_message_size) return", "if (size > channel->max_message_size) return",
    ),
    Mutant(
        "largest_message_is_refused", PRODUCER_C, suite_any("PSH-1", "POP-2"),
        "if (size == 0 || size > channel->max_message_size) return",
        "if (size == 0 || size >= channel->max_message_size) return",
    ),
    Mutant(
        "closed_before_size", PRODUCER_C, suite("PSH-1"),
        "  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n"
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n",
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n"
        "  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n",
    ),
    Mutant(
        "sends_to_nobody", PRODUCER_C, suite_any("PSH-1", "LIF-2", "SHD-1"),
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n", "",
    ),
    Mutant(
        "a_push_takes_the_reserved_slot", PRODUCER_C, suite_any("PSH-1", "PSH-5"),
        "if (has_reserved(producer) || !ring_free_slots(&channel->ring, 1)) return",
        "if (!ring_free_slots(&channel->ring, 1)) return",
    ),
    Mutant(
        "messages_are_one_byte_short", PRODUCER_C, suite_any("POP-2", "PSH-3"),
        "&ring->released_index), size, 0);\n  platform_copy(",
        "&ring->released_index), size - 1, 0);\n  platform_copy(",
    ),
    Mutant(
        "the_last_byte_is_not_copied", PRODUCER_C, suite_any("POP-2", "PSH-3"),
        "  platform_copy(payload, data, size);", "  platform_copy(payload, data, size - 1);",
    ),
    Mutant(
        "published_before_it_is_copied", PRODUCER_C, suite("CON-3"),
        "  fill(&channel->ring, 0, data, size);\n  ring_publish(&channel->ring, 1, size);\n",
        "  uint32_t buffer = pool_take(&channel->ring.pool, &channel->ring.released_index);\n"
        "  ring_put(&channel->ring, 0, buffer, size, 0);\n"
        "  ring_publish(&channel->ring, 1, size);\n"
        "  platform_copy(pool_at(&channel->ring.pool, buffer)->payload, data, size);\n",
    ),
    Mutant(
        "a_batch_is_published_before_it_is_copied", PRODUCER_C, suite("CON-3"),
        "      fill(&channel->ring, several, message.data, message.size);\n      bytes += message.size;\n    }\n"
        "    if (several > 0) ring_publish(&channel->ring, several, bytes);\n",
        "      uint32_t buffer = pool_take(&channel->ring.pool, &channel->ring.released_index);\n"
        "      ring_put(&channel->ring, 0, buffer, message.size, 0);\n"
        "      ring_publish(&channel->ring, 1, message.size);\n"
        "      platform_copy(pool_at(&channel->ring.pool, buffer)->payload, message.data, message.size);\n    }\n",
    ),
    Mutant(
        "a_push_keeps_memory", PRODUCER_C, suite("CON-7"),
        "  platform_copy(payload, data, size);",
        "  platform_copy(payload, platform_copy(platform_allocate(size), data, size), size);",
    ),
    Mutant(
        "a_push_copies_twice", PRODUCER_C, suite("CON-7"),
        "  platform_copy(payload, data, size);\n",
        "  void *copy = platform_copy(platform_allocate(size), data, size);\n"
        "  platform_copy(payload, copy, size);\n  platform_free(copy);\n",
    ),
    Mutant(
        "a_batch_counts_its_failure", PRODUCER_C, suite("STA-1"),
        "  guard_leave(&producer->guard);\n  return (int64_t)pushed;",
        "  if (pushed < count) return finished(producer, OMNI_PUSH_TIMEOUT), (int64_t)pushed;\n"
        "  guard_leave(&producer->guard);\n  return (int64_t)pushed;",
    ),
    Mutant(
        "a_batch_skips_what_does_not_fit", PRODUCER_C, suite("PSH-6"),
        "      if (message.size == 0 || message.size > channel->max_message_size) break;\n",
        "      if (message.size == 0 || message.size > channel->max_message_size) {\n"
        "        messages++, count--, several--;\n        continue;\n      }\n",
    ),
    Mutant(
        "waits_for_its_own_reservation", PRODUCER_C, suite("PSH-5"),
        "if (has_reserved(producer) || timeout == 0) return", "if (timeout == 0) return",
    ),
    Mutant(
        "a_wait_for_space_answers_queue_full", PRODUCER_C, suite("WAI-1"),
        "if (slept == PLATFORM_TIME_UP) return OMNI_PUSH_TIMEOUT;",
        "if (slept == PLATFORM_TIME_UP) return OMNI_PUSH_QUEUE_FULL;",
    ),
    Mutant(
        "a_blocked_push_does_not_see_its_close", PRODUCER_C, suite("LIF-8"),
        "    if (guard_is_closed(&producer->guard)) return OMNI_PUSH_CHANNEL_CLOSED; /* LIF-8 */\n", "",
    ),
    Mutant(
        "a_reservation_can_be_had_twice", PRODUCER_C, suite("RSV-1"),
        "  else if (has_reserved(producer)) result = OMNI_RESERVED;\n", "",
    ),
    Mutant(
        "a_batch_takes_the_reserved_slot", PRODUCER_C, suite("PSH-6"),
        "!nobody_receives(channel) && !has_reserved(producer)) {", "!nobody_receives(channel)) {",
    ),
    Mutant(
        "reserves_more_than_fits", PRODUCER_C, suite("RSV-1"),
        "  if (size == 0 || size > channel->max_message_size) result", "  if (size == 0) result",
    ),
    Mutant(
        "reserves_for_nobody", PRODUCER_C, suite_any("RSV-1", "SHD-1"),
        "  else if (nobody_receives(channel)) result = OMNI_PUSH_CHANNEL_CLOSED;\n  else if (has", "  else if (has",
    ),
    Mutant(
        "the_region_starts_late", PRODUCER_C, suite_any("RSV-3", "RSV-2"),
        "ring->pool.reserved)->payload, channel", "ring->pool.reserved)->payload + 1, channel",
    ),
    Mutant(
        "commit_ignores_the_offset", PRODUCER_C, suite("RSV-3"),
        "channel->ring.pool.reserved, size, offset);", "channel->ring.pool.reserved, size, 0);",
    ),
    Mutant(
        "commit_publishes_to_nobody", PRODUCER_C, suite_any("RSV-4", "SHD-1"),
        "  } else if (nobody_receives(channel)) {\n    drop_reservation(producer);\n"
        "    result = OMNI_PUSH_CHANNEL_CLOSED;\n",
        "",
    ),
    Mutant(
        "commit_keeps_the_reservation", PRODUCER_C, suite_any("RSV-1", "RSV-3", "RSV-4", "RSV-6", "PSH-1"),
        "    end_region(producer);\n    ring_put", "    ring_put",
    ),
    Mutant(
        "rollback_keeps_the_reservation", PRODUCER_C, suite("RSV-5"),
        "    if (is_unpinned(producer)) drop_reservation(producer);", "    if (is_unpinned(producer)) result = 0;",
    ),
    Mutant(
        "a_reservation_takes_an_available_slot", PRODUCER_C, suite_any("RSV-2", "STA-3"),
        "ring->capacity - ring_length(ring);", "ring->capacity - ring_length(ring) - has_reserved(producer);",
    ),
    Mutant(
        "the_producer_does_not_see_the_consumers_end", PRODUCER_C, suite("LIF-2"),
        "  return received && sent && ", "  return (received || sent) && ",
    ),
    Mutant(
        "closing_does_not_wake_its_own_push", PRODUCER_C, suite("LIF-8"),
        "  eventcount_wake(&producer->channel->ring.producer_waiter); /* the thread inside, if it sleeps (LIF-8) */\n",
        "",
    ),
    Mutant(
        "the_producer_is_unmapped_under_a_push", PRODUCER_C,
        (suite_any("LIF-8", "CON-4"), explorer("statistics after close", RACE)),
        "  guard_wait(&producer->guard);\n", "",
    ),
    Mutant(
        "a_sleeping_producer_ignores_the_consumers_end", PRODUCER_C,
        explorer("consumer closes without popping", LOST_WAKEUP),
        "nobody_receives(producer->channel) || guard", "guard",
    ),
    Mutant(
        "the_producers_close_does_not_wake_the_call_inside", PRODUCER_C,
        explorer("producer closed while it waits", LOST_WAKEUP),
        "  eventcount_wake(&producer->channel->ring.producer_waiter); /* the thread inside", "  /* the thread inside",
    ),
    Mutant(
        "a_blocked_push_ignores_its_own_close", PRODUCER_C, explorer("producer closed by another thread", LOST_WAKEUP),
        " || guard_is_closed(&producer->guard));", ");",
    ),
    Mutant(
        "a_regions_pin_does_not_hold_the_memory", PRODUCER_C, explorer("pinned region, concurrent last close", RACE),
        "omni_region_is_writable(producer, region) && channel_pin(producer->channel)",
        "omni_region_is_writable(producer, region)",
    ),
    Mutant(
        "a_commit_ignores_exports_of_the_region", PRODUCER_C,
        (suite("RSV-7"), explorer("pinned region, concurrent commit", RACE)),
        "  } else if (!is_unpinned(producer)) {\n", "  } else if (false) {\n",
    ),
    Mutant(
        "a_rollback_ignores_exports_of_the_region", PRODUCER_C,
        (suite("RSV-7"), explorer("region pin, concurrent rollback", RACE)),
        "    if (is_unpinned(producer)) drop", "    if (true) drop",
    ),
    Mutant(
        "an_unpinned_region_is_not_acquired", PRODUCER_C, explorer("pinned region, concurrent commit", RACE),
        "platform_load(&producer->region_pins, acquire)", "platform_load(&producer->region_pins, relaxed)",
    ),
    Mutant(
        "a_rolled_back_buffer_is_lost", PRODUCER_C,
        (explorer("rollback, then reserved again", ASSERTION), native("unit: reservations")),
        "  pool_keep_spare(&producer->channel->ring.pool, producer->channel->ring.pool.reserved);\n", "",
    ),
    Mutant(
        "a_wait_for_space_counts", PRODUCER_C, explorer("wait for space, consumer closes", UNEXPLAINED),
        "    result = wait_for_space(producer, timeout);\n  return looked(producer, result);",
        "    result = wait_for_space(producer, timeout);\n  return finished(producer, result);",
    ),
    Mutant(
        "a_push_of_any_size", PRODUCER_C, cbmc("try_push", "__CPROVER_w_ok(to, size)"),
        "if (size == 0 || size > channel->max_message_size) return", "if (size == 0) return",
    ),
    Mutant(
        "a_commit_whose_end_overflows", PRODUCER_C,
        cbmc("commit", "arithmetic overflow on unsigned + in size + offset"),
        "size > channel->max_message_size - offset", "size + offset > channel->max_message_size",
    ),
    Mutant(
        "a_region_of_the_next_buffer", PRODUCER_C, cbmc("reserve", "__CPROVER_w_ok(region"),
        "{pool_at(&ring->pool, ring->pool.reserved)->payload,",
        "{pool_at(&ring->pool, ring->pool.reserved)->payload + 16,",
    ),
    Mutant(
        "a_pinned_region_is_published", PRODUCER_C, (native("unit: pinned regions"), cbmc("commit", "was_pinned")),
        "  } else if (!is_unpinned(producer)) {\n    result = OMNI_PINNED;\n", "",
    ),
    Mutant(
        "a_second_close_of_the_producer_does_not_wait", PRODUCER_C,
        explorer("producer closed by two threads, then a request", UNEXPLAINED),
        "  guard_close(",
        "  if (guard_is_closed(&producer->guard)) return 0;\n  guard_close(",
    ),
    Mutant(
        "a_second_close_of_the_producer_unpins_twice", PRODUCER_C, explorer("producer closed by two threads", ""),
        "  if (!broker_side_ended(channel, &producer->ended)) return;\n",
        "  broker_side_ended(channel, &producer->ended);\n",
    ),
    Mutant(
        "a_batch_past_the_free_slots", PRODUCER_C, cbmc("batch_push", "state_holds()"),
        "pushed + several < count && several < free", "pushed + several < count",
    ),
)  # fmt: skip

CONSUMER = (
    Mutant(
        "a_whole_pop_of_a_closed_handle_finds_nothing", CONSUMER_C, suite("LIF-4"),
        "  omni_offer offer;\n  guard_entry answer = enter(consumer);\n"
        "  if (answer != GUARD_ENTERED) return refused(answer);\n",
        "  omni_offer offer;\n  guard_entry answer = enter(consumer);\n"
        "  if (answer != GUARD_ENTERED) return answer == GUARD_INACTIVE ? OMNI_POP_EMPTY : refused(answer);\n",
    ),
    Mutant(
        "a_whole_try_pop_times_out", CONSUMER_C, suite("POP-1"),
        "pop(consumer, 1, 0, OMNI_POP_EMPTY, message, &taken)",
        "pop(consumer, 1, 0, OMNI_POP_TIMEOUT, message, &taken)",
    ),
    Mutant(
        "a_whole_blocking_pop_finds_nothing", CONSUMER_C, suite("POP-4"),
        "pop(consumer, 1, timeout, OMNI_POP_TIMEOUT, message", "pop(consumer, 1, timeout, OMNI_POP_EMPTY, message",
    ),
    Mutant(
        "a_whole_batch_of_none_has_a_count", CONSUMER_C, suite("POP-5"),
        "  *count = 0;\n  return max_count == 0 ? no_pop(consumer) : pop(",
        "  return max_count == 0 ? no_pop(consumer) : pop(",
    ),
    Mutant(
        "an_open_pop_shows_one_message_only", CONSUMER_C, suite("POP-6"),
        "relaxed) + nth, pop->number); /* own index */", "relaxed) + 0 * nth, pop->number); /* own index */",
    ),
    Mutant(
        "pops_ignore_exports", CONSUMER_C,
        (suite("MSG-3"), native("unit: many pinned messages"), explorer("pin, concurrent pop", UNEXPLAINED)),
        "if (__builtin_expect(exports != 0, 0)) {", "if (0) {",
    ),
    Mutant(
        "pops_go_one_past_an_export", CONSUMER_C, suite("MSG-3"),
        "kept < ring->capacity ? ring->capacity - kept : 0", "kept <= ring->capacity ? ring->capacity + 1 - kept : 0",
    ),
    Mutant(
        "a_batch_is_popped_backwards", CONSUMER_C, suite_any("POP-2", "POP-5"),
        "messages[i] = message_at(ring, read + i, pop);", "messages[i] = message_at(ring, read + count - 1 - i, pop);",
    ),
    Mutant(
        "a_batch_counts_its_last_bytes", CONSUMER_C, suite("STA-2"),
        "bytes += ring_buffer", "bytes = ring_buffer",
    ),
    Mutant(
        "a_pop_ignores_the_offset", CONSUMER_C, suite("RSV-3"),
        "{buffer->payload + buffer->offset, buffer->length", "{buffer->payload, buffer->length",
    ),
    Mutant(
        "a_batch_waits_to_fill", CONSUMER_C, suite("POP-5"),
        "  if (count == 0) return ended", "  if (count < wanted && wanted <= ring->capacity) return ended",
    ),
    Mutant(
        "a_blocking_pop_answers_empty", CONSUMER_C, suite("POP-4"),
        "return pop(consumer, 1, timeout, OMNI_POP_TIMEOUT, message, &taken);",
        "return pop(consumer, 1, timeout, OMNI_POP_EMPTY, message, &taken);",
    ),
    Mutant(
        "a_timed_pop_does_not_wait", CONSUMER_C, suite_any("POP-4", "POP-5", "CON-5"),
        "EVENTCOUNT_WAIT(&ring->consumer_waiter, deadline,",
        "EVENTCOUNT_WAIT(&ring->consumer_waiter, deadline == PLATFORM_NEVER ? deadline : 0,",
    ),
    Mutant(
        "a_blocked_pop_does_not_see_its_close", CONSUMER_C, suite("LIF-8"),
        "    if (guard_is_closed(&consumer->guard)) return OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */\n", "",
    ),
    Mutant(
        "woken_by_the_end_it_does_not_drain", CONSUMER_C, explorer("wait for a message, producer closes", UNEXPLAINED),
        "    if (ring_waiting(ring, 1, &ended) > 0) return OMNI_POP_SUCCESS;\n",
        "    if (!platform_load(&ring->producer_alive, acquire)) return OMNI_POP_CHANNEL_CLOSED;\n"
        "    if (ring_waiting(ring, 1, &ended) > 0) return OMNI_POP_SUCCESS;\n",
    ),
    Mutant(
        "asleep_it_holds_up_every_consumer", CONSUMER_C, suite_any("CON-7", "CON-1"),
        "    int slept =\n",
        "    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;\n    pthread_mutex_lock(&one);\n    int slept =\n",
        "    if (guard_is_closed(&consumer->guard)) return OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */\n",
        "    pthread_mutex_unlock(&one);\n"
        "    if (guard_is_closed(&consumer->guard)) return OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */\n",
    ),
    Mutant(
        "a_pop_expires_nothing", CONSUMER_C, suite("MSG-2"),
        "guard_entries(&consumer->guard) == message->pop && ", "guard_entries(&consumer->guard) >= message->pop && ",
    ),
    Mutant(
        "a_pop_of_nothing_expires", CONSUMER_C, suite("MSG-5"),
        "  return guard_is_closed(&consumer->guard) ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;",
        "  guard_count((omni_guard *)&consumer->guard);\n"
        "  return guard_is_closed(&consumer->guard) ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;",
    ),
    Mutant(
        "messages_outlive_their_consumer", CONSUMER_C, suite("MSG-2"),
        "guard_entries(&consumer->guard) == message->pop && !guard_has_expired(&consumer->guard);",
        "guard_entries(&consumer->guard) == message->pop;",
    ),
    Mutant(
        "an_export_does_not_hold_the_memory", CONSUMER_C, suite_any("MSG-1", "MSG-2", "MSG-3", "MSG-4"),
        "  if (!channel_pin(channel)) return OMNI_EXPIRED;\n", "",
    ),
    Mutant(
        "the_consumers_end_is_not_published", CONSUMER_C, suite("LIF-2"),
        "  ring_end_consumer(&channel->ring);\n", "",
    ),
    Mutant(
        "closing_does_not_wake_its_own_pop", CONSUMER_C, suite("LIF-8"),
        "  eventcount_wake(&consumer->channel->ring.consumer_waiter); /* the thread inside, if it sleeps (LIF-8) */\n",
        "",
    ),
    Mutant(
        "a_sleeping_consumer_ignores_the_producers_end", CONSUMER_C, explorer("producer closes, blocking", LOST_WAKEUP),
        "!platform_load(&ring->producer_alive, relaxed) || guard", "guard",
    ),
    Mutant(
        "the_consumers_close_does_not_wait_for_the_call_inside", CONSUMER_C,
        explorer("consumer closed during a pop", RACE),
        "  guard_wait(&consumer->guard);\n", "",
    ),
    Mutant(
        "the_consumers_close_frees_before_it_waits", CONSUMER_C, explorer("consumer closed during a pop", RACE),
        "  eventcount_end_descriptor(&channel->ring.consumer_waiter);\n  channel_unpin(channel);\n",
        "  eventcount_end_descriptor(&channel->ring.consumer_waiter);\n",
        "  if (!guard_is_vacated(&consumer->guard)) return 1;\n",
        "  channel_unpin(consumer->channel);\n  if (!guard_is_vacated(&consumer->guard)) return 1;\n",
    ),
    Mutant(
        "the_consumers_close_does_not_wake_the_call_inside", CONSUMER_C,
        explorer("consumer closed during a batch pop", LOST_WAKEUP),
        "  eventcount_wake(&consumer->channel->ring.consumer_waiter); /* the thread inside", "  /* the thread inside",
    ),
    Mutant(
        "a_blocked_pop_ignores_its_own_close", CONSUMER_C, explorer("consumer closed by another thread", LOST_WAKEUP),
        "relaxed) || guard_is_closed(&consumer->guard));", "relaxed));",
    ),
    Mutant(
        "a_pin_is_not_ordered_against_a_pop", CONSUMER_C, explorer("pin, concurrent pop", UNEXPLAINED),
        "  guard_order(&consumer->guard);", "",
    ),
    Mutant(
        "a_pin_does_not_check_whether_the_message_has_expired", CONSUMER_C,
        explorer("second pin, concurrent pop", UNEXPLAINED),
        "  int result = OMNI_EXPIRED;\n  if (omni_message_is_readable(consumer, message)) {",
        "  int result = OMNI_EXPIRED;\n  if (true) {",
    ),
    Mutant(
        "an_unpin_does_not_release_to_the_pop_that_finds_no_pins", CONSUMER_C,
        explorer("owed buffer given back, then all in use", ASSERTION),
        "platform_add(&channel->consumer.exports, (uint64_t)-1, release)",
        "platform_add(&channel->consumer.exports, (uint64_t)-1, relaxed)",
    ),
    Mutant(
        "a_pop_does_not_acquire_what_an_unpin_released", CONSUMER_C,
        explorer("owed buffer given back, then all in use", ASSERTION),
        "platform_load(&consumer->exports, acquire)", "platform_load(&consumer->exports, relaxed)",
    ),
    Mutant(
        "a_pin_does_not_hold_the_memory", CONSUMER_C, explorer("view, concurrent last close", RACE),
        "  if (!channel_pin(channel)) return OMNI_EXPIRED;\n", "",
        "given back */\n  channel_unpin(channel);\n", "given back */\n",
        "  else channel_unpin(channel);\n", "",
    ),
    Mutant(
        "a_pin_does_not_give_the_memory_back", CONSUMER_C, explorer("view, concurrent last close", UNEXPLAINED),
        "given back */\n  channel_unpin(channel);\n", "given back */\n",
    ),
    Mutant(
        "a_pop_ignores_a_pin_under_way", CONSUMER_C, explorer("pin, concurrent pop and push", RACE),
        "  if (exports >= PIN_TRIED) *released = platform_load(&ring->released_index, relaxed); /* own index */\n", "",
    ),
    Mutant(
        "a_pin_is_not_released_to_a_pop", CONSUMER_C, explorer("pin, concurrent pop and push", RACE),
        "(uint64_t)(others == 0) - PIN_TRIED, release)", "(uint64_t)(others == 0) - PIN_TRIED, relaxed)",
    ),
    Mutant(
        "each_pin_of_a_message_counts", CONSUMER_C,
        (explorer("pins by two threads, all unpinned", UNEXPLAINED), native("unit: many pinned messages")),
        "(uint64_t)(others == 0) - PIN_TRIED", "1 - PIN_TRIED",
    ),
    Mutant(
        "an_end_with_none_expires_nothing", CONSUMER_C,
        explorer("end with none, which expires what was offered", UNEXPLAINED),
        "  if (taken == 0) guard_count(&consumer->guard);", "  if (taken == 0) (void)0;",
    ),
    Mutant(
        "an_end_takes_all", CONSUMER_C,
        (explorer("end with one of two", UNEXPLAINED), native("unit: two steps"),
         cbmc("pop_in_steps", "read_index - own_from")),
        "if (taken > consumer->offer.count) taken", "if (taken) taken",
    ),
    Mutant(
        "an_end_takes_what_was_not_offered", CONSUMER_C, explorer("begin nested in an open pop", ""),
        "  if (taken > consumer->offer.count) taken = consumer->offer.count;\n", "",
    ),
    Mutant(
        "an_end_counts_the_bytes_of_all", CONSUMER_C, explorer("end with one of two, counted", UNEXPLAINED),
        "i < taken; i++) bytes += ring_buffer", "i < consumer->offer.count; i++) bytes += ring_buffer",
    ),
    Mutant(
        "an_end_ends_another_pop", CONSUMER_C, explorer("pop nested in an open one", ""),
        "bool is_open = pop->consumer && open && open / 2 == pop->number;", "bool is_open = pop->consumer != NULL;",
    ),
    Mutant(
        "a_nested_pop_is_refused", CONSUMER_C, explorer("pop nested in an open one", UNEXPLAINED),
        "if (!number || !end_open(consumer, number, &closes)) return answer;",
        "if (number < UINT64_MAX) return answer;",
    ),
    Mutant(
        "a_pop_is_abandoned_that_was_ended", CONSUMER_C,
        explorer("abandoned by another thread, nested begin", ""),
        "if (!open || open / 2 != number) return false;", "if (!open) return false;",
    ),
    Mutant(
        "a_pop_is_abandoned_without_a_compare_exchange", CONSUMER_C,
        explorer("abandoned by another thread, nested begin", ""),
        "  } while (!platform_compare_exchange(&consumer->open, &open, 0, acquire));\n",
        "  } while (platform_store(&consumer->open, 0, relaxed), platform_load(&consumer->open, acquire) != 0);\n",
    ),
    Mutant(
        "another_threads_pop_is_taken_for_ones_own", CONSUMER_C, explorer("begins by two threads", UNEXPLAINED),
        "platform_load(&consumer->open, acquire)", "platform_load(&consumer->open, relaxed)",
    ),
    Mutant(
        "a_close_from_inside_waits_for_itself", CONSUMER_C, explorer("close from inside", LOST_WAKEUP),
        "if (platform_load(&consumer->ended, acquire) || defer_close(consumer)) return 0;",
        "if (platform_load(&consumer->ended, acquire)) return 0;",
    ),
    Mutant(
        "a_deferred_close_is_lost", CONSUMER_C, explorer("close from inside", ""),
        "&consumer->open, &open, open | 1, relaxed)", "&consumer->open, &open, open, relaxed)",
    ),
    Mutant(
        "a_nested_pop_loses_the_deferred_close", CONSUMER_C, explorer("close from inside, nested pop", ""),
        "  leave(consumer, closes);\n  return GUARD_INACTIVE;", "  leave(consumer, false);\n  return GUARD_INACTIVE;",
    ),
    Mutant(
        "an_abandoned_pop_loses_the_deferred_close", CONSUMER_C,
        explorer("close from inside, abandoned by another thread", ""),
        "  guard_count(&consumer->guard);\n  leave(consumer, closes);",
        "  guard_count(&consumer->guard);\n  leave(consumer, false);",
    ),
    Mutant(
        "a_close_uses_its_handle_after_the_memory", CONSUMER_C, explorer("freed from inside", RACE),
        "  if (!broker_side_ended(channel, &consumer->ended)) return;\n",
        "  channel_unpin(channel);\n  broker_side_ended(channel, &consumer->ended);\n  return;\n",
    ),
    Mutant(
        "a_second_close_of_the_consumer_does_not_wait", CONSUMER_C,
        (explorer("consumer closed by two threads, then a request", UNEXPLAINED),
         native("unit: closes from inside")),
        "  guard_close(",
        "  if (guard_is_closed(&consumer->guard)) return 0;\n  guard_close(",
    ),
    Mutant(
        "a_second_close_of_the_consumer_unpins_twice", CONSUMER_C,
        explorer("consumer closed by two threads, then a push", ""),
        "  if (!broker_side_ended(channel, &consumer->ended)) return;\n",
        "  broker_side_ended(channel, &consumer->ended);\n",
    ),
    Mutant(
        "a_late_begin_answers_empty", CONSUMER_C, explorer("waits, timed", UNEXPLAINED),
        "result == OMNI_POP_EMPTY ? otherwise : result);", "result);",
    ),
    Mutant(
        "a_wait_for_a_message_counts", CONSUMER_C, explorer("waits, timed", UNEXPLAINED),
        "wait_for_message(consumer, timeout);\n  }\n  return looked(consumer, result);",
        "wait_for_message(consumer, timeout);\n  }\n  return finished(consumer, result);",
    ),
    Mutant(
        "a_wait_expires_messages", CONSUMER_C, explorer("wait for a message, held", UNEXPLAINED),
        "  bool ended;\n  int result = OMNI_POP_SUCCESS;\n",
        "  bool ended;\n  int result = OMNI_POP_SUCCESS;\n  guard_count(&consumer->guard);\n",
    ),
    Mutant(
        "a_batch_of_more_than_wait", CONSUMER_C, (explorer("begin, end", ""), cbmc("batch_pop", "")),
        "  if (count > wanted) count = wanted;\n", "  count = wanted;\n",
    ),
    Mutant(
        "a_message_from_its_buffers_start", CONSUMER_C, cbmc("try_pop", ""),
        "{buffer->payload + buffer->offset, buffer->length,", "{buffer->payload + 2 * buffer->offset, buffer->length,",
    ),
    Mutant(
        "one_message_held_too_many", CONSUMER_C, cbmc("batch_pop", "released_index"),
        "kept < ring->capacity ? ring->capacity - kept : 0", "kept < ring->capacity ? ring->capacity - kept + 1 : 0",
    ),
    Mutant(
        "a_deferred_close_is_forgotten", CONSUMER_C, native("unit: closes from inside"),
        "  if (__builtin_expect(closes, 0)) omni_consumer_close_end(consumer);\n", "  (void)closes;\n",
    ),
    Mutant(
        "what_was_not_taken_can_be_pinned", CONSUMER_C, native("unit: two steps"),
        "if (taken == 0) guard_count(&consumer->guard);", "if (taken == 0) (void)0;",
    ),
    Mutant(
        "an_abandoned_pop_can_be_pinned", CONSUMER_C, native("unit: abandoned pops"),
        "&closes)) return;\n  guard_count(&consumer->guard);\n", "&closes)) return;\n",
    ),
    Mutant(
        "any_thread_has_the_pop_open", CONSUMER_C, native("unit: two steps"),
        "return open && platform_load(&consumer->opened_by, relaxed) == platform_self() ? open / 2 : 0;",
        "return open / 2;",
    ),
)  # fmt: skip

BROKER = (
    Mutant(
        "a_snapshot_begins_with_the_newest_channel", BROKER_C, suite("OBS-2"),
        "channel = broker->oldest; channel; channel = channel->newer) {\n      channel_describe",
        "channel = broker->newest; channel; channel = channel->older) {\n      channel_describe",
    ),
    Mutant(
        "names_end_at_a_nul", BROKER_C, suite("BRK-7"),
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n",
        "  name_size = strnlen(name, name_size);\n  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;\n",
    ),
    Mutant(
        "names_are_cut_at_64_bytes", BROKER_C, suite_any("BRK-7", "BRK-10"),
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n",
        "  if (name_size > 64) name_size = 64;\n  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;\n",
    ),
    Mutant(
        "names_are_compared_by_length", BROKER_C, suite_any("BRK-7", "BRK-3", "BRK-10"),
        "channel->hash == hash && channel->name_size == size && memcmp(channel->name, name, size) == 0",
        "((channel->hash ^ hash) & 7) == 0 && channel->name_size == size",
    ),
    Mutant(
        "the_empty_name_is_a_name", BROKER_C, suite_any("BRK-4", "BRK-6"),
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n", "",
    ),
    Mutant(
        "a_name_can_be_had_twice", BROKER_C, suite("BRK-3"),
        "  if (find(broker, hash, name, name_size)) {\n", "  if (0) {\n",
    ),
    Mutant(
        "memory_before_the_name", BROKER_C, suite("BRK-6"),
        "  if (find(broker, hash, name, name_size)) {\n",
        "  if (memory <= broker->memory_limit - broker->memory_used && find(broker, hash, name, name_size)) {\n",
    ),
    Mutant(
        "the_last_byte_of_the_limit_is_refused", BROKER_C, suite("BRK-5"),
        "memory <= broker->memory_limit - broker->memory_used", "memory < broker->memory_limit - broker->memory_used",
    ),
    Mutant(
        "one_byte_over_the_limit_is_granted", BROKER_C, suite("BRK-5"),
        "memory <= broker->memory_limit - broker->memory_used",
        "memory - 1 <= broker->memory_limit - broker->memory_used",
    ),
    Mutant(
        "memory_is_not_given_back", BROKER_C,
        (
            suite("BRK-5"),
            explorer("two request and free", UNEXPLAINED),
            cbmc("requests", "broker.memory_used == used"),
        ),
        "    broker->memory_used -= channel->ring.capacity * channel->max_message_size;\n", "",
    ),
    Mutant(
        "capacity_is_rounded_down", BROKER_C, suite("BRK-2"),
        "  while (power < clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)) power *= 2;\n",
        "  while (2 * power <= clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)) power *= 2;\n",
    ),
    Mutant(
        "the_largest_capacity_is_65536", BROKER_C, suite("BRK-2"),
        "clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)", "clamp(capacity, PLATFORM_MIN_CAPACITY, 65536)",
    ),
    Mutant(
        "sizes_are_clamped_at_1_mib", BROKER_C, suite("BRK-2"),
        "clamp(max_message_size, 64, 16 * 1024 * 1024)", "clamp(max_message_size, 64, 1024 * 1024)",
    ),
    Mutant(
        "a_whole_shutdown_waits_no_time", BROKER_C, suite("SHD-2"),
        "  return omni_shutdown_wait(broker, omni_shutdown_begin(broker), timeout);",
        "  return omni_shutdown_begin(broker) > 0;",
    ),
    Mutant(
        "the_registry_grows_and_forgets", BROKER_C, suite_any("BRK-10", "BRK-3"),
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    omni_channel **bucket",
        "  for (omni_channel *channel = broker->newest; channel; channel = channel->newer) {\n"
        "    omni_channel **bucket",
    ),
    Mutant(
        "requests_share_the_lock", BROKER_C, (suite("BRK-12"), explorer("two request one name", RACE)),
        "  platform_lock_exclusive(&broker->lock);\n  if (find(broker, hash, name, name_size)) {\n",
        "  platform_lock_shared(&broker->lock);\n  if (find(broker, hash, name, name_size)) {\n",
    ),
    Mutant(
        "statistics_take_no_lock", BROKER_C, suite("BRK-12"),
        "  platform_lock_shared(&broker->lock);\n"
        "  *stats = (omni_broker_stats){broker->active, broker->created - broker->inherited, "
        "broker->retired_messages,\n"
        "                               broker->retired_bytes};\n"
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    channel_sent(channel, &sent);\n"
        "    stats->total_messages_sent += sent.messages;\n"
        "    stats->total_bytes_transferred += sent.bytes;\n"
        "  }\n"
        "  platform_unlock(&broker->lock);\n",
        "  *stats = (omni_broker_stats){broker->active, broker->created - broker->inherited, "
        "broker->retired_messages,\n"
        "                               broker->retired_bytes};\n"
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    channel_sent(channel, &sent);\n"
        "    stats->total_messages_sent += sent.messages;\n"
        "    stats->total_bytes_transferred += sent.bytes;\n"
        "  }\n",
    ),
    Mutant(
        "a_name_goes_with_the_first_handle", BROKER_C,
        (suite_any("BRK-8", "BRK-10", "LIF-1", "BRK-11"), native("unit: ")),
        "--channel->open_handles == 0 && channel->sequence;", "--channel->open_handles == 1 && channel->sequence;",
    ),
    Mutant(
        "a_name_is_never_freed", BROKER_C, suite_any("BRK-8", "BRK-10", "BRK-11"),
        "--channel->open_handles == 0 && channel->sequence;", "--channel->open_handles < 0 && channel->sequence;",
    ),
    Mutant(
        "totals_forget_channels_that_are_gone", BROKER_C, suite("BRK-11"),
        "    broker->retired_messages += sent.messages;\n", "",
    ),
    Mutant(
        "totals_leave_out_living_channels", BROKER_C, suite("BRK-11"),
        "    stats->total_bytes_transferred += sent.bytes;\n", "",
    ),
    Mutant(
        "created_counts_what_is_left", BROKER_C, suite("BRK-11"),
        "broker->active, broker->created - broker->inherited,", "broker->active, broker->active,",
    ),
    Mutant(
        "remove_takes_what_is_alive", BROKER_C, suite("BRK-9"),
        "  (void)broker, (void)name, (void)name_size;\n  return 0;\n",
        "  return omni_has_channel(broker, name, name_size);\n",
    ),
    Mutant(
        "shutdown_closes_the_oldest_only", BROKER_C, suite("SHD-1"),
        "      channel = channel->newer;\n      continue;", "      channel = NULL;\n      continue;",
    ),
    Mutant(
        "shutdown_does_not_wait", BROKER_C, suite("SHD-2"),
        "int done = !broker->oldest || broker->oldest->sequence > generation;", "int done = 1;",
    ),
    Mutant(
        "any_close_ends_a_shutdown", BROKER_C, suite("SHD-2"),
        "    slept = platform_sleep(&broker->closed_count, closed_count, deadline);\n",
        "    slept = platform_sleep(&broker->closed_count, closed_count, deadline);\n"
        "    if (slept == PLATFORM_AWAKE) return 1;\n",
    ),
    Mutant(
        "shutdown_waits_for_later_channels", BROKER_C, suite_any("SHD-3", "SHD-2"),
        "int done = !broker->oldest || broker->oldest->sequence > generation;", "int done = !broker->oldest;",
    ),
    Mutant(
        "the_last_handle_does_not_wake_shutdown", BROKER_C,
        (suite_any("SHD-2", "CON-5"), explorer("shutdown_wait, consumer waits", LOST_WAKEUP)),
        "  if (last) platform_wake(&broker->closed_count);\n", "",
    ),
    Mutant(
        "after_shutdown_nothing_is_granted", BROKER_C, suite("SHD-3"),
        "  uint64_t generation = broker->created;\n",
        "  uint64_t generation = broker->created;\n  broker->memory_limit = broker->memory_used;\n",
    ),
    Mutant(
        "a_shutdown_waits_for_its_own_pop", BROKER_C, explorer("shutdown from inside", LOST_WAKEUP),
        "  if (waits_for_itself(broker, generation)) return OMNI_CONCURRENT_USE;\n", "",
    ),
    Mutant(
        "giving_up_a_broker_does_not_release", BROKER_C, explorer("broker freed", RACE),
        "&broker->references, (uint64_t)-1, acq_rel", "&broker->references, (uint64_t)-1, acquire",
    ),
    Mutant(
        "a_channel_does_not_hold_its_broker", BROKER_C, explorer("broker freed", ""),
        "      platform_add(&broker->references, 1, relaxed);", "     ",
    ),
    Mutant(
        "a_search_for_a_name_takes_no_lock", BROKER_C, explorer("name freed", RACE),
        "  platform_lock_shared(&broker->lock);\n  int found", "  int found",
        "NULL;\n  platform_unlock(&broker->lock);\n  return found", "NULL;\n  return found",
    ),
    Mutant(
        "what_a_channel_sent_is_added_after_the_lock", BROKER_C, explorer("statistics during close", RACE),
        "    broker->retired_messages += sent.messages;\n", "",
        "  if (last) platform_wake",
        "  if (last) broker->retired_messages += sent.messages;\n  if (last) platform_wake",
    ),
    Mutant(
        "a_table_that_grows_leaves_the_old_one", BROKER_C, explorer("registry grows", UNEXPLAINED),
        "  platform_free(broker->buckets);\n  broker->buckets = buckets;", "  broker->buckets = buckets;",
    ),
    Mutant(
        "the_closed_count_is_read_after_the_check", BROKER_C,
        explorer("shutdown_wait, consumer waits", LOST_WAKEUP),
        "    uint32_t closed_count = platform_load(&broker->closed_count.value, relaxed);\n", "",
        "    if (done) return 1;\n",
        "    if (done) return 1;\n    uint32_t closed_count = platform_load(&broker->closed_count.value, relaxed);\n",
    ),
    Mutant(
        "a_shutdown_does_not_keep_the_channels", BROKER_C, explorer("shutdown_wait times out", RACE),
        "  platform_lock_shared(&broker->lock); /* keeps the channels", "  /* keeps the channels",
        "    platform_unlock(&broker->lock);\n    guard_wait", "    guard_wait",
        "    platform_lock_shared(&broker->lock);\n    channel = broker->oldest;", "    channel = broker->oldest;",
        "  platform_unlock(&broker->lock);\n  return generation;", "  return generation;",
    ),
    Mutant(
        "shutdown_does_not_wait_for_a_push", BROKER_C, explorer("shutdown, reserved", RACE),
        "    guard_wait(&channel->producer.guard);\n", "",
    ),
    Mutant(
        "closing_twice_closes_twice", BROKER_C, suite_any("LIF-1", "LIF-4", "BRK-8"),
        "  platform_store(ended, true, release);", " ",
    ),
    Mutant(
        "a_close_has_ended_before_the_name_is_free", BROKER_C,
        explorer("producer closed by two threads, then a request", UNEXPLAINED),
        "  platform_store(ended, true, release);", " ",
        "  omni_handle_stats sent;\n  platform_lock_exclusive(&broker->lock);\n"
        "  bool first = !platform_load(ended, relaxed), last",
        "  omni_handle_stats sent;\n  bool first = !platform_load(ended, relaxed);\n"
        "  platform_store(ended, true, release);\n  platform_lock_exclusive(&broker->lock);\n  bool last",
    ),
    Mutant(
        "a_refused_channel_counts", BROKER_C, explorer("allocation fails", UNEXPLAINED),
        "    if (channel) {\n", "    broker->memory_used += channel ? 0 : memory;\n    if (channel) {\n",
    ),
    Mutant(
        "a_refused_broker_leaves_its_table", BROKER_C, explorer("allocation fails for a broker", UNEXPLAINED),
        "  platform_free(broker->buckets);\n  platform_free(broker);\n  return NULL;",
        "  platform_free(broker);\n  return NULL;",
    ),
    Mutant(
        "no_longest_message", BROKER_C, cbmc("requests", "valid_shape"),
        "clamp(max_message_size, 64, 16 * 1024 * 1024)", "clamp(max_message_size, 64, UINT64_MAX)",
    ),
    Mutant(
        "capacities_that_are_no_power_of_two", BROKER_C, cbmc("requests", "valid_shape"),
        "capacity = normal_capacity(capacity);", "capacity = clamp(capacity, 8, 524288);",
    ),
)  # fmt: skip
"""The broker, its registry, its totals and its shutdown."""
