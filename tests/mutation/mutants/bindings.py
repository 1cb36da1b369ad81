"""Mistakes in the two bindings: the types in C for CPython, the classes over cffi, their sequences as the explorer has
them, and what both share."""

from __future__ import annotations

from tests.mutation.mutant import (
    ASSERTION,
    FREED,
    LOST_WAKEUP,
    RACE,
    UNEXPLAINED,
    Mutant,
    explorer,
    suite,
    suite_any,
)

CONSUMER_TYPE_C = "fast_impl/cpython/consumer.c"
PRODUCER_TYPE_C = "fast_impl/cpython/producer.c"
MESSAGE_C = "fast_impl/cpython/message.c"
POPPING_C = "fast_impl/cpython/popping.c"
PUSHING_C = "fast_impl/cpython/pushing.c"
RESERVATION_C = "fast_impl/cpython/reservation.c"
ENDS_C = "fast_impl/cpython/ends.c"
MODULE_C = "fast_impl/cpython/module.c"
REGISTRY_C = "fast_impl/cpython/registry.c"
CORE_PY = "fast_impl/cffi/core.py"
CONSUMER_PY = "fast_impl/cffi/consumer.py"
MESSAGE_PY = "fast_impl/cffi/message.py"
PRODUCER_PY = "fast_impl/cffi/producer.py"
BROKER_PY = "fast_impl/_broker.py"
COMMON_PY = "fast_impl/_common.py"
SEQUENCES_H = "conformance/exploration/clients/sequences.h"

