"""Wrong cores: the producer and the consumer."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

PRODUCER = (
    Mutant(
        "empty_messages_are_sent", ("PSH-1",), "producer.c",
        "if (size == 0 || size > channel->max_message_size) return", "if (size > channel->max_message_size) return",
    ),
    Mutant(
        "largest_message_is_refused", ("PSH-1", "POP-2"), "producer.c",
        "if (size == 0 || size > channel->max_message_size) return",
        "if (size == 0 || size >= channel->max_message_size) return",
    ),
    Mutant(
        "closed_before_size", ("PSH-1",), "producer.c",
        "  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n"
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n",
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n"
        "  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n",
    ),
    Mutant(
        "sends_to_nobody", ("PSH-1", "LIF-2", "SHD-1"), "producer.c",
        "  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;\n", "",
    ),
    Mutant(
        "a_push_takes_the_reserved_slot", ("PSH-1", "PSH-5"), "producer.c",
        "if (producer->reserved || !ring_free", "if (!ring_free",
    ),
    Mutant(
        "a_push_keeps_the_slots_old_offset", ("POP-2",), "producer.c",
        "  slot->offset = 0;\n", "",
    ),
    Mutant(
        "messages_are_one_byte_short", ("POP-2", "PSH-3"), "producer.c",
        "slot->length = (uint32_t)size;\n  platform_copy", "slot->length = (uint32_t)size - 1;\n  platform_copy",
    ),
    Mutant(
        "the_last_byte_is_not_copied", ("POP-2", "PSH-3"), "producer.c",
        "platform_copy(slot->payload, data, size);", "platform_copy(slot->payload, data, size - 1);",
    ),
    Mutant(
        "published_before_it_is_copied", ("CON-3",), "producer.c",
        "  fill(ring_next_slot(&channel->ring, 0), data, size);\n  ring_publish(&channel->ring, 1, size);\n",
        "  ring_slot *slot = ring_next_slot(&channel->ring, 0);\n  slot->length = (uint32_t)size;\n"
        "  ring_publish(&channel->ring, 1, size);\n  fill(slot, data, size);\n",
    ),
    Mutant(
        "a_batch_is_published_before_it_is_copied", ("CON-3",), "producer.c",
        "      fill(ring_next_slot(&channel->ring, pushed), message.data, message.size);\n"
        "      bytes += message.size;\n    }\n"
        "    if (pushed > 0) ring_publish(&channel->ring, pushed, bytes);\n",
        "      ring_slot *slot = ring_next_slot(&channel->ring, 0);\n      slot->length = (uint32_t)message.size;\n"
        "      ring_publish(&channel->ring, 1, message.size);\n      fill(slot, message.data, message.size);\n    }\n",
    ),
    Mutant(
        "a_push_keeps_memory", ("CON-7",), "producer.c",
        "platform_copy(slot->payload, data, size);",
        "platform_copy(slot->payload, platform_copy(platform_allocate(size), data, size), size);",
    ),
    Mutant(
        "a_push_copies_twice", ("CON-7",), "producer.c",
        "  platform_copy(slot->payload, data, size);\n",
        "  void *copy = platform_copy(platform_allocate(size), data, size);\n"
        "  platform_copy(slot->payload, copy, size);\n  platform_free(copy);\n",
    ),
    Mutant(
        "a_full_queue_counts_as_failed", ("STA-1",), "producer.c",
        "if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED)",
        "if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED || result == OMNI_PUSH_QUEUE_FULL)",
    ),
    Mutant(
        "time_outs_do_not_count", ("STA-1",), "producer.c",
        "if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED)",
        "if (result == OMNI_PUSH_CHANNEL_CLOSED)",
    ),
    Mutant(
        "a_batch_counts_its_failure", ("STA-1",), "producer.c",
        "  guard_leave(&producer->guard);\n  return (int64_t)pushed;",
        "  if (pushed < count) counted(producer, OMNI_PUSH_TIMEOUT);\n  guard_leave(&producer->guard);\n"
        "  return (int64_t)pushed;",
    ),
    Mutant(
        "a_batch_skips_what_does_not_fit", ("PSH-6",), "producer.c",
        "      if (message.size == 0 || message.size > channel->max_message_size) break;\n",
        "      if (message.size == 0 || message.size > channel->max_message_size) {\n"
        "        messages++, count--, pushed--;\n        continue;\n      }\n",
    ),
    Mutant(
        "waits_for_its_own_reservation", ("PSH-5",), "producer.c",
        "(producer->reserved || timeout == 0)", "(timeout == 0)",
    ),
    Mutant(
        "a_blocking_push_answers_queue_full", ("PSH-4",), "producer.c",
        "else if (slept == PLATFORM_TIME_UP) result = OMNI_PUSH_TIMEOUT;", "else if (slept == PLATFORM_TIME_UP) break;",
    ),
    Mutant(
        "a_blocked_push_does_not_see_its_close", ("LIF-8",), "producer.c",
        "    if (guard_is_closed(&producer->guard)) result = OMNI_PUSH_CHANNEL_CLOSED; /* LIF-8 */\n    else if",
        "    if",
    ),
    Mutant(
        "a_reservation_can_be_had_twice", ("RSV-1",), "producer.c",
        "!nobody_receives(channel) && !producer->reserved &&\n", "!nobody_receives(channel) &&\n",
    ),
    Mutant(
        "a_batch_takes_the_reserved_slot", ("PSH-6",), "producer.c",
        "!nobody_receives(channel) && !producer->reserved) {", "!nobody_receives(channel)) {",
    ),
    Mutant(
        "reserves_more_than_fits", ("RSV-1",), "producer.c",
        "granted = size > 0 && size <= channel->max_message_size && !nobody", "granted = size > 0 && !nobody",
    ),
    Mutant(
        "reserves_for_nobody", ("RSV-1", "SHD-1"), "producer.c",
        "channel->max_message_size && !nobody_receives(channel) && !producer->reserved",
        "channel->max_message_size && !producer->reserved",
    ),
    Mutant(
        "the_region_starts_late", ("RSV-3", "RSV-2"), "producer.c",
        "*region = ring_next_slot(&channel->ring, 0)->payload;",
        "*region = ring_next_slot(&channel->ring, 0)->payload + 1;",
    ),
    Mutant(
        "commit_ignores_the_offset", ("RSV-3",), "producer.c",
        "slot->offset = (uint32_t)offset;", "slot->offset = 0;",
    ),
    Mutant(
        "commit_publishes_to_nobody", ("RSV-4", "SHD-1"), "producer.c",
        "    if (!nobody_receives(channel)) {\n", "    {\n",
    ),
    Mutant(
        "commit_keeps_the_reservation", ("RSV-1", "RSV-3", "RSV-4", "RSV-6", "PSH-1"), "producer.c",
        "    producer->reserved = false;\n    if (!nobody", "    if (!nobody",
    ),
    Mutant(
        "rollback_keeps_the_reservation", ("RSV-5",), "producer.c",
        "refused(answer, 0);\n  producer->reserved = false;\n", "refused(answer, 0);\n",
    ),
    Mutant(
        "a_reservation_takes_an_available_slot", ("RSV-2", "STA-3"), "producer.c",
        "ring->capacity - ring_length(ring);", "ring->capacity - ring_length(ring) - producer->reserved;",
    ),
    Mutant(
        "the_producer_does_not_see_the_consumers_end", ("LIF-2",), "producer.c",
        "!guard_is_closed(&producer->guard) && platform_load(&ring->consumer_alive, relaxed) &&",
        "!guard_is_closed(&producer->guard) &&",
    ),
    Mutant(
        "closing_does_not_wake_its_own_push", ("LIF-8",), "producer.c",
        "  eventcount_wake(&channel->ring.producer_waiter); /* the thread inside, if it sleeps (LIF-8) */\n", "",
    ),
    Mutant(
        "the_producer_is_unmapped_under_a_push", ("LIF-8", "CON-4"), "producer.c",
        "  guard_wait(&producer->guard);\n", "",
    ),
)  # fmt: skip

CONSUMER = (
    Mutant(
        "pops_ignore_exports", ("MSG-3",), "consumer.c",
        "if (platform_load(&consumer->pins, acquire) == 0) return wanted;", "return wanted;",
    ),
    Mutant(
        "pops_go_one_past_an_export", ("MSG-3",), "consumer.c",
        "ring_slot_at(ring, read + free - ring->capacity)", "ring_slot_at(ring, read + free - ring->capacity - 1)",
    ),
    Mutant(
        "a_batch_is_popped_backwards", ("POP-2", "POP-5"), "consumer.c",
        "const ring_slot *slot = ring_slot_at(ring, read + i);",
        "const ring_slot *slot = ring_slot_at(ring, read + taken - 1 - i);",
    ),
    Mutant(
        "a_batch_counts_its_last_bytes", ("STA-2",), "consumer.c",
        "bytes += slot->length;", "bytes = slot->length;",
    ),
    Mutant(
        "a_pop_ignores_the_offset", ("RSV-3",), "consumer.c",
        "{slot->payload + slot->offset, slot->length", "{slot->payload, slot->length",
    ),
    Mutant(
        "a_batch_waits_to_fill", ("POP-5",), "consumer.c",
        "  if (waiting == 0) return ended", "  if (waiting < wanted && wanted <= ring->capacity) return ended",
    ),
    Mutant(
        "a_blocking_pop_answers_empty", ("POP-4",), "consumer.c",
        "return finished(consumer, result == OMNI_POP_EMPTY ? OMNI_POP_TIMEOUT : result);",
        "return finished(consumer, result);",
    ),
    Mutant(
        "a_timed_pop_does_not_wait", ("POP-4", "POP-5", "CON-5"), "consumer.c",
        "else if (slept == PLATFORM_TIME_UP) result = OMNI_POP_TIMEOUT;",
        "else if (slept == PLATFORM_TIME_UP || deadline != PLATFORM_NEVER) result = OMNI_POP_TIMEOUT;",
    ),
    Mutant(
        "a_blocked_pop_does_not_see_its_close", ("LIF-8",), "consumer.c",
        "    if (guard_is_closed(&consumer->guard)) result = OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */\n    else if",
        "    if",
    ),
    Mutant(
        "woken_by_the_end_it_does_not_drain", ("CON-4", "LIF-2"), "consumer.c",
        "      if (!guard_is_closed(&consumer->guard)) result = pop(",
        "      if (!platform_load(&ring->producer_alive, acquire)) result = OMNI_POP_CHANNEL_CLOSED;\n"
        "      else if (!guard_is_closed(&consumer->guard)) result = pop(",
    ),
    Mutant(
        "asleep_it_holds_up_every_consumer", ("CON-7", "CON-1"), "consumer.c",
        "  int result = entered_pop(consumer, 1, timeout, message, &taken);\n",
        "  static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;\n"
        "  pthread_mutex_lock(&one);\n"
        "  int result = entered_pop(consumer, 1, timeout, message, &taken);\n"
        "  pthread_mutex_unlock(&one);\n",
    ),
    Mutant(
        "empty_counts_as_failed", ("STA-2",), "consumer.c",
        "if (result == OMNI_POP_TIMEOUT || result == OMNI_POP_CHANNEL_CLOSED) count",
        "if (result != OMNI_POP_SUCCESS) count",
    ),
    Mutant(
        "a_pop_expires_nothing", ("MSG-2",), "consumer.c",
        "  guard_count(&consumer->guard);\n  return finished(consumer, pop(", "  return finished(consumer, pop(",
    ),
    Mutant(
        "a_pop_of_nothing_expires", ("MSG-5",), "consumer.c",
        "  if (max_count == 0) {\n    guard_leave",
        "  if (max_count == 0) {\n    guard_count(&consumer->guard);\n    guard_leave",
    ),
    Mutant(
        "messages_outlive_their_consumer", ("MSG-2",), "consumer.c",
        "guard_entries(&consumer->guard) == message->pop && !guard_is_closed(&consumer->guard);",
        "guard_entries(&consumer->guard) == message->pop;",
    ),
    Mutant(
        "an_export_does_not_hold_the_memory", ("MSG-1", "MSG-2", "MSG-3", "MSG-4"), "consumer.c",
        "  if (!channel_pin(consumer->channel)) return OMNI_EXPIRED;\n", "",
    ),
    Mutant(
        "the_consumers_end_is_not_told", ("LIF-2",), "consumer.c",
        "  ring_end_consumer(&channel->ring);\n", "",
    ),
    Mutant(
        "closing_does_not_wake_its_own_pop", ("LIF-8",), "consumer.c",
        "  eventcount_wake(&channel->ring.consumer_waiter); /* the thread inside, if it sleeps (LIF-8) */\n", "",
    ),
)  # fmt: skip
