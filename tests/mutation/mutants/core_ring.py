"""Mistakes in the C core: the ring with its waiting, the pool, the guard, the channel and the platform layer."""

from __future__ import annotations

from tests.mutation.mutant import (
    ASSERTION,
    LOST_WAKEUP,
    RACE,
    UNEXPLAINED,
    Mutant,
    cbmc,
    explorer,
    hangs,
    native,
    sanitizer,
    suite,
    suite_any,
)

RING_H = "fast_impl/core/ring.h"
POOL_H = "fast_impl/core/pool.h"
EVENTCOUNT_H = "fast_impl/core/eventcount.h"
GUARD_H = "fast_impl/core/guard.h"
CHANNEL_H = "fast_impl/core/channel.h"
CHANNEL_C = "fast_impl/core/channel.c"
FUTEX_C = "fast_impl/core/platform/futex.c"
PLATFORM_C = "fast_impl/core/platform/platform.c"

RING = (
    Mutant(
        "a_message_is_counted_before_it_can_be_popped", RING_H, explorer("push counted, then a pop", UNEXPLAINED),
        "  platform_store(&ring->write_index, write + count, release);\n", "",
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n",
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n"
        "  platform_store(&ring->write_index, write + count, release);\n",
    ),
    Mutant(
        "a_message_is_counted_before_its_slot_is_free", RING_H, explorer("pop counted, then a push", UNEXPLAINED),
        "  platform_store(&ring->read_index, read + count, release);\n", "",
        "  platform_store(&ring->bytes_received, total + bytes, release);\n",
        "  platform_store(&ring->bytes_received, total + bytes, release);\n"
        "  platform_store(&ring->read_index, read + count, release);\n",
    ),
    Mutant(
        "publish_does_not_wake", RING_H, (suite("CON-5"), hangs("exchange ")),
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n  eventcount_wake(&ring->consumer_waiter);\n",
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n",
    ),
    Mutant(
        "release_does_not_wake", RING_H, suite("CON-5"),
        "(&ring->bytes_received, total + bytes, release);\n  eventcount_wake(&ring->producer_waiter);\n",
        "(&ring->bytes_received, total + bytes, release);\n",
    ),
    Mutant(
        "producers_end_does_not_wake", RING_H,
        (suite_any("LIF-2", "SHD-1"), explorer("producer closes, blocking", LOST_WAKEUP)),
        "/* pairs with ring_waiting: after the last write_index */\n  eventcount_wake(&ring->consumer_waiter);\n",
        "/* pairs with ring_waiting: after the last write_index */\n",
    ),
    Mutant(
        "consumers_end_does_not_wake", RING_H,
        (suite_any("LIF-2", "SHD-1"), explorer("consumer closes without popping", LOST_WAKEUP), hangs("race, ")),
        "closer's last pop */\n  eventcount_wake(&ring->producer_waiter);\n", "closer's last pop */\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_empty", RING_H, suite("CON-5"),
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n  eventcount_wake(&ring->consumer_waiter);\n",
        "  platform_store(&ring->bytes_sent, bytes + size, release);\n"
        "  if (write == ring->cached_read) eventcount_wake(&ring->consumer_waiter);\n",
    ),
    Mutant(
        "wakes_only_if_the_queue_seemed_full", RING_H, suite("CON-5"),
        "(&ring->bytes_received, total + bytes, release);\n  eventcount_wake(&ring->producer_waiter);\n",
        "(&ring->bytes_received, total + bytes, release);\n"
        "  if (ring->cached_write - read == ring->capacity) eventcount_wake(&ring->producer_waiter);\n",
    ),
    Mutant(
        "one_slot_lost", RING_H, suite("PSH-2"),
        "  return ring->capacity - (write - ring->cached_read);",
        "  write += write - ring->cached_read < ring->capacity;\n"
        "  return ring->capacity - (write - ring->cached_read);",
    ),
    Mutant(
        "one_slot_too_many", RING_H, suite_any("PSH-2", "PSH-1"),
        "  return ring->capacity - (write - ring->cached_read);",
        "  return ring->capacity - (write - ring->cached_read) + 1;",
    ),
    Mutant(
        "producer_never_reloads_the_read_index", RING_H, suite_any("POP-3", "PSH-2", "CON-5"),
        "  if (ring->capacity - (write - ring->cached_read) < wanted) {\n    /*", "  if (0) {\n    /*",
    ),
    Mutant(
        "bytes_sent_count_messages", RING_H, suite_any("STA-1", "BRK-11"),
        "platform_store(&ring->bytes_sent, bytes + size, release);",
        "platform_store(&ring->bytes_sent, bytes + 1, release);",
    ),
    Mutant(
        "bytes_received_of_the_last_pop", RING_H, suite("STA-2"),
        "platform_store(&ring->bytes_received, total + bytes, release);",
        "(void)total, platform_store(&ring->bytes_received, bytes, release);",
    ),
    Mutant(
        "batch_takes_only_what_was_known", RING_H, suite("POP-5"),
        "  if (ring->cached_write - read < wanted) {\n    ring", "  if (ring->cached_write == read) {\n    ring",
    ),
    Mutant(
        "a_dead_producers_index_is_not_read", RING_H, suite("POP-5"),
        "  if (ring->cached_write - read < wanted) {\n    ring",
        "  if (ring->cached_write - read < wanted && platform_load(&ring->producer_alive, acquire)) {\n    ring",
    ),
    Mutant(
        "the_end_is_never_seen", RING_H, suite_any("POP-1", "LIF-2", "SHD-1"),
        "*ended = ring->cached_write == read;", "*ended = false;",
    ),
    Mutant(
        "batch_gives_back_one_slot", RING_H, suite_any("POP-5", "POP-2", "STA-2"),
        "platform_store(&ring->read_index, read + count, release);",
        "platform_store(&ring->read_index, read + 1, release);",
    ),
    Mutant(
        "length_counts_the_last_popped", RING_H, suite("STA-3"),
        "platform_load(&ring->write_index, relaxed) - read; /* relaxed: possibly stale, by contract */",
        "platform_load(&ring->write_index, relaxed) - read + (read > 0);",
    ),
    Mutant(
        "who_is_told_that_a_message_has_expired_misses_what_came_before", GUARD_H,
        explorer("expired, then connected", UNEXPLAINED),
        "entries, relaxed) + 1, release);", "entries, relaxed) + 1, relaxed);",
    ),
    Mutant(
        "who_has_been_woken_still_sleeps", EVENTCOUNT_H, suite("OBS-2"),
        "      platform_wakes(&(waiter)->flags); ", "      ",
    ),
    Mutant(
        "last_check_before_the_waiter_flag", EVENTCOUNT_H, suite("CON-5"),
        "      uint32_t others = platform_or(&(waiter)->flags.value, EVENTCOUNT_SLEEPS, relaxed);                  \\\n"
        "      platform_fence_heavy(); /* pairs with eventcount_wake: else each misses the other, a lost wakeup */ "
        "\\\n      if (!(ready)) waited = platform_sleep(&(waiter)->flags, others | EVENTCOUNT_SLEEPS, deadline);   "
        "   \\\n",
        "      extern int usleep(unsigned); if (!(ready)) usleep(20), \\\n"
        "      platform_or(&(waiter)->flags.value, EVENTCOUNT_SLEEPS, relaxed), \\\n"
        "      waited = platform_sleep(&(waiter)->flags, EVENTCOUNT_SLEEPS, deadline); \\\n",
    ),
    Mutant(
        "never_says_that_it_sleeps", EVENTCOUNT_H, suite("CON-6"),
        "platform_or(&(waiter)->flags.value, EVENTCOUNT_SLEEPS, relaxed); ",
        "platform_or(&(waiter)->flags.value, 0, relaxed); ",
    ),
    Mutant(
        "no_fence_of_the_waker", EVENTCOUNT_H, explorer("blocking", LOST_WAKEUP),
        "  platform_fence_light();", "  ;",
    ),
    Mutant(
        "read_index_not_acquired", RING_H, explorer("try", ASSERTION),
        "are not found */\n    ring->cached_read = platform_load(&ring->read_index, acquire)",
        "are not found */\n    ring->cached_read = platform_load(&ring->read_index, relaxed)",
        "      platform_fence_full();\n      ring->cached_read = platform_load(&ring->read_index, acquire)",
        "      platform_fence_full();\n      ring->cached_read = platform_load(&ring->read_index, relaxed)",
    ),
    Mutant(
        "write_index_not_released", RING_H, (explorer("try", RACE), sanitizer("thread", "data race")),
        "(&ring->write_index, write + count, release)", "(&ring->write_index, write + count, relaxed)",
    ),
    Mutant(
        "write_index_not_acquired", RING_H, explorer("try", RACE),
        "(&ring->write_index, acquire); /* pairs", "(&ring->write_index, relaxed); /* pairs",
    ),
    Mutant(
        "producer_alive_not_acquired", RING_H, explorer("producer closes", ""),
        "!platform_load(&ring->producer_alive, acquire)", "!platform_load(&ring->producer_alive, relaxed)",
    ),
    Mutant(
        "no_second_load_of_the_write_index", RING_H, explorer("producer closes", UNEXPLAINED),
        "    ring->cached_write = platform_load(&ring->write_index, relaxed); /* again", "    ; /* again",
    ),
    Mutant(
        "read_index_not_released", RING_H, explorer("try", ASSERTION),
        "(&ring->read_index, read + count, release)", "(&ring->read_index, read + count, relaxed)",
    ),
    Mutant(
        "no_fence_of_the_sleeper", EVENTCOUNT_H, explorer("views held", LOST_WAKEUP),
        "      platform_fence_heavy();", "      ;",
    ),
    Mutant(
        "producer_alive_not_released", RING_H, explorer("shutdown, consumer waits", ""),
        "(&ring->producer_alive, 0, release)", "(&ring->producer_alive, 0, relaxed)",
    ),
    Mutant(
        "available_messages_from_a_read_index_that_may_be_ahead", RING_H,
        explorer("available messages", UNEXPLAINED),
        "&ring->read_index, acquire); /* first", "&ring->read_index, relaxed); /* first",
    ),
    Mutant(
        "a_slot_is_free_one_too_soon", RING_H, (native("unit: pushes"), cbmc("try_push", "state_holds()")),
        "return ring->capacity - (write - ring->cached_read);",
        "return ring->capacity + 1 - (write - ring->cached_read);",
    ),
    Mutant(
        "a_push_keeps_the_buffers_old_offset", RING_H, suite("POP-2"),
        "  message->offset = (uint32_t)offset;\n", "  if (offset) message->offset = (uint32_t)offset;\n",
    ),
    Mutant("the_consumer_backs_off_at_every_check", RING_H, native("unit: back-off"), "if (came == 0) return;", ""),
    Mutant("the_back_off_limit_never_adapts", RING_H, native("unit: back-off"), "ring->back_off *= 2;", ";"),
    Mutant(
        "a_back_off_limit_past_its_bound", RING_H, cbmc("try_pop", "back_off_holds"),
        "ring->back_off < BACK_OFF_MAX", "ring->back_off <= BACK_OFF_MAX",
    ),
)  # fmt: skip