CPYTHON = (
    Mutant(
        "an_exported_view_is_not_pinned", MESSAGE_C, suite("MSG-3"),
        "  else if (first) list(self);\n", "",
    ),
    Mutant(
        "an_expired_message_has_a_length", MESSAGE_C, suite("MSG-2"),
        "if (is_readable(self->endpoint, &self->raw)) return", "if (true) return",
    ),
    Mutant(
        "a_blocking_push_does_not_wait", PUSHING_C, suite_any("PSH-4", "CON-6"),
        "  if (timeout == 0) return omni_blocking_push", "  if (true) return omni_blocking_push",
    ),
    Mutant(
        "a_payload_is_copied_when_it_has_been_taken", POPPING_C, suite("POP-6"),
        "    bytes = payload_copy(endpoint, &raw);\n    omni_pop_end(endpoint->handle, &pop, bytes != NULL);\n",
        "    omni_pop_end(endpoint->handle, &pop, 1);\n    bytes = payload_copy(endpoint, &raw);\n",
    ),
    Mutant(
        "a_batch_that_could_not_be_made_takes_its_messages", POPPING_C, suite("POP-6"),
        "omni_pop_end(endpoint->handle, &pop, batch ? count : 0);", "omni_pop_end(endpoint->handle, &pop, count);",
    ),
    Mutant(
        "a_pop_that_has_waited_does_not_pin", POPPING_C, suite("MSG-3"),
        "    pin_live_exports(endpoint); /* a handler,", "    /* a handler,",
    ),
    Mutant(
        "a_close_does_not_pin_what_is_exported", CONSUMER_TYPE_C, suite("MSG-3"),
        "  pin_live_exports(endpoint);\n  endpoint->closed", "  endpoint->closed",
    ),
    Mutant(
        "a_detach_does_not_pin_what_is_exported", CONSUMER_TYPE_C, suite("LIF-10"),
        "    pin_live_exports(endpoint);\n    /* A Native", "    /* A Native",
    ),
    Mutant(
        "a_producer_that_was_moved_from_says_that_it_is_open", PRODUCER_TYPE_C, suite("OBS-1"),
        "IS_SET(self->moved) || IS_SET(endpoint->detached)", "IS_SET(endpoint->detached)",
    ),
    Mutant(
        "a_last_reference_is_not_logged", CONSUMER_TYPE_C, suite("OBS-3"),
        "    log_consumer_end(endpoint, NULL);\n", "",
    ),
    Mutant(
        "a_detached_producer_stays_active", PRODUCER_TYPE_C, suite("LIF-10"),
        "      SET(endpoint->detached);\n      SET(self->moved);\n", "      SET(endpoint->detached);\n",
    ),
    Mutant(
        "it_loads_in_one_interpreter_only", MODULE_C, suite("CON-9"),
        "Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},", "Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},",
    ),
    Mutant(
        "an_interpreter_that_ends_leaves_its_handles_open", ENDS_C, suite("CON-9"),
        "Main()) close_all(open);", "Main()) (void)close_all;",
    ),
    Mutant(
        "each_interpreter_has_a_broker_of_its_own", REGISTRY_C, suite("CON-9"),
        "shared ? shared_broker()", "false ? shared_broker()",
    ),
    Mutant(
        "a_move_without_memory_loses_the_endpoint", CONSUMER_TYPE_C, suite("LIF-3"),
        "  consumer_object *moved = handle_of(self->state, self->endpoint);\n  if (!moved) return NULL;\n",
        "  consumer_object *moved = handle_of(self->state, self->endpoint);\n"
        "  if (!moved) {\n    SET(self->moved);\n    return NULL;\n  }\n",
    ),
    Mutant(
        "a_pop_waits_with_the_gil", POPPING_C, suite("CON-6"),
        "    PyThreadState *thread = gil_give(endpoint->state);\n"
        "    int code = omni_consumer_wait(endpoint->handle, timeout);\n    gil_take(endpoint->state, thread);\n",
        "    int code = omni_consumer_wait(endpoint->handle, timeout);\n",
    ),
    Mutant(
        "a_push_goes_on_after_a_handler_has_raised", PUSHING_C, suite("CON-6"),
        "    if (check_signals() < 0) return OMNI_INTERRUPTED;\n", "    check_signals();\n",
    ),
    Mutant(
        "the_core_does_not_know_of_exports_of_the_region", RESERVATION_C, suite("RSV-7"),
        "omni_region_pin(self->endpoint->handle, &self->region, &self->pin);",
        "omni_region_is_writable(self->endpoint->handle, &self->region) ? 0 : OMNI_EXPIRED;",
    ),
    Mutant(
        "a_close_leaves_the_view_of_the_region", PRODUCER_TYPE_C, suite("RSV-6"),
        "  if (!reservation) return;\n", "  return;\n",
    ),
    Mutant(
        "a_batch_is_copied_when_all_have_been_yielded", PUSHING_C, suite("POP-2"),
        "*iterator = PyObject_GetIter(messages), *all",
        "*yielded = PySequence_List(messages), *iterator = yielded ? PyObject_GetIter(yielded) : NULL, *all",
    ),
    Mutant(
        "send_many_counts_what_it_did_not_send", PUSHING_C, suite("WAI-5"),
        "raise_instead(self->state->stopped, sent);", "raise_instead(self->state->stopped, sent + 1);",
    ),
)  # fmt: skip

