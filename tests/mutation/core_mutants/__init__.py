"""The bank of wrong cores: each is the C core with one mistake, tagged with the rules that it breaks."""

from __future__ import annotations

from tests.mutation.core_mutants.broker import BROKER
from tests.mutation.core_mutants.handles import CONSUMER, PRODUCER
from tests.mutation.core_mutants.ring import RING

CORE_MUTANTS = (*RING, *PRODUCER, *CONSUMER, *BROKER)
