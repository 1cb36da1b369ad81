"""Wrong cores: the broker, its registry, its totals and its shutdown."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

BROKER = (
    Mutant(
        "names_end_at_a_nul", ("BRK-7",), "broker.c",
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n",
        "  name_size = strnlen(name, name_size);\n  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;\n",
    ),
    Mutant(
        "names_are_cut_at_64_bytes", ("BRK-7", "BRK-10"), "broker.c",
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n",
        "  if (name_size > 64) name_size = 64;\n  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;\n",
    ),
    Mutant(
        "names_are_compared_by_length", ("BRK-7", "BRK-3", "BRK-10"), "broker.c",
        "channel->hash == hash && channel->name_size == size && memcmp(channel->name, name, size) == 0",
        "((channel->hash ^ hash) & 7) == 0 && channel->name_size == size",
    ),
    Mutant(
        "the_empty_name_is_a_name", ("BRK-4", "BRK-6"), "broker.c",
        "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */\n", "",
    ),
    Mutant(
        "a_name_can_be_had_twice", ("BRK-3",), "broker.c",
        "  if (find(broker, hash, name, name_size)) {\n", "  if (0) {\n",
    ),
    Mutant(
        "memory_before_the_name", ("BRK-6",), "broker.c",
        "  if (find(broker, hash, name, name_size)) {\n",
        "  if (memory <= broker->memory_limit - broker->memory_used && find(broker, hash, name, name_size)) {\n",
    ),
    Mutant(
        "the_last_byte_of_the_limit_is_refused", ("BRK-5",), "broker.c",
        "memory <= broker->memory_limit - broker->memory_used", "memory < broker->memory_limit - broker->memory_used",
    ),
    Mutant(
        "one_byte_over_the_limit_is_granted", ("BRK-5",), "broker.c",
        "memory <= broker->memory_limit - broker->memory_used",
        "memory - 1 <= broker->memory_limit - broker->memory_used",
    ),
    Mutant(
        "memory_is_not_given_back", ("BRK-5",), "broker.c",
        "    broker->memory_used -= channel->ring.capacity * channel->max_message_size;\n", "",
    ),
    Mutant(
        "capacity_is_rounded_down", ("BRK-2",), "broker.c",
        "  while (power < clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)) power *= 2;\n",
        "  while (2 * power <= clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)) power *= 2;\n",
    ),
    Mutant(
        "the_registry_grows_and_forgets", ("BRK-10", "BRK-3"), "broker.c",
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    omni_channel **bucket",
        "  for (omni_channel *channel = broker->newest; channel; channel = channel->newer) {\n"
        "    omni_channel **bucket",
    ),
    Mutant(
        "requests_share_the_lock", ("BRK-12",), "broker.c",
        "  platform_lock_exclusive(&broker->lock);\n  if (find(broker, hash, name, name_size)) {\n",
        "  platform_lock_shared(&broker->lock);\n  if (find(broker, hash, name, name_size)) {\n",
    ),
    Mutant(
        "statistics_take_no_lock", ("BRK-12",), "broker.c",
        "  platform_lock_shared(&broker->lock);\n"
        "  *stats = (omni_broker_stats){broker->active, broker->created, "
        "broker->retired_messages, broker->retired_bytes};\n"
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    channel_sent(channel, &sent);\n"
        "    stats->total_messages_sent += sent.messages;\n"
        "    stats->total_bytes_transferred += sent.bytes;\n"
        "  }\n"
        "  platform_unlock(&broker->lock);\n",
        "  *stats = (omni_broker_stats){broker->active, broker->created, "
        "broker->retired_messages, broker->retired_bytes};\n"
        "  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {\n"
        "    channel_sent(channel, &sent);\n"
        "    stats->total_messages_sent += sent.messages;\n"
        "    stats->total_bytes_transferred += sent.bytes;\n"
        "  }\n",
    ),
    Mutant(
        "a_name_goes_with_the_first_handle", ("BRK-8", "BRK-10", "LIF-1", "BRK-11"), "broker.c",
        "int last = --channel->open_handles == 0;", "int last = --channel->open_handles == 1;",
    ),
    Mutant(
        "a_name_is_never_freed", ("BRK-8", "BRK-10", "BRK-11"), "broker.c",
        "int last = --channel->open_handles == 0;", "int last = --channel->open_handles < 0;",
    ),
    Mutant(
        "totals_forget_channels_that_are_gone", ("BRK-11",), "broker.c",
        "    broker->retired_messages += sent.messages;\n", "",
    ),
    Mutant(
        "totals_leave_out_living_channels", ("BRK-11",), "broker.c",
        "    stats->total_bytes_transferred += sent.bytes;\n", "",
    ),
    Mutant(
        "created_counts_what_is_left", ("BRK-11",), "broker.c",
        "(omni_broker_stats){broker->active, broker->created,", "(omni_broker_stats){broker->active, broker->active,",
    ),
    Mutant(
        "remove_takes_what_is_alive", ("BRK-9",), "broker.c",
        "  (void)broker, (void)name, (void)name_size;\n  return 0;\n",
        "  return omni_has_channel(broker, name, name_size);\n",
    ),
    Mutant(
        "shutdown_closes_the_oldest_only", ("SHD-1",), "broker.c",
        "channel = channel->newer) channel_shut(channel);", "channel = NULL) channel_shut(channel);",
    ),
    Mutant(
        "shutdown_does_not_wait", ("SHD-2",), "broker.c",
        "int done = !broker->oldest || broker->oldest->sequence > generation;", "int done = 1;",
    ),
    Mutant(
        "any_departure_ends_a_shutdown", ("SHD-2",), "broker.c",
        "    slept = platform_sleep(&broker->closed_count, closed_count, deadline);\n",
        "    slept = platform_sleep(&broker->closed_count, closed_count, deadline);\n"
        "    if (slept == PLATFORM_AWAKE) return 1;\n",
    ),
    Mutant(
        "shutdown_waits_for_later_channels", ("SHD-3", "SHD-2"), "broker.c",
        "int done = !broker->oldest || broker->oldest->sequence > generation;", "int done = !broker->oldest;",
    ),
    Mutant(
        "the_last_handle_does_not_wake_shutdown", ("SHD-2", "CON-5"), "broker.c",
        "  platform_wake(&broker->closed_count);\n", "",
    ),
    Mutant(
        "after_shutdown_nothing_is_granted", ("SHD-3",), "broker.c",
        "  uint64_t generation = broker->created;\n",
        "  uint64_t generation = broker->created;\n  broker->memory_limit = broker->memory_used;\n",
    ),
)  # fmt: skip