EVENTCOUNT = (
    Mutant(
        "arms_without_checking_again",
        EVENTCOUNT_H,
        explorer("watch for a message", LOST_WAKEUP),
        "eventcount_arm(waiter) && (ready))",
        "eventcount_arm(waiter) && false && (ready))",
    ),
    Mutant(
        "wakes_no_descriptor",
        EVENTCOUNT_H,
        (suite("WAI-3"), explorer("watch for space", LOST_WAKEUP)),
        "eventcount_notify(waiter, flags, EVENTCOUNT_ARMED | EVENTCOUNT_SLEEPS);",
        "eventcount_notify(waiter, flags, EVENTCOUNT_SLEEPS);",
    ),
    Mutant(
        "waking_a_sleeper_disarms_the_descriptor",
        EVENTCOUNT_H,
        explorer("watch beside a wait", LOST_WAKEUP),
        "flags & which & EVENTCOUNT_ARMED ? EVENTCOUNT_WRITES",
        "(flags & which) == EVENTCOUNT_ARMED ? EVENTCOUNT_WRITES",
    ),
    Mutant(
        "descriptor_is_never_read",
        EVENTCOUNT_H,
        suite("WAI-3"),
        "  platform_descriptor_read(waiter->descriptor);\n",
        "",
    ),
    Mutant(
        "descriptor_is_closed_while_it_is_written_to",
        EVENTCOUNT_H,
        explorer("watch for a message, closed during a push", ""),
        "  platform_await_zero(&waiter->flags.value); /* acquire: pairs with eventcount_notify */\n",
        "",
    ),
    Mutant(
        "detach_wakes_no_duplicate",
        EVENTCOUNT_H,
        suite("WAI-3"),
        "  platform_descriptor_write(descriptor);\n  platform_descriptor_close(descriptor);",
        "  platform_descriptor_close(descriptor);",
    ),
    Mutant(
        "child_wakes_its_parents_descriptor",
        EVENTCOUNT_H,
        suite("LIF-9"),
        "  if (waiter->descriptor) platform_descriptor_close(waiter->descriptor);\n  waiter->descriptor = NULL;\n",
        "",
    ),
)

