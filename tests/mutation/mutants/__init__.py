"""The list of deliberate mistakes."""

from tests.mutation.mutants.bindings import CFFI, CPYTHON, SEQUENCES, SHARED
from tests.mutation.mutants.core_handles import BROKER, CONSUMER, DETACHED, ENDED_THREADS, FORK, PRODUCER
from tests.mutation.mutants.core_ring import CHANNEL, EVENTCOUNT, GUARD, PLATFORM, POOL, RING
from tests.mutation.mutants.flatbuffers import BINDING, MODEL, VERIFIER
from tests.mutation.mutants.model_channel import (
    DESCRIPTORS,
    LIFECYCLE,
    POPPING,
    PUSHING,
    RESERVING,
    SEEING,
    STATISTICS,
    WAITING,
)
from tests.mutation.mutants.model_values import BROKER as MODEL_BROKER
from tests.mutation.mutants.model_values import VALUES

MUTANTS = (
    *VALUES, *MODEL_BROKER, *PUSHING, *RESERVING, *POPPING, *WAITING, *DESCRIPTORS, *LIFECYCLE, *STATISTICS,
    *SEEING,
    *MODEL, *RING, *EVENTCOUNT, *POOL, *GUARD, *CHANNEL, *PLATFORM, *PRODUCER, *CONSUMER, *BROKER, *DETACHED,
    *FORK, *ENDED_THREADS, *CPYTHON, *CFFI, *SEQUENCES, *SHARED, *BINDING, *VERIFIER,
)  # fmt: skip
"""Each changes one file, and names the tools that must catch it."""
