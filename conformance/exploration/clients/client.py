"""A client of the core as data, and its exploration with the core's own files, compiled for the explorer."""

from __future__ import annotations

import ctypes
import hashlib
import struct
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import spec_model
from conformance.exploration.explorer import ENGINE, THREADS, Options, Report, explore, shared_library
from conformance.exploration.result import Result
from conformance.targets import DEFAULT

HERE = Path(__file__).parent
STUCK = 1 << 32
OPERATIONS = 16
PRODUCERS = (
    "try_push", "blocking_push", "timed_push", "batch_push", "wait_space", "timed_wait_space", "poll_space",
    "reserve", "write_region", "commit", "commit_written", "rollback", "pin_region", "unpin_region", "writable",
    "fileno_producer", "watch_producer", "claim_producer", "unclaim_producer", "close_producer", "free_producer",
    "detach_producer", "release_producer", "producer_connected", "producer_statistics", "available_slots",
)  # fmt: skip
CONSUMERS = (
    "try_pop", "unread_pop", "blocking_pop", "timed_pop", "batch_pop", "blocking_batch_pop", "timed_batch_pop",
    "begin_pop", "late_begin_pop", "end_pop", "abandon", "wait_message", "timed_wait_message", "poll_message",
    "held", "readable", "pin", "view", "reread", "unpin", "fileno_consumer", "watch_consumer", "claim_consumer",
    "unclaim_consumer", "close_consumer", "free_consumer", "detach_consumer", "release_consumer",
    "consumer_connected", "consumer_statistics", "available_messages",
)  # fmt: skip
BROKERS = (
    "request", "has", "remove", "broker_statistics", "channels", "shutdown", "shutdown_wait", "timed_shutdown_wait",
    "new_broker", "free_broker",
)  # fmt: skip
SEQUENCES = (
    "take_gil", "leave_gil", "c_try_pop", "c_receive", "c_timed_receive", "c_receive_large", "c_export", "c_view",
    "c_release", "c_close_consumer", "c_send", "c_timed_send", "c_reserve", "c_data", "c_write", "c_commit",
    "c_close_producer", "cffi_try_pop", "cffi_receive", "cffi_send", "cffi_close_consumer", "cffi_close_producer",
)  # fmt: skip
"""What the bindings make of these (sequences.h names their functions), and the GIL around other operations."""
KINDS = (*PRODUCERS, *CONSUMERS, *BROKERS, "hand", "take", "attach", "close_detached", *SEQUENCES)


class Operation(NamedTuple):
    """kind: one of KINDS. argument: the message's payload id, from 1 to 7, a count, the number that a channel has for a
    name, or the place of a message in the batch it came in.

    From `request` on, a thread works on the channel that it got, or on none. `unread_pop` is a `try_pop` that leaves
    the message's bytes alone. `late_begin_pop` answers TIMEOUT where no message waits; `end_pop` reads again what is
    offered. `commit` writes its message behind the region's first 8 bytes, `commit_written` publishes those: what
    `write_region 7` wrote. The messages of a `batch_push` have the payload ids after the thread's last. The `poll` of a
    side is a wait that does not wait. `held`, `readable` and `pin` are for a message of the thread's last pop, `view`
    and `unpin` for what its last `pin` of that place has pinned; without it they are nothing. `reread` reads again what
    of its last pop has not expired. `hand` gives these, and the pop that the thread has begun, to the thread that does
    `take`; with 1 for both only the pop, with 2 only what is pinned. A `watch` of a side waits until the descriptor
    that the thread's `fileno` gave is readable, which it may be in vain. `attach` and `close_detached` are for the
    thread's last token, or the first one there is; an `attach` that is refused leaves it without a channel. What a
    thread may not call after its `detach` is nothing until it attaches, and so is an `unclaim` where it has no claim.

    Each sequence of a binding takes the GIL, and leaves it at its end; between `take_gil` and `leave_gil` are
    operations that the binding makes with the GIL. A receive takes up to as many messages as its argument says, or one.
    `c_export`, `c_view` and `c_release` are `pin`, `view` and `unpin`, for one thread. `c_write` writes into the view
    that `c_data` gave, until that is released, and `c_commit` publishes what `c_write 7` wrote.
    """

    kind: str
    argument: int = 0


class Client(NamedTuple):
    """Threads that run operations on channels of a capacity from 1 up.

    setup: operations done before the threads start, which begin with what these leave.
    bare: no channel is there at first; otherwise one of name 0 is, and every thread works on it.
    channels: how many the broker's limit allows; 0 for no limit.
    signals, refusals: of each thread, how many sleeps may end with a signal, and how often it may be refused memory.
    unread: messages that are popped are left alone, for another thread may make them expire.
    budget: how many buffers are brought into use before any is used again; -1 for all of them.
    handler: what a signal, one of `signals`, has done in the middle of a sequence of a binding; it raises if that is
    nothing. A finaliser comes at the same points. gil: whether there is one; a free-threaded interpreter has none.
    """

    name: str
    capacity: int
    threads: tuple[tuple[Operation, ...], ...]
    setup: tuple[Operation, ...] = ()
    bare: bool = False
    channels: int = 0
    signals: int = 0
    refusals: int = 0
    budget: int = -1
    unread: bool = False
    handler: tuple[Operation, ...] = ()
    gil: bool = False


