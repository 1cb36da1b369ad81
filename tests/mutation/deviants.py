"""Implementations with many mistakes at once: what the suite must say of each, and whether it does."""

from __future__ import annotations

from typing import NamedTuple

from tests.mutation.mutant import Mutant

NAIVE = "docs/examples/target_c/omni_naive.c"


class Deviant(NamedTuple):
    """An implementation with several mistakes, each a mutant whose rules must all be named.

    consequences: rules that may be named though no mistake is about them, each with the reason.
    """

    id: str
    mistakes: tuple[Mutant, ...]
    consequences: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> set[str]:
        """The rules that it breaks."""
        return {rule for mistake in self.mistakes for rule in mistake.rules}


def _naive(id: str, rule: str, *texts: str) -> Mutant:
    from tests.mutation.mutant import suite

    return Mutant(id, NAIVE, suite(rule), *texts)


A = Deviant(
    "a",
    (
        _naive(
            "one_slot_is_never_used", "PSH-2",
            "waiting(p->side.channel) < p->side.channel->capacity;",
            "waiting(p->side.channel) < p->side.channel->capacity - 1;",
            "p->side.closed ? 0 : c->capacity - waiting(c)",
            "p->side.closed ? 0 : c->capacity - 1 - waiting(c)",
        ),
        _naive("the_empty_name_is_a_name", "BRK-4", "  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;\n", ""),
        _naive(
            "a_channel_is_never_removed", "BRK-8",
            "  c->users--;\n  if (--c->open == 0) unregister(c);\n", "  c->users--;\n  c->open--;\n",
            "  if (c->users > 0 || c->handles > 0) {\n    pthread_mutex_unlock(&broker->lock);\n    return;\n  }\n"
            "  pthread_cond_destroy(&c->changed);\n  free(c);\n  release(broker);\n",
            "  pthread_mutex_unlock(&broker->lock);\n",
            "static void unregister(channel *c) {", "__attribute__((unused)) static void unregister(channel *c) {",
        ),
        _naive(
            "totals_are_not_kept", "BRK-11",
            "c = c->next) add_sent(stats, c);\n",
            "c = c->next) add_sent(stats, c);\n"
            "  stats->total_messages_sent = stats->total_bytes_transferred = stats->total_channels_created = 0;\n",
        ),
        _naive("sizes_end_at_a_mebibyte", "BRK-2", "64, 16777216)", "64, 1048576)"),
        _naive(
            "a_closed_handle_crashes", "LIF-4",
            "  pthread_mutex_lock(lock_of(s));\n  if (!s->closed && !s->inside) return true;\n",
            "  pthread_mutex_lock(lock_of(s));\n"
            "  if (s->closed && inactive == OMNI_PUSH_CHANNEL_CLOSED) *(volatile int *)0 = 0;\n"
            "  if (!s->closed && !s->inside) return true;\n",
        ),
        _naive(
            "the_end_of_the_producer_wakes_nobody", "LIF-2",
            "  for (bool again = timeout != 0; again && !k->side.closed && waiting(c) == 0 && !nobody_sends(c);)\n"
            "    again = await_change(&k->side, &until);\n",
            "  bool asleep = false;\n"
            "  for (bool again = timeout != 0; again && !k->side.closed && waiting(c) == 0 && !c->shut &&\n"
            "                                  (asleep || !nobody_sends(c));) {\n"
            "    again = await_change(&k->side, &until);\n"
            "    if (!again && c->producer.side.closed && !k->side.closed && timeout < 0) {\n"
            "      until = limit_of(timeout);\n"
            "      again = true;\n"
            "    }\n"
            "    asleep = true;\n"
            "  }\n",
        ),
        _naive(
            "a_view_does_not_keep_its_buffer", "MSG-3",
            "while (c->buffers[c->latest].used || c->buffers[c->latest].pins)", "while (c->buffers[c->latest].used)",
        ),
        _naive(
            "a_full_queue_is_a_failed_push", "STA-1",
            "p->side.stats.failed += result == OMNI_PUSH_TIMEOUT ||",
            "p->side.stats.failed += result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_QUEUE_FULL ||",
        ),
        _naive(
            "shutdown_waits_for_nobody", "SHD-2",
            "  bool again = true, waits, of_itself = false;\n", "  bool again = false, waits, of_itself = false;\n",
            "  return !waits ? 1 : end.slice ? OMNI_INTERRUPTED : 0;\n", "  return waits | 1;\n",
        ),
        _naive(
            "a_push_without_limit_does_not_wait", "PSH-4",
            "  limit until = limit_of(timeout);\n  bool again = timeout != 0 && !p->region.data; /* PSH-5 */\n",
            "  if (timeout < 0) timeout = 0;\n"
            "  limit until = limit_of(timeout);\n  bool again = timeout != 0 && !p->region.data; /* PSH-5 */\n",
        ),
    ),
)  # fmt: skip

DEVIANTS = (A,)
"""Each a copy of the project, or of the example in C, with all of its mistakes."""