POOL = (
    Mutant(
        "as_many_places_as_capacity", POOL_H,
        (suite_any("MSG-1", "MSG-3"), explorer("try", RACE), native("exchange "), cbmc("buffers", "index % count")),
        "(index & pool->last)", "(index & (pool->last >> 1))",
    ),
    Mutant(
        "a_mask_one_too_wide", POOL_H, cbmc("buffers", "index % count"),
        "(index & pool->last)", "(index & (2 * pool->last + 1))",
    ),
    Mutant(
        "no_room_for_the_pins", POOL_H, cbmc("buffers", "mapped == words"),
        "return buffers + 2 * words;", "return buffers + words;",
    ),
    Mutant(
        "buffers_overlap", POOL_H,
        (suite_any("POP-2", "MSG-1"), cbmc("buffers", "stride >= sizeof(pool_buffer) + longest")),
        "pool->stride = (sizeof(pool_buffer) + max_message_size", "pool->stride = (max_message_size",
    ),
    Mutant(
        "a_stride_that_is_not_rounded", POOL_H,
        (suite("RSV-2"), cbmc("buffers", "stride % POOL_ALIGNMENT == 0")),
        "(sizeof(pool_buffer) + max_message_size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT",
        "sizeof(pool_buffer) + max_message_size",
    ),
    Mutant(
        "a_queue_holds_65536_at_most", RING_H, suite_any("BRK-2", "PSH-2"),
        "  return ring->capacity - (write - ring->cached_read);\n",
        "  return (ring->capacity > 65536 ? 65536 : ring->capacity) - (write - ring->cached_read);\n",
    ),
    Mutant(
        "a_mapping_of_32_bits", POOL_H, cbmc("buffers", ""),
        "buffers = count * pool->stride,", "buffers = (uint32_t)(count * pool->stride),",
    ),
    Mutant(
        "a_pinned_buffer_is_used_again", POOL_H,
        (suite("MSG-3"), explorer("view, concurrent pushes and pops", RACE), native("unit: views"),
         cbmc("pool: reclaim", "watched_holds()")),
        "if (platform_load(&pool->pins[*buffer], acquire) == 0) return true;", "return true;",
    ),
    Mutant(
        "no_budget_of_fresh_buffers", POOL_H, native("unit: memory"),
        "if (pool->fresh < pool->budget)", "if (pool->fresh <= pool->last)",
    ),
    Mutant(
        "one_buffer_beyond_the_budget", POOL_H, cbmc("pool: take", "indices_hold()"),
        "if (pool->fresh < pool->budget)", "if (pool->fresh <= pool->budget)",
    ),
    Mutant(
        "the_stack_of_spare_buffers_is_lost", POOL_H, cbmc("pool: take", "stack_holds(pool->spare"),
        "pool->spare = pool_at(pool, *buffer)->below;", "pool->spare = 0;",
    ),
    Mutant(
        "a_spare_buffer_is_not_linked", POOL_H, cbmc("pool: keep_spare", "below"),
        "  pool_at(pool, buffer)->below = pool->spare;\n", "  pool_at(pool, buffer)->below = 0;\n",
    ),
    Mutant(
        "a_buffer_is_taken_back_twice", POOL_H, cbmc("pool: reclaim", "numbers_hold()"),
        "  pool->reclaimed++;\n", "",
    ),
    Mutant(
        "an_owed_buffer_is_given_back_while_pinned", POOL_H,
        (explorer("owed buffer, two pins", RACE), cbmc("pool: unpin", "watched_holds()")),
        "if (pins == (POOL_OWED | 1)) pool_give_back", "if (pins & POOL_OWED) pool_give_back",
    ),
    Mutant(
        "a_message_has_any_number_of_pins", POOL_H, (native("unit: too many pins"), cbmc("pool: pin", "others")),
        "if (others >= PLATFORM_MOST_PINS) return", "if (others >= POOL_OWED) return",
    ),
    Mutant(
        "an_unpin_does_not_release", POOL_H, sanitizer("thread", "data race"),
        "(&pool->pins[buffer], (uint32_t)-1, acq_rel)", "(&pool->pins[buffer], (uint32_t)-1, relaxed)",
    ),
    Mutant(
        "released_index_not_acquired", POOL_H, (explorer("reuse, two slots", RACE), sanitizer("thread", "data race")),
        "platform_load(released_index, acquire)", "platform_load(released_index, relaxed)",
    ),
    Mutant(
        "a_buffer_comes_back_while_it_is_held", RING_H, (suite_any("MSG-1", "CON-3"), explorer("reuse", RACE)),
        "platform_store(&ring->released_index, released, release);",
        "platform_store(&ring->released_index, released + count, release);",
    ),
    Mutant(
        "no_buffer_comes_back", RING_H, explorer("reuse", ASSERTION),
        "  platform_store(&ring->released_index, released, release);\n", "  (void)released;\n",
    ),
    Mutant(
        "released_index_not_released", RING_H, explorer("reuse, two slots", RACE),
        "(&ring->released_index, released, release)", "(&ring->released_index, released, relaxed)",
    ),
    Mutant(
        "an_owed_buffer_is_lost", POOL_H, explorer("owed buffer given back, then all in use", ASSERTION),
        "  if (pins == (POOL_OWED | 1)) pool_give_back(pool, buffer);\n", "",
    ),
    Mutant(
        "a_buffer_whose_last_pin_goes_as_it_is_owed_is_lost", POOL_H,
        explorer("unpinned as it is owed, then all in use", ASSERTION),
        "  if (platform_or(&pool->pins[*buffer], POOL_OWED, acquire) != 0) return false;\n",
        "  platform_or(&pool->pins[*buffer], POOL_OWED, acquire);\n  return false;\n",
    ),
    Mutant(
        "a_returned_stack_is_cut_off", POOL_H, explorer("two owed buffers given back, then all in use", ASSERTION),
        "    pool_at(pool, buffer)->below = top;\n", "    pool_at(pool, buffer)->below = 0;\n",
    ),
    Mutant(
        "a_spare_buffer_is_not_taken_off", POOL_H, explorer("rollback, then reserved again", RACE),
        "  pool->spare = pool_at(pool, *buffer)->below;\n", "",
    ),
    Mutant(
        "a_refused_pin_is_counted_for_a_moment", POOL_H, explorer("too many pins, all unpinned", UNEXPLAINED),
        "  uint32_t others = platform_load(&pool->pins[buffer], relaxed);\n",
        "  uint32_t others = platform_add(&pool->pins[buffer], 1, relaxed);\n"
        "  if (others < PLATFORM_MOST_PINS) return others;\n"
        "  platform_add(&pool->pins[buffer], (uint32_t)-1, relaxed);\n",
    ),
)  # fmt: skip
"""The pool of buffers."""

