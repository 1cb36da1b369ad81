"""A target as every check sees it, whatever it is made of: its public names, and the features that it provides."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import spec_model

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
"""Whether this Python is built to run without a GIL."""

FEATURES = {
    "threads": "real threads may use a channel's two ends at once",
    "brokers": "MailboxBroker() makes a broker of its own; instance() is the process's",
    "pins": "an export of a message or of a region keeps its bytes, whatever comes later",
    "memory-limit": "MailboxBroker(memory_limit=...)",
    "concurrent-use": "a second thread inside a handle is caught",
    "conveniences": "send, receive, send_many, receive_many, iteration, Message.tobytes and open_channel",
    "waiting": "wait, and reserve and build with a timeout",
    "descriptors": "fileno and wait_any",
    "coroutines": "receive_async, send_async and their like",
    "detaching": "detach, attach and close_detached",
    "observing": "name, repr, and channels() of a broker",
    "logging": "loggers of the target's package, called broker and channel",
    "interpreters": "an interpreter with a GIL of its own can import it, and shares its channels and its broker",
    "free-threading": "a Python without a GIL can import it, and stays without",
    "fork": "a child of fork has none of its parent's channels, and may have its own",
    "signals": "blocked calls answer signals",
    "interruption": "whatever comes in the middle of a call leaves nothing behind",
    "ended-threads": "a thread that ends inside a pop in two steps leaves its consumer",
    "flatbuffers": "build, get_flatbuffer and verify",
    "in-place": "FlatBuffers are built and read in the ring's own memory",
    "bounded-memory": "resident memory follows what is in flight",
    "c-abi": "a shared library, whose functions of omni_mailbox.h can be called by themselves",
    "start-index": "set_start_index(n): channels made later begin at that 64-bit index",
}
"""What a target may lack, and declare so: checks that need it are then *not provided*, and never passed."""

TYPES = ("MailboxBroker", "ChannelPair", "ProducerHandle", "ConsumerHandle", "Message", "Reservation")
"""What an implementation must have of its own."""

SHARED = (
    "BrokerStats", "ChannelConfig", "ChannelError", "ChannelInfo", "ConsumerStats", "PopResult", "ProducerStats",
    "PushResult", "ChannelClosedError", "ChannelNameError", "ConcurrentUseError", "MessageExpiredError", "OmniError",
)  # fmt: skip
"""What it may take from the model [VOC-5]."""


class Unusable(Exception):
    """A target that cannot be judged at all, and why."""


@dataclass(frozen=True)
class Target:
    """An implementation under judgement.

    name: as the user gave it. omni: its public names, as attributes.
    provides: of FEATURES, what it has. preamble: Python that makes `omni`, for reproductions.
    lacks: the other features, and who says so.
    """

    name: str
    omni: Any
    provides: frozenset[str]
    preamble: str
    lacks: Mapping[str, str] = field(default_factory=dict)


def complete(omni: Any, name: str) -> Any:
    """`omni` itself where it has every name, else its names with the model's shared ones; Unusable without types."""
    missing = [each for each in TYPES if not hasattr(omni, each)]
    if missing:
        raise Unusable(f"{name} has no {', '.join(missing)}; a target has the public names of spec_model")
    if all(hasattr(omni, each) for each in SHARED):
        return omni
    names = {each: getattr(spec_model, each) for each in SHARED}
    return SimpleNamespace(**{**names, **{each: getattr(omni, each) for each in dir(omni) if not each.startswith("_")}})


def absent(omni: Any) -> dict[str, str]:
    """The features that an implementation's names show that it lacks, with the reason."""
    lacks = {}
    if not hasattr(omni.ConsumerHandle, "wait"):
        lacks["waiting"] = "not there"
    if not hasattr(omni, "wait_any"):
        lacks["descriptors"] = "not there"
    if not hasattr(omni.ConsumerHandle, "receive_async"):
        lacks["coroutines"] = "not there"
    if not hasattr(omni, "attach"):
        lacks["detaching"] = "not there"
    if not hasattr(omni.MailboxBroker, "channels"):
        lacks["observing"] = lacks["logging"] = "no channels()"
    if "detaching" in lacks or find_spec("_interpreters") is None:
        lacks["interpreters"] = lacks.get("detaching", "this Python has no such interpreters; 3.13 has")
    if not FREE_THREADED:
        lacks["free-threading"] = "this Python has a GIL"
    if not hasattr(os, "fork"):
        lacks["fork"] = "this system has none"
    if not hasattr(omni, "c_abi"):
        lacks["c-abi"] = "no shared library"
    if not hasattr(omni, "set_start_index"):
        lacks["start-index"] = "this build cannot set it; test builds can"
    return lacks


def check_features(names: Iterable[str], complaint: str = "no such feature") -> None:
    """Unusable, beginning with `complaint`, where some of `names` are not in FEATURES."""
    if unknown := sorted(set(names) - set(FEATURES)):
        raise Unusable(f"{complaint}: {', '.join(unknown)}; there are {', '.join(FEATURES)}")