CFFI = (
    Mutant(
        "a_view_never_unpins", MESSAGE_PY, suite("MSG-3"),
        'ffi.gc(ffi.new(PIN), lib.omni_unpin)', 'ffi.new(PIN)',
    ),
    Mutant(
        "a_moved_from_producer_goes_on", PRODUCER_PY, suite("LIF-3", "LIF-4", "LIF-5"),
        "        self._endpoint = MOVED\n        return moved\n", "        return moved\n",
    ),
    Mutant(
        "a_detached_consumer_goes_on", CONSUMER_PY, suite("LIF-10"),
        "            self._endpoint = MOVED\n", "",
    ),
    Mutant(
        "available_slots_are_the_capacity", PRODUCER_PY, suite("STA-3"),
        "lib.omni_producer_available_slots(", "lib.omni_producer_capacity(",
    ),
    Mutant(
        "a_pop_takes_before_it_has_its_answer", CONSUMER_PY, suite("POP-6"),
        "                    answer = make(PopResult.SUCCESS, messages, pop)\n", "",
        "[pop], [count[0] if answer is not None else 0])\n                    [code] = end\n",
        "[pop], [count[0]])\n                    [code] = end\n"
        "                    answer = make(PopResult.SUCCESS, messages, pop)\n",
    ),
    Mutant(
        "an_interrupted_pop_stays_open", CONSUMER_PY, suite_any("LIF-8", "CON-2", "POP-6"),
        'pop = ffi.gc(ffi.new(_POP), lib.omni_pop_abandon)', 'pop = ffi.new(_POP)',
        "                lib.omni_pop_abandon(pop)\n                raise\n", "                raise\n",
    ),
    Mutant(
        "a_pop_swallows_what_a_handler_raises", CONSUMER_PY, suite_any("CON-6", "POP-6"),
        "                lib.omni_pop_abandon(pop)\n                raise\n",
        "                lib.omni_pop_abandon(pop)\n"
        "                return make(PopResult.EMPTY, [], pop)  # type: ignore[return-value]\n",
    ),
    Mutant(
        "a_close_reads_its_endpoint_twice", CONSUMER_PY, suite("CON-2"),
        "        handle, token = self._endpoint\n        if handle is not None:\n"
        "            lib.slot_close_consumer(handle)\n",
        "        token = self._endpoint[1]\n"
        "        if self._endpoint[0] is not None:\n            lib.slot_close_consumer(self._endpoint[0])\n",
    ),
    Mutant(
        "a_view_is_pinned_after_the_check", MESSAGE_PY, suite("MSG-3"),
        "        pin = self._pin()\n        if pin is None:\n            expired()\n",
        "        if not self._is_readable():\n            expired()\n        pin = self._pin()\n",
    ),
    Mutant(
        "a_view_does_not_keep_its_pin", MESSAGE_PY, suite("MSG-3"),
        "ffi.buffer(kept(start, pins), size)", "ffi.buffer(start, size)",
    ),
    Mutant(
        "a_rollback_forgets_a_reservation_that_got_lost", PRODUCER_PY, suite("CON-6"),
        "        if endpoint is None:\n            return int(lib.OMNI_EXPIRED)\n",
        "        if endpoint is None or endpoint.reservation is None:\n            return int(lib.OMNI_EXPIRED)\n",
    ),
    Mutant(
        "a_batch_is_pushed_from_views", PRODUCER_PY, suite("POP-2"),
        "    as_count,\n", "    as_count,\n    as_memory,\n",
        "    try:\n        return as_bytes(data)\n",
        "    try:\n        return as_memory(data)  # type: ignore[return-value]\n",
    ),
    Mutant(
        "send_many_counts_the_one_that_failed", PRODUCER_PY, suite("WAI-5"),
        "self._snapshot(), sent)", "self._snapshot(), sent + 1)",
    ),
    Mutant(
        "a_moved_handle_is_given_no_name", PRODUCER_PY, suite("OBS-1"),
        "        self._name = name = self._channel_name()\n        moved = ProducerHandle(self._endpoint, name)\n",
        "        moved = ProducerHandle(self._endpoint)\n",
    ),
    Mutant("an_end_is_logged_twice", CORE_PY, suite("OBS-3"), "            self._logged = True\n", ""),
    Mutant(
        "the_second_signal_ends_a_wait", CORE_PY, suite("CON-6"),
        "    while code == lib.OMNI_INTERRUPTED:\n", "    if code == lib.OMNI_INTERRUPTED:\n",
    ),
)  # fmt: skip