GUARD = (
    Mutant(
        "claim_is_not_seen_by_a_rebias", GUARD_H, explorer("claimed by one of two", UNEXPLAINED),
        "    if (platform_load(&guard->state, relaxed) & GUARD_CLAIMED) return false;\n", "",
    ),
    Mutant(
        "claim_refuses_nobody", GUARD_H, suite("ASY-4"),
        "  platform_or(&guard->state, GUARD_CLAIMED, relaxed); /* guard_leave comes after, and orders */\n", "",
    ),
    Mutant(
        "second_thread_is_made_to_wait", GUARD_H, suite("CON-2"),
        "  if (guard_rebias(guard)) return GUARD_ENTERED;\n",
        "  while (!guard_rebias(guard)) {}\n  return GUARD_ENTERED;\n",
    ),
    Mutant(
        "a_closed_guard_lets_in", GUARD_H,
        (suite_any("LIF-4", "POP-1", "PSH-1"), explorer("consumer closed during a pop", RACE)),
        "    if (state & GUARD_CLOSED) return GUARD_INACTIVE;\n", "",
    ),
    Mutant(
        "leaving_ignores_the_waiter_flag", GUARD_H, suite_any("LIF-8", "SHD-1"),
        "  while (__builtin_expect(waiters & 1, 0)) {\n", "  while (false) {\n",
    ),
    Mutant(
        "nobody_waits_for_the_call_inside", GUARD_H, suite_any("LIF-8", "CON-4", "SHD-1"),
        "  return bias == PLATFORM_OWNERS || !platform", "  return 1 || !platform",
    ),
    Mutant(
        "rebiasing_does_not_check_the_owner", GUARD_H, suite_any("CON-2", "CON-3"),
        "    if (platform_load(&guard->inside[bias], acquire)) return false;", "",
    ),
    Mutant(
        "a_handle_is_the_first_threads", GUARD_H, suite("CON-1"),
        "  if (owner && owner != self) {\n", "  if (owner && owner != self) return false;\n  if (0) {\n",
    ),
    Mutant(
        "leaving_as_the_owner_does_not_release", GUARD_H, explorer("consumer contended, empty", RACE),
        "&guard->inside[bias], 0, release", "&guard->inside[bias], 0, relaxed",
    ),
    Mutant(
        "rebiasing_has_no_heavy_fence", GUARD_H, explorer("producer contended, one is bias owner", RACE),
        "    platform_fence_heavy(); /* pairs with guard_enter:", "    /* pairs with guard_enter:",
    ),
    Mutant(
        "the_owner_does_not_check_the_bias", GUARD_H, explorer("producer contended, one is bias owner", RACE),
        "GUARD_CLAIMED)) && platform_load(&guard->bias, relaxed) == bias)", "GUARD_CLAIMED)))",
    ),
    Mutant(
        "entering_as_the_owner_has_no_light_fence", GUARD_H, explorer("consumer contended, one is bias owner", RACE),
        "  platform_fence_light(); /* pairs with guard_rebias and",
        "  /* pairs with guard_rebias and",
    ),
    Mutant(
        "a_bias_is_revoked_from_an_owner_inside", GUARD_H, explorer("producer contended", RACE),
        "    if (platform_load(&guard->inside[bias], acquire)) return false;", "    ",
    ),
    Mutant(
        "leaving_without_the_bias_does_not_release", GUARD_H, explorer("bias owners used up, producer", RACE),
        "GUARD_BUSY, release);\n  guard_wake", "GUARD_BUSY, relaxed);\n  guard_wake",
    ),
    Mutant(
        "an_owners_pin_does_not_check_the_bias", GUARD_H, explorer("pin by the bias owner, concurrent pop", ""),
        "    if (platform_load(&guard->bias, relaxed) == bias) return;", "    return;",
    ),
    Mutant(
        "a_pin_without_the_bias_is_not_ordered_against_a_pop", GUARD_H, explorer("pin, concurrent pop", UNEXPLAINED),
        "    if (platform_load(&guard->bias, relaxed) == bias) return;\n  }\n  platform_fence_heavy();",
        "    if (platform_load(&guard->bias, relaxed) == bias) return;\n  }",
    ),
    Mutant(
        "waiting_does_not_set_the_waiter_flag", GUARD_H, explorer("producer closed by another thread", LOST_WAKEUP),
        "platform_or(&guard->waiters.value, 1, relaxed) | 1;", "platform_load(&guard->waiters.value, relaxed);",
    ),
    Mutant(
        "waiting_is_not_ordered_against_leaving", GUARD_H, explorer("consumer closed by another thread", ""),
        "  platform_fence_heavy();\n  /* acquire: pairs with guard_leave;", "  /* acquire: pairs with guard_leave;",
    ),
    Mutant(
        "leaving_wakes_nobody", GUARD_H, explorer("consumer closed by another thread", LOST_WAKEUP),
        "    platform_wake(&guard->waiters);\n", "",
    ),
    Mutant(
        "leaving_is_a_flag_and_not_a_count", GUARD_H, explorer("shutdown and close", LOST_WAKEUP),
        "waiters + 1, relaxed)) continue;", "waiters - 1, relaxed)) continue;",
    ),
    Mutant(
        "a_second_thread_is_let_in", GUARD_H, explorer("producer contended", RACE),
        "    if (state & (GUARD_BUSY | GUARD_CLAIMED)) {\n", "    if (false) {\n",
    ),
    Mutant(
        "a_close_publishes_nothing", GUARD_H, explorer("not connected, then a pop", UNEXPLAINED),
        "GUARD_CLOSED | GUARD_EXPIRED, release);", "GUARD_CLOSED | GUARD_EXPIRED, relaxed);",
    ),
    Mutant(
        "a_thread_that_left_is_met_inside", GUARD_H, explorer("contended beside a shutdown", UNEXPLAINED),
        "      platform_fence_heavy();\n      fenced = true;\n", "      fenced = true;\n",
    ),
    Mutant(
        "a_pop_is_not_ordered_against_a_pin", GUARD_H, explorer("pin, concurrent pop", UNEXPLAINED),
        "  platform_fence_light(); /* pairs with guard_order",
        "  /* pairs with guard_order",
    ),
    Mutant(
        "the_owner_never_leaves", GUARD_H, cbmc("try_push", "guard_was_left"),
        "platform_store(&guard->inside[bias], 0, release);", "",
    ),
)  # fmt: skip

