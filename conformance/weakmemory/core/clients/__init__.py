"""The clients that are explored: small, and between them every way in which the two sides and other threads meet.

A setup goes before what is explored, so that a client begins where something can happen. `held` and `view` read a
message's every byte, so an execution in which the producer could write there is a data race.
"""

from __future__ import annotations

from conformance.weakmemory.core.client import Client
from conformance.weakmemory.core.clients.broker import BROKER
from conformance.weakmemory.core.clients.ends import ENDS
from conformance.weakmemory.core.clients.long import LONG
from conformance.weakmemory.core.clients.messages import MESSAGES
from conformance.weakmemory.core.clients.mishaps import MISHAPS
from conformance.weakmemory.core.clients.pins import PINS
from conformance.weakmemory.core.clients.questions import QUESTIONS
from conformance.weakmemory.core.clients.seats import SEATS

QUICK: tuple[Client, ...] = (*MESSAGES, *SEATS, *ENDS, *PINS, *BROKER, *QUESTIONS, *MISHAPS)
"""All of them in well under a minute."""

FULL: tuple[Client, ...] = (*QUICK, *LONG)
"""With those that take minutes."""
