"""A socket at which a process answers how its channels stand, and how it is asked: `python -m fast_impl top PATH`.

Whoever connects is sent one JSON document, and then the end of the stream.

>>> import fast_impl, os, tempfile
>>> with tempfile.TemporaryDirectory() as folder, fast_impl.serve_status(os.path.join(folder, "status")) as server:
...     print(fetch(server.path)["pid"] == os.getpid())
True
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import socket
import stat
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from fast_impl._broker import MailboxBroker
from fast_impl._choice import binding
from spec_model import __version__
from spec_model.vocabulary import ChannelInfo

__all__ = ["StatusServer", "fetch", "serve_status"]

_PATIENCE = 5.0
"""Seconds after which either side gives up on the other."""

_PAUSE = 0.5
"""Seconds until the next try to answer, where the system refuses one."""


def serve_status(path: str | os.PathLike[str], broker: MailboxBroker | None = None) -> StatusServer:
    """Answer at a new unix socket, which only this user can open, how the channels of `broker` stand [OBS-2].

    The process's broker, where none is given. A daemon thread answers, until `close()` or the end of the `with` block.
    A socket that a process of this user has left behind is replaced; raises FileExistsError for anything else that is
    there, a socket at which some process listens included, and OSError where the path cannot be used.
    """
    return StatusServer(path, MailboxBroker.instance() if broker is None else broker)


class StatusServer:
    """What `serve_status` gives: the socket at `path`, until `close()`."""

    def __init__(self, path: str | os.PathLike[str], broker: MailboxBroker) -> None:
        self.path: str = os.path.abspath(path)
        self._broker = broker
        self._listening = _listen(self.path)
        found = os.lstat(self.path)
        self._file = found.st_dev, found.st_ino
        self._awake, self._wake = socket.socketpair()
        self._awake.settimeout(_PAUSE)
        _OPEN.add(self)
        self._thread = threading.Thread(target=self._serve, name="omnimailbox-status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering, and remove the socket; a second time does nothing."""
        if self not in _OPEN:
            return
        _OPEN.discard(self)
        with suppress(OSError):  # somebody else has removed it
            found = os.lstat(self.path)
            if self._file == (found.st_dev, found.st_ino):
                os.unlink(self.path)
        self._wake.send(b"x")
        self._thread.join()
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<StatusServer at {self.path!r}, {'open' if self in _OPEN else 'closed'}>"

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (self._listening, self._awake):
                selector.register(each, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self._awake for key, _ in selector.select()):
                    return
                try:
                    asking, _ = self._listening.accept()
                except OSError:  # no descriptor is left, as a rule: then the next try, at once, would fail as well
                    with suppress(TimeoutError):
                        self._awake.recv(1)
                        return
                    continue
                with asking, suppress(OSError):  # whoever asked is gone already, or does not read
                    asking.settimeout(_PATIENCE)
                    asking.sendall(json.dumps(snapshot(self._broker)).encode())
                    asking.shutdown(socket.SHUT_WR)  # the end, also where a child of fork has a copy of the socket

    def _let_go(self) -> None:
        for each in (self._listening, self._awake, self._wake):
            each.close()


_OPEN: WeakSet[StatusServer] = WeakSet()


def _inherited() -> None:
    """A child of fork has no thread that would answer: it must not keep its parent's sockets open."""
    for server in list(_OPEN):
        server._let_go()
    _OPEN.clear()


os.register_at_fork(after_in_child=_inherited)


def _listen(path: str) -> socket.socket:
    """A socket that listens at `path`, which nobody but this user can open."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    listening = socket.socket(socket.AF_UNIX)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # or two might take the same socket for one that was left behind
        _remove_stale(path)
        listening.bind(path)
        os.chmod(path, 0o600)  # before anybody can connect
        listening.listen()
    except BaseException:
        listening.close()
        raise
    finally:
        os.close(folder)
    return listening


def _remove_stale(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(f"{path} exists, and is no socket: choose another path, or remove it")
    if found.st_uid != os.geteuid():
        raise FileExistsError(f"{path} is a socket of user {found.st_uid}, not of {os.geteuid()}: choose another path")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        else:
            raise FileExistsError(f"{path} is a socket at which a process listens: choose another path")


def snapshot(broker: MailboxBroker) -> dict[str, Any]:
    """What is answered: the process, its broker's totals, its channels, with times in seconds and sizes in bytes."""
    return {
        "version": __version__,
        "binding": binding,
        "pid": os.getpid(),
        "broker": broker.get_stats()._asdict(),
        "channels": [_channel(each) for each in broker.channels()],
    }


def _channel(info: ChannelInfo) -> dict[str, Any]:
    fields = info._asdict()
    fields["config"] = {"capacity": info.config.capacity, "max_message_size": info.config.max_message_size}
    fields["producer"], fields["consumer"] = info.producer._asdict(), info.consumer._asdict()
    return fields


def fetch(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the process answers that serves its status at `path`.

    Raises OSError where none does, ValueError where what it answers is no status.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_PATIENCE)
        asking.connect(os.fspath(path))
        with asking.makefile("rb") as answer:
            found: dict[str, Any] = json.loads(answer.read())
    if not isinstance(found, dict) or "channels" not in found:
        raise ValueError(f"{os.fspath(path)} is no socket of serve_status")
    return found