COROUTINES_PY, WAITING_PY = "fast_impl/_coroutines.py", "fast_impl/_waiting.py"
SEQUENCES = (
    Mutant(
        "a_receive_waits_with_the_gil", SEQUENCES_H, explorer("receive", LOST_WAKEUP),
        "    gil_give();\n    int result = omni_consumer_wait(me->consumer, timeout);\n    gil_take();\n",
        "    int result = omni_consumer_wait(me->consumer, timeout);\n",
    ),
    Mutant(
        "a_receive_does_not_wait_again", SEQUENCES_H, explorer("receive, second caller", UNEXPLAINED),
        "    result = omni_pop_begin(me->consumer, wanted, otherwise, messages, count, pop);\n"
        "    if (result != OMNI_POP_EMPTY) return result;\n",
        "    return omni_pop_begin(me->consumer, wanted, otherwise, messages, count, pop);\n",
    ),
    Mutant(
        "a_receive_goes_on_after_a_handler_has_raised", SEQUENCES_H,
        explorer("receive, signal handler raises", UNEXPLAINED),
        "    if (check_signals(me, s, result)) return OMNI_INTERRUPTED;\n    if (result == OMNI_CONCURRENT_USE)",
        "    check_signals(me, s, result);\n    if (result == OMNI_CONCURRENT_USE)",
    ),
    Mutant(
        "a_receive_that_has_waited_does_not_pin", SEQUENCES_H, explorer("receive, signal handler exports", ASSERTION),
        "    pin_live_exports(me->consumer);\n    int otherwise", "    int otherwise",
    ),
    Mutant(
        "a_large_payload_is_copied_when_it_has_been_taken", SEQUENCES_H,
        explorer("receive a large message, second caller", RACE),
        "  uint64_t answer = popped(me, result, messages, count);\n  omni_pop_end(me->consumer, &pop, count);\n",
        "  omni_pop_end(me->consumer, &pop, count);\n  uint64_t answer = popped(me, result, messages, count);\n",
    ),
    Mutant(
        "a_close_does_not_wait_for_the_copy", SEQUENCES_H,
        explorer("receive a large message, closed by another thread", UNEXPLAINED),
        "  if (!omni_consumer_close_begin(me->consumer)) return;\n  gil_give();\n"
        "  omni_consumer_close_end(me->consumer);\n  gil_take();\n",
        "  omni_consumer_close_begin(me->consumer);\n",
    ),
    Mutant(
        "a_close_leaves_exports_unpinned", SEQUENCES_H, explorer("export, another thread closes", FREED),
        "  pin_live_exports(me->consumer);\n  if (!omni_consumer_close", "  if (!omni_consumer_close",
    ),
    Mutant(
        "an_export_ignores_the_answer_of_its_pin", SEQUENCES_H, explorer("export, another thread closes, no GIL", RACE),
        "bool readable = !refused && omni_message_is", "bool readable = refused || omni_message_is",
    ),
    Mutant(
        "a_send_takes_no_last_look", SEQUENCES_H, explorer("send, timed", UNEXPLAINED),
        "if (result == OMNI_PUSH_TIMEOUT) return omni_blocking_push(me->producer, data, size, 0);",
        "if (result == OMNI_PUSH_TIMEOUT) return result;",
    ),
    Mutant(
        "a_commit_leaves_the_view_of_the_region", SEQUENCES_H, explorer("reserve, write, commit", LOST_WAKEUP),
        "    release_view();\n    check_signals(me, s, 0);\n", "    check_signals(me, s, 0);\n",
    ),
    Mutant(
        "a_view_outlives_the_close_that_came_while_it_was_made", SEQUENCES_H,
        explorer("view of the region, closed by another thread, no GIL", UNEXPLAINED),
        "  if (omni_region_is_writable(me->producer, &me->region)) return 0;\n  release_view",
        "  return 0;\n  release_view",
    ),
    Mutant(
        "an_end_that_found_the_pop_ended_answers", SEQUENCES_H, explorer("cffi, receive, finaliser pops", UNEXPLAINED),
        "if (result == 0 && made) return copies;", "if (made) return copies;",
    ),
    Mutant(
        "an_exception_leaves_the_pop_open", SEQUENCES_H,
        explorer("cffi, receive, signal handler raises, then closes", UNEXPLAINED),
        "      omni_pop_abandon(&pop);\n", "",
    ),
    Mutant(
        "a_close_over_cffi_waits_with_the_gil", SEQUENCES_H,
        explorer("cffi, receive, closed by another thread", LOST_WAKEUP),
        "      gil_give();\n      if (kind == CFFI_CLOSE_CONSUMER)", "      if (kind == CFFI_CLOSE_CONSUMER)",
        "      else omni_producer_close(me->producer);\n      gil_take();",
        "      else omni_producer_close(me->producer);",
    ),
)  # fmt: skip
"""In what the bindings make of the core: mistakes that take another order of threads than a test meets."""