CHANNEL = (
    Mutant(
        "unmapped_with_the_first_side", CHANNEL_C, suite_any("LIF-2", "POP-1", "MSG-1", "MSG-3", "CON-4"),
        "atomic_init(&channel->mapping_users, 2);", "atomic_init(&channel->mapping_users, 1);",
    ),
    Mutant(
        "freed_with_the_first_handle", CHANNEL_C, suite_any("LIF-1", "LIF-2", "LIF-4", "LIF-5", "MSG-3"),
        "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 1);",
    ),
    Mutant(
        "shutdown_leaves_the_consumer_waiting", CHANNEL_C, suite("SHD-1"),
        "  ring_end_producer(&channel->ring);\n  return true;\n", "  return true;\n",
    ),
    Mutant(
        "shutdown_leaves_the_producer_sending", CHANNEL_C, suite("SHD-1"),
        "  ring_end_consumer(&channel->ring); /* no push begun from now on goes through */\n", "",
    ),
    Mutant(
        "shutdown_overtakes_a_push", CHANNEL_C, (suite_any("SHD-1", "CON-4"), explorer("shutdown, reserved", RACE)),
        "  if (!guard_is_vacated(&channel->producer.guard)) return false;\n", "",
    ),
    Mutant(
        "a_channel_is_described_after_one_look", CHANNEL_C,
        explorer("snapshots during a shutdown and a close", UNEXPLAINED),
        "  for (uint32_t again; (again = channel_stands(channel)) != stands;) stands = again;\n", "",
    ),
    Mutant(
        "the_last_release_of_a_channel_does_not_acquire", CHANNEL_C, explorer("both freed", RACE),
        "&channel->references, (uint64_t)-1, acq_rel", "&channel->references, (uint64_t)-1, release",
    ),
    Mutant(
        "giving_up_a_channel_does_not_release", CHANNEL_C, explorer("both freed after close", RACE),
        "&channel->references, (uint64_t)-1, acq_rel", "&channel->references, (uint64_t)-1, acquire",
    ),
    Mutant(
        "the_last_to_use_the_memory_does_not_acquire", CHANNEL_C, explorer("view, concurrent last close", RACE),
        "&channel->mapping_users, (uint64_t)-1, acq_rel", "&channel->mapping_users, (uint64_t)-1, release",
    ),
    Mutant(
        "giving_up_the_memory_does_not_release", CHANNEL_C, explorer("view, concurrent last close", RACE),
        "&channel->mapping_users, (uint64_t)-1, acq_rel", "&channel->mapping_users, (uint64_t)-1, acquire",
    ),
    Mutant(
        "the_memory_does_not_hold_the_channel", CHANNEL_C, explorer("view, concurrent last close", RACE),
        "&channel->references, 3)", "&channel->references, 2)",
        "mapping_size);\n  channel_release(channel);\n", "mapping_size);\n",
    ),
    Mutant(
        "a_shutdown_ends_the_producer_first", CHANNEL_C, explorer("shutdown, concurrent push and pops", RACE),
        "  ring_end_consumer(&channel->ring); /* no push",
        "  ring_end_producer(&channel->ring);\n  ring_end_consumer(&channel->ring); /* no push",
    ),
    Mutant(
        "a_refused_mapping_leaves_the_channel", CHANNEL_C, explorer("allocation fails", UNEXPLAINED),
        "  if (!memory) {\n    platform_free(channel);", "  if (!memory) {",
    ),
    Mutant(
        "a_refused_word_leaves_the_mapping", CHANNEL_C, explorer("allocation fails", UNEXPLAINED),
        "    platform_unmap(memory, channel->mapping_size);\n    platform_free(channel);\n    return NULL;",
        "    platform_free(channel);\n    return NULL;",
    ),
    Mutant(
        "freed_with_one_handle_left", CHANNEL_C, sanitizer("address", "heap-use-after-free"),
        "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 2);",
    ),
    Mutant(
        "a_channel_that_is_never_freed", CHANNEL_C, sanitizer("address", "LeakSanitizer"),
        "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 4);",
    ),
    Mutant(
        "a_shift_too_far", CHANNEL_C, sanitizer("address", "runtime error: shift"),
        "max_message_size, NULL);", "max_message_size, NULL) + (1 << (int)capacity) * 0;",
    ),
    Mutant(
        "a_full_queue_counts_as_failed", CHANNEL_H, suite("STA-1"),
        "if (result == OMNI_PUSH_TIMEOUT || (result",
        "if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_QUEUE_FULL || (result",
    ),
    Mutant(
        "empty_counts_as_failed_in_the_core", CHANNEL_H, suite("STA-2"),
        "if (result == OMNI_PUSH_TIMEOUT || (result",
        "if (result == OMNI_POP_EMPTY || result == OMNI_PUSH_TIMEOUT || (result",
    ),
    Mutant(
        "time_outs_do_not_count", CHANNEL_H, suite("STA-1", "STA-2"),
        "if (result == OMNI_PUSH_TIMEOUT || (result", "if ((result",
    ),
    Mutant(
        "a_call_that_its_own_close_ended_counts", CHANNEL_H,
        (explorer("producer closed while it waits", UNEXPLAINED),
         explorer("consumer closed by another thread", UNEXPLAINED), native("race, ")),
        "(result == OMNI_PUSH_CHANNEL_CLOSED && !guard_is_closed(guard))", "result == OMNI_PUSH_CHANNEL_CLOSED",
    ),
    Mutant(
        "an_interrupted_call_counts_as_failed", CHANNEL_H, explorer("push interrupted, not counted", UNEXPLAINED),
        "if (result == OMNI_PUSH_TIMEOUT ||", "if (result == OMNI_INTERRUPTED || result == OMNI_PUSH_TIMEOUT ||",
    ),
    Mutant(
        "an_interrupted_call_stays_in_the_guard", "fast_impl/core/consumer.c", explorer("pop interrupted", UNEXPLAINED),
        "  guard_leave(&consumer->guard);\n  return result;",
        "  if (result != OMNI_INTERRUPTED) guard_leave(&consumer->guard);\n  return result;",
    ),
)  # fmt: skip

