"""Mistakes in the two bindings: the types in C for CPython, and the classes over cffi."""

from __future__ import annotations

from tests.mutation.mutant import Mutant, suite, suite_any

MESSAGE_C = "fast_impl/cpython/message.c"
PUSHING_C = "fast_impl/cpython/pushing.c"
MESSAGE_PY = "fast_impl/cffi/message.py"
PRODUCER_PY = "fast_impl/cffi/producer.py"

CPYTHON = (
    Mutant(
        "an_exported_view_is_not_pinned", MESSAGE_C, suite("MSG-3"),
        "  if (first && !self->pinned) list(self);\n", "",
    ),
    Mutant(
        "an_expired_message_has_a_length", MESSAGE_C, suite("MSG-2"),
        "if (is_readable(self->endpoint, &self->raw)) return", "if (true) return",
    ),
    Mutant(
        "a_blocking_push_does_not_wait", PUSHING_C, suite_any("PSH-4", "CON-6"),
        "if (code == OMNI_PUSH_QUEUE_FULL) code =", "if (false) code =",
    ),
)  # fmt: skip

CFFI = (
    Mutant(
        "a_view_never_unpins", MESSAGE_PY, suite("MSG-3"),
        'ffi.gc(ffi.new("omni_pin *"), lib.omni_unpin)', 'ffi.new("omni_pin *")',
    ),
    Mutant(
        "a_moved_from_producer_goes_on", PRODUCER_PY, suite("LIF-3", "LIF-4", "LIF-5"),
        "        self._endpoint = MOVED\n", "",
    ),
    Mutant(
        "available_slots_are_the_capacity", PRODUCER_PY, suite("STA-3"),
        "lib.omni_producer_available_slots(", "lib.omni_producer_capacity(",
    ),
)  # fmt: skip