SHARED = (
    Mutant(
        "coroutine_takes_and_then_lets_others_run", "fast_impl/_interface.py", suite("ASY-2"),
        "        result, found = self._pop_bytes(wanted)\n",
        "        result, found = self._pop_bytes(wanted)\n        await __import__('asyncio').sleep(0)\n",
    ),
    Mutant(
        "cancelled_step_ends_the_iteration", "fast_impl/_interface.py", suite("ASY-2"),
        "        return Payloads(self)\n", "        return (payload async for payload in Payloads(self))\n",
    ),
    Mutant(
        "coroutine_claims_nothing", COROUTINES_PY, suite("ASY-4"),
        "        [self._claim] = map(methodcaller(\"_claim\"), [self._handle])", "        self._claim = None",
    ),
    Mutant(
        "claim_outlives_its_loop", COROUTINES_PY, suite("ASY-3"),
        "        if self._claim is not None:\n            self._claim.end()\n        os.close", "        os.close",
    ),
    Mutant(
        "coroutine_watches_the_handles_own_descriptor", COROUTINES_PY, suite_any("ASY-3", "WAI-3"),
        "            own = os.dup(descriptor)\n", "            own = descriptor\n",
    ),
    Mutant(
        "coroutines_time_is_not_counted", COROUTINES_PY, suite("ASY-1"),
        "            result, found = consumer._pop_bytes(wanted, _INSTANT)\n",
        "            result, found = PopResult.TIMEOUT, []\n",
    ),
    Mutant(
        "send_async_waits_with_a_reservation", COROUTINES_PY, suite("ASY-1"),
        "        found_slots = producer.available_slots() > 0\n", "        found_slots = False\n",
    ),
    Mutant(
        "coroutines_seldom_let_others_run", "fast_impl/cpython/module.c", suite("ASY-5"), "++calls % 64 == 0",
        "++calls % 640 == 0",
    ),
    Mutant(
        "wait_any_polls", WAITING_PY, suite("WAI-4"), "poller.poll(_milliseconds(deadline))", "poller.poll(0)",
    ),
    Mutant(
        "wait_any_gives_one", WAITING_PY, suite("WAI-4"),
        "    found = [handle for handle in chosen.values() if _has_something(handle)]\n",
        "    found = [handle for handle in chosen.values() if _has_something(handle)][:1]\n",
    ),
    Mutant(
        "a_channel_is_registered_before_its_pair_is_made", BROKER_PY, suite("BRK-5"),
        "            answer = ChannelError.SUCCESS, ChannelPair(producer, consumer)  "
        "# made before: then nothing can fail [BRK-5]\n", "",
        "consumer)\n        except MemoryError:",
        "consumer)\n            answer = ChannelError.SUCCESS, ChannelPair(producer, consumer)\n"
        "        except MemoryError:",
    ),
    Mutant(
        "a_timedelta_divides_in_its_own_way", COMMON_PY, suite("POP-4"),
        "if type(microseconds) is not int:", "if False:",
    ),
    Mutant(
        "a_timeout_is_converted_before_it_is_compared", COMMON_PY, suite("ARG-2"),
        "math.ceil(number * 10**9) if number < _LONGEST // 10**9 else _LONGEST + 1", "math.ceil(float(number) * 10**9)",
    ),
    Mutant(
        "leaving_a_block_closes_nothing", BROKER_PY, suite("LIF-1"),
        "        self._producer.__exit__(*exception)\n        self._consumer.__exit__(*exception)\n", "        pass\n",
    ),
)  # fmt: skip
"""What both bindings share, tried with the types in C."""
