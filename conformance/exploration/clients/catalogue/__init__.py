"""The clients that are explored: small, and between them every way in which the two sides and other threads meet.

A setup goes before what is explored, so that a client begins where something can happen. `held` and `view` read a
message's every byte, so an execution in which the producer could write there is a data race.
"""

from __future__ import annotations

from conformance.exploration.clients.catalogue.broker import BROKER
from conformance.exploration.clients.catalogue.ends import ENDS
from conformance.exploration.clients.catalogue.long import LONG
from conformance.exploration.clients.catalogue.messages import MESSAGES
from conformance.exploration.clients.catalogue.mishaps import MISHAPS
from conformance.exploration.clients.catalogue.pins import PINS
from conformance.exploration.clients.catalogue.questions import QUESTIONS
from conformance.exploration.clients.catalogue.seats import SEATS
from conformance.exploration.clients.client import Client

QUICK: tuple[Client, ...] = (*MESSAGES, *SEATS, *ENDS, *PINS, *BROKER, *QUESTIONS, *MISHAPS)
"""All of them in well under a minute."""

FULL: tuple[Client, ...] = (*QUICK, *LONG)
"""With those that take minutes."""
