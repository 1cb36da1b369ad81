"""Implementations with many mistakes at once: what the suite must say of each, and whether it does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conformance.results import Report
from conformance.rules import RULES
from conformance.runner import Selection, run_suite
from tests.mutation import workspace
from tests.mutation.mutant import Mutant, suite
from tests.mutation.mutants import MUTANTS
from tests.mutation.workspace import NAIVE


class Deviant(NamedTuple):
    """An implementation with several mistakes.

    mistakes: mutants, of which the suite must name the first rule and may name the others. module: of a target in
    Python, its text. planted: the rules of its mistakes. consequences: rules that may be named though no mistake is
    about them, each with the reason.
    """

    id: str
    what: str
    mistakes: tuple[Mutant, ...] = ()
    module: str = ""
    planted: tuple[str, ...] = ()
    consequences: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> list[str]:
        """The rules that must be named."""
        return list(dict.fromkeys((*self.planted, *(mistake.rules[0] for mistake in self.mistakes))))

    @property
    def allowed(self) -> set[str]:
        """The rules that may be named."""
        others = (rule for mistake in self.mistakes for rule in mistake.rules)
        return {*self.rules, *others, *(rule for rule, _ in self.consequences)}


def _drawn(*names: str) -> tuple[Mutant, ...]:
    """Mutants of the list."""
    known = {mutant.id: mutant for mutant in MUTANTS}
    return tuple(known[name] for name in names)


def _naive(id: str, rule: str, *texts: str) -> Mutant:
    return Mutant(id, NAIVE, suite(rule), *texts)


A = Deviant(
    "a",
    "the example in C",
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
    consequences=(
        ("WAI-1", "a push without limit waits by the call that is `wait`"),
        ("WAI-2", "and so does a reservation"),
        ("BRK-6", "the empty name has no precedence where it is a name"),
    ),
)  # fmt: skip

B = Deviant(
    "b",
    "the core in C",
    # Without one_slot_lost: of the core, it leaves a channel full for ever, and nothing more can be seen of that.
    _drawn(
        "sizes_are_clamped_at_1_mib", "bytes_sent_count_messages", "names_end_at_a_nul",
        "the_last_byte_of_the_limit_is_refused", "shutdown_does_not_wait", "commit_ignores_the_offset",
        "remove_takes_what_is_alive", "pops_ignore_exports", "a_pop_of_nothing_expires",
    ),
    consequences=(("OBS-2", "a snapshot has the bytes that were sent"),),
)  # fmt: skip

C = Deviant(
    "c",
    "the model, its channels",
    # Without batch_waits_to_fill and batch_counts_all: nearly every batch answers otherwise, and hides those beside it.
    _drawn(
        "size_checked_too_late", "batch_skips_what_fails", "nothing_reserved", "commit_ignores_offset",
        "reserved_waits", "pop_of_nothing_keeps", "exports_limit_nothing", "a_wait_ignores_what_is_left",
        "closed_pop_is_not_counted",
    ),
    consequences=(
        ("WAI-2", "a reservation of nothing waits for a slot as any other"),
        ("WAI-5", "`send_many` waits behind a reservation of its own as `blocking_push` does"),
    ),
)  # fmt: skip

D = Deviant(
    "d",
    "the model, its brokers and handles",
    _drawn(
        "empty_name_is_granted", "limit_itself_is_too_much", "names_end_at_nul", "unknown_name_is_removed",
        "shut_is_connected", "shutdown_always_done", "moved_from_has_a_size", "negative_count_is_none",
        "messages_equal_their_bytes", "total_bytes_of_the_living",
    ),
    consequences=(("BRK-10", "of a name with a NUL, `has_channel` answers what holds of another one"),),
)  # fmt: skip

_MODULE = '''
"""A target in Python over the binding in Python, with mistakes of its own."""

import ctypes
import os

os.environ["OMNI_BINDING"] = "cffi"
from fast_impl import *
from fast_impl import ConsumerHandle, MailboxBroker, PopResult, ProducerHandle, ProducerStats, PushResult

_try_push, _blocking_push = ProducerHandle.try_push, ProducerHandle.blocking_push
_is_connected, _rollback, _commit = ProducerHandle.is_connected, ProducerHandle.rollback, ProducerHandle.commit
_try_pop, _batch_pop, _stats = ConsumerHandle.try_pop, ConsumerHandle.batch_pop, ConsumerHandle.get_stats
_remove = MailboxBroker.remove_channel


def try_push(self, data):
    result = _try_push(self, data)
    return PushResult.QUEUE_FULL if result is PushResult.INVALID_SIZE else result


def blocking_push(self, data, timeout=None):
    return _blocking_push(self, data, 0 if timeout is None else timeout)


def is_connected(self):
    if self.capacity() == 0:
        ctypes.string_at(0)
    return _is_connected(self)


def rollback(self):
    return None


def commit(self, n, offset=0):
    return _commit(self, n)


def try_pop(self):
    result, message = _try_pop(self)
    return (PopResult.TIMEOUT, None) if result is PopResult.EMPTY else (result, message)


def batch_pop(self, max_count, timeout=0):
    result, messages = _batch_pop(self, max_count, timeout)
    return (PopResult.SUCCESS, messages) if max_count == 0 and result is PopResult.EMPTY else (result, messages)


def remove_channel(self, name):
    return _remove(self, name) or not self.has_channel(name)


def get_stats(self):
    received, size, failed = _stats(self)
    return type(_stats(self))(received, size, 0)


ProducerHandle.try_push, ProducerHandle.blocking_push = try_push, blocking_push
ProducerHandle.is_connected, ProducerHandle.rollback, ProducerHandle.commit = is_connected, rollback, commit
ConsumerHandle.try_pop, ConsumerHandle.batch_pop, ConsumerHandle.get_stats = try_pop, batch_pop, get_stats
MailboxBroker.remove_channel = remove_channel
OMNI_NOT_PROVIDED = ("interruption", "interpreters")
'''

E = Deviant(
    "e",
    "a target in Python",
    module=_MODULE.lstrip(),
    planted=(
        "PSH-1", "PSH-4", "LIF-4",
        "RSV-5", "RSV-6", "RSV-7",  # of `rollback`, which does nothing
        "RSV-3", "RSV-4", "ARG-3",  # of `commit`, which looks at no offset
        "POP-1", "POP-5", "BRK-9", "STA-2",
    ),
)  # fmt: skip

F = Deviant(
    "f",
    "the example in C",
    (
        _naive(
            "a_size_is_looked_at_last", "PSH-1",
            "  if (size == 0 || size > c->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n"
            "  if (nobody_receives(c)) return OMNI_PUSH_CHANNEL_CLOSED;\n",
            "  if (nobody_receives(c)) return OMNI_PUSH_CHANNEL_CLOSED;\n"
            "  if (size == 0 || size > c->max_message_size) return OMNI_PUSH_INVALID_SIZE;\n",
        ),
        _naive(
            "commit_forgets_the_offset", "RSV-3",
            "    publish(c, offset, size);\n", "    publish(c, 0, size);\n",
        ),
        _naive(
            "a_closed_producer_forgets_its_capacity", "LIF-5",
            "uint64_t omni_producer_capacity(const omni_producer *p) { return p->side.channel->capacity; }",
            "uint64_t omni_producer_capacity(const omni_producer *p) {\n"
            "  return p->side.closed ? 0 : p->side.channel->capacity;\n}",
        ),
        _naive(
            "a_message_expires_a_pop_too_late", "MSG-2",
            "  return !k->side.closed && message->pop == k->pops;",
            "  return !k->side.closed && message->pop + 1 >= k->pops;",
        ),
        _naive("a_shut_channel_says_it_is_open", "SHD-1",
            "leave(&p->side, !p->side.closed && !nobody_receives(p->side.channel))",
            "leave(&p->side, !p->side.closed && !p->side.channel->consumer.side.closed)",
        ),
        _naive(
            "sizes_are_rounded", "BRK-2",  # CFG-2 is of `normalize`, which of a library in C is its adapter's
            "uint64_t size = clamp(max_message_size, 64, 16777216);",
            "uint64_t size = (clamp(max_message_size, 64, 16777216) + 15) / 16 * 16;",
        ),
        _naive(
            "a_time_out_is_no_failed_pop", "STA-2",
            "k->side.stats.failed += result == OMNI_POP_TIMEOUT || (", "k->side.stats.failed += (",
        ),
        _naive(
            "removes_what_is_there", "BRK-9",
            "  (void)broker, (void)name, (void)name_size;\n  return 0;",
            "  return omni_has_channel(broker, name, name_size);",
        ),
        _naive(
            "memory_is_kept", "BRK-5",
            "  broker->memory_used -= c->capacity * c->max_message_size;\n", "",
        ),
    ),
    consequences=(("POP-6", "what a pop has offered and not taken stays readable, too"),),
)  # fmt: skip

DEVIANTS = (A, B, C, D, E, F)
"""Each a copy of the project, or of the example in C, with all of its mistakes."""


class Said(NamedTuple):
    """What the suite said of a deviant.

    missing: planted rules that no failure at the top level with a program names. unplanted: rules that are named and
    were not planted. undecided: rules of which nothing is known.
    """

    deviant: Deviant
    named: list[str]
    missing: list[str]
    unplanted: list[str]
    undecided: list[str]
    seconds: float

    @property
    def passes(self) -> bool:
        """Whether the suite is good enough."""
        return not self.missing and not self.unplanted and len(self.undecided) <= UNDECIDED


UNDECIDED = 3
"""Rules of a deviant that may be left undecided."""


QUICK = ("unit", "blocking")
"""Layers that are enough: those with the most mistakes for the time. The others repeat them with more states."""


def made(deviant: Deviant, folder: Path) -> str:
    """The target that the suite loads, made in `folder`; raises what `workspace.target` does."""
    if not deviant.module:
        return workspace.target(deviant.mistakes[0], folder, *deviant.mistakes[1:])
    (folder / f"deviant_{deviant.id}.py").write_text(deviant.module)
    return f"deviant_{deviant.id}"


def run(deviant: Deviant, folder: Path, workers: int = 2, everything: bool = False) -> tuple[Said, Report]:
    """Run the suite, or its quick layers, on a deviant made in `folder`; raises what `workspace.target` does."""
    target = made(deviant, folder)
    sys.path.insert(0, str(folder))  # which workers take over
    try:
        report = run_suite(target, workers=workers, selection=Selection(() if everything else QUICK))
    finally:
        sys.path.remove(str(folder))
    top = [failure for failure in report.failures if not failure.cause]
    shown = {failure.rule for failure in top if failure.program or failure.python}
    named = [rule for rule in RULES if any(failure.rule == rule for failure in top)]
    said = Said(
        deviant,
        named,
        [rule for rule in deviant.rules if rule not in shown],
        [rule for rule in named if rule not in deviant.allowed],
        [rule for rule in RULES if report.verdict(rule) == "undecided"],
        report.seconds,
    )
    return said, report


def table(results: Sequence[Said]) -> str:
    """What was said of each deviant, as a Markdown table."""
    heads = ["deviant", "of", "planted", "named with a program", "named besides", "undecided", "seconds"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for said in results:
        found = [rule for rule in said.deviant.rules if rule not in said.missing]
        besides = [rule for rule in said.named if rule not in said.deviant.rules]
        reasons = dict(said.deviant.consequences)
        why = [f"{rule} ({reasons[rule]})" if rule in reasons else rule for rule in besides]
        named = f"{len(found)} of {len(said.deviant.rules)}"
        cells = [said.deviant.id, said.deviant.what, " ".join(said.deviant.rules), named, ", ".join(why)]
        cells += [" ".join(said.undecided), f"{said.seconds:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