def client(
    name: str,
    capacity: int,
    *threads: str,
    setup: str = "",
    bare: bool = False,
    channels: int = 0,
    signals: int = 0,
    refusals: int = 0,
    budget: int = -1,
    unread: bool = False,
    handler: str = "",
    gil: bool = False,
) -> Client:
    """A client in short notation: "try_push 1; blocking_push 2; close_producer" for each thread."""
    parsed = tuple(map(operations, threads))
    before, inside = operations(setup), operations(handler)
    return Client(name, capacity, parsed, before, bare, channels, signals, refusals, budget, unread, inside, gil)


def operations(text: str) -> tuple[Operation, ...]:
    """A thread as `client` takes it; back from `notation`."""
    parsed = tuple(map(operation, text.split(";"))) if text else ()
    if len(parsed) > OPERATIONS:
        raise ValueError(f"a thread has at most {OPERATIONS} operations, not {len(parsed)}: {text!r}")
    return parsed


def operation(text: str) -> Operation:
    """One operation as `client` takes it."""
    kind, _, argument = text.strip().partition(" ")
    if kind not in KINDS:
        raise ValueError(f"no operation is called {kind!r}; there are {', '.join(KINDS)}")
    return Operation(kind, int(argument or 0))


def notation(thread: tuple[Operation, ...]) -> str:
    """A thread as `client` takes it."""
    return "; ".join(f"{kind} {argument}" if argument else kind for kind, argument in thread)


def sources() -> Path:
    """The folder of the core's files."""
    return Path(str(import_module(DEFAULT).__file__)).parent / "core"


def _folder(core: Path | None) -> Path:
    core = core or sources()
    if not core.is_dir():
        raise FileNotFoundError(f"there is no folder {core}")
    return core


def digest(core: Path | None = None) -> str:
    """Of everything that an exploration's results follow from: the engine, the core, the clients and the model."""
    core = _folder(core)
    known = hashlib.sha256()
    for folder in (ENGINE.parent, Path(spec_model.__file__).parent, core):
        for each in sorted(path for path in folder.rglob("*") if path.suffix in (".c", ".h", ".py")):
            known.update(f"{each.relative_to(folder)}\0{each.stat().st_size}\0".encode() + each.read_bytes())
    return known.hexdigest()


INSTEAD = ("detached.c", "process.c")
"""Of the core: tokens.c includes the one, and takes the place of the other."""


@cache
def library(asymmetric: bool = False, core: Path | None = None) -> ctypes.CDLL:
    """The explorer with the core, or with a changed copy of it in `core`; raises CompilerError."""
    core = _folder(core)
    flags = ["-include", str(HERE / "platform.h"), f"-I{ENGINE}", f"-I{core}"]
    files = sorted(path for path in core.glob("*.c") if path.name not in INSTEAD)
    built = shared_library(
        [HERE / "harness.c"],
        [*flags, "-DEXPLORE_ASYMMETRIC"] if asymmetric else flags,
        watched=[*files, HERE / "tokens.c"],
        headers=[*sorted(HERE.glob("*.h")), *sorted(core.rglob("*.h")), core / "detached.c"],
    )
    return ctypes.CDLL(str(built))


_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_SCRIPT = struct.Struct(f"{9 + (THREADS + 2) * (1 + 2 * OPERATIONS)}i")


def _script(given: Client) -> bytes:
    """The client as harness.c takes it."""
    scripts = (*given.threads, *((),) * (THREADS - len(given.threads)), given.setup, given.handler)
    numbers = [
        len(given.threads), given.capacity, given.channels, given.bare, given.budget, given.signals, given.refusals,
        given.unread, given.gil, *map(len, scripts),
    ]  # fmt: skip
    for thread in scripts:
        for kind, argument in thread:
            numbers += _NUMBERS[kind], argument
        numbers += (0, 0) * (OPERATIONS - len(thread))
    return _SCRIPT.pack(*numbers)


def run(given: Client, *, asymmetric: bool = False, core: Path | None = None, **options: Any) -> Result:
    """Every execution of the client.

    An outcome is the results of each thread's operations, in order, and how many blocks of memory are left; or, where
    threads wait for ever, STUCK | the operation that it is in, for each thread.
    """
    script = _script(given)
    loaded = library(asymmetric, core)

    def start(to: Options, report: Report) -> None:
        loaded.script_explore(script, ctypes.byref(to), ctypes.byref(report))

    return explore(loaded, start, **options)