PLATFORM = (
    Mutant(
        "polls_every_millisecond", FUTEX_C, suite("CON-6"),
        "  struct timespec until = platform_timespec(deadline);\n",
        "  int64_t tick = platform_now() + PLATFORM_SECOND / 1000;\n"
        "  if (tick < deadline) return platform_sleep(word, value, tick) == PLATFORM_SIGNAL ? PLATFORM_SIGNAL : "
        "PLATFORM_AWAKE;\n"
        "  struct timespec until = platform_timespec(deadline);\n",
    ),
    Mutant(
        "yields_and_never_sleeps", FUTEX_C, suite("CON-6"),
        "  struct timespec until = platform_timespec(deadline);\n",
        "  extern int sched_yield(void);\n"
        "  while (platform_load(&word->value, acquire) == value && platform_now() < deadline) sched_yield();\n"
        "  struct timespec until = platform_timespec(deadline);\n",
    ),
    Mutant(
        "the_deadline_is_taken_for_a_duration", FUTEX_C, suite_any("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"),
        "FUTEX_WAIT_BITSET_PRIVATE, value", "FUTEX_WAIT_PRIVATE, value",
    ),
    Mutant(
        "wakes_the_wrong_queue", FUTEX_C, suite_any("CON-5", "LIF-2", "LIF-8"),
        "FUTEX_WAKE_PRIVATE", "FUTEX_WAKE",
    ),
    Mutant(
        "signals_are_slept_over", FUTEX_C, suite("CON-6"),
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;",
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_AWAKE;",
    ),
    Mutant(
        "a_signal_uses_the_time_up", FUTEX_C, suite_any("CON-6", "CON-5"),
        "  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;", "  return PLATFORM_TIME_UP;",
    ),
    Mutant(
        "deadlines_have_whole_seconds", PLATFORM_C, suite_any("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"),
        ".tv_nsec = nanoseconds % PLATFORM_SECOND", ".tv_nsec = 0",
    ),
    Mutant(
        "for_ever_is_no_time", PLATFORM_C, suite_any("POP-4", "PSH-4", "POP-5", "SHD-2"),
        "  if (timeout < 0) return PLATFORM_NEVER;\n", "  if (timeout < 0) timeout = 0;\n",
    ),
    Mutant(
        "timeouts_are_microseconds", PLATFORM_C, suite_any("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"),
        "? PLATFORM_NEVER : now + timeout;", "? PLATFORM_NEVER : now + timeout / 1000;",
    ),
    Mutant(
        "timeouts_are_ten_times_as_long", PLATFORM_C, suite_any("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"),
        "? PLATFORM_NEVER : now + timeout;", "? PLATFORM_NEVER : now + 10 * timeout;",
    ),
    Mutant(
        "a_timed_wait_is_for_ever", FUTEX_C, suite_any("CON-5", "POP-4", "PSH-4", "POP-5", "SHD-2"),
        "deadline == PLATFORM_NEVER ? NULL : &until", "((void)until, NULL)",
    ),
    Mutant(
        "a_deadline_without_an_end", PLATFORM_C, cbmc("times and sizes", "arithmetic overflow on signed +"),
        "return timeout > PLATFORM_NEVER - now ? PLATFORM_NEVER : now + timeout;", "return now + timeout;",
    ),
)  # fmt: skip
