"""Interpreters of one process, each with a GIL of its own: the channels and the broker are shared [CON-9, LIF-10]."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

import fast_impl

pytestmark = pytest.mark.skipif(
    fast_impl.binding != "c" or sys.version_info < (3, 12),
    reason="no interpreters with a GIL of their own, or cffi, which loads in one interpreter only",
)

PRELUDE = f"""
import sys, threading, time
import fast_impl as omni
if {bool(find_spec("_interpreters"))}:
    import _interpreters
    create = lambda: _interpreters.create("isolated")
    execute, destroy = _interpreters.exec, _interpreters.destroy
else:
    import _xxsubinterpreters
    create = lambda: _xxsubinterpreters.create(isolated=True)
    execute, destroy = _xxsubinterpreters.run_string, _xxsubinterpreters.destroy
broker = omni.MailboxBroker.instance()

def inside(interpreter, program):
    failed = execute(interpreter, f"import sys; sys.path[:] = {{sys.path}}\\nimport fast_impl as omni\\n" + program)
    if failed is not None:
        sys.exit(getattr(failed, "errdisplay", failed))

def beside(interpreter, program):
    thread = threading.Thread(target=inside, args=(interpreter, program))
    thread.start()
    return thread
"""


def run(program: str) -> None:
    """In a process of its own, which prints nothing and ends without complaint."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-X", "faulthandler", "-c", PRELUDE + program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "count", [20_000, pytest.param(10_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_a_stream_from_one_to_the_other(count: int) -> None:
    """Every message arrives once, whole and in order."""
    run(f"""
producer, consumer = omni.open_channel(max_message_size=64)
interpreter = create()
sending = beside(interpreter, f'''
producer = omni.attach({{producer.detach()}})
for number in range({count}):
    producer.send(number.to_bytes(8, "little") * 8)
producer.close()
''')
for number, payload in enumerate(consumer):
    assert payload == number.to_bytes(8, "little") * 8, (number, payload)
assert number == {count} - 1
sending.join()
destroy(interpreter)
""")


def test_there_and_back() -> None:
    """Both ends of two channels in different interpreters: each sees results of its own."""
    run("""
(to, there), (back, here) = omni.open_channel(), omni.open_channel()
interpreter = create()
answering = beside(interpreter, f'''
consumer, producer = omni.attach({there.detach()}), omni.attach({back.detach()})
assert type(consumer) is omni.ConsumerHandle and type(producer) is omni.ProducerHandle
for payload in consumer:
    assert producer.try_push(payload) is omni.PushResult.SUCCESS
assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
assert consumer.try_pop()[0] is omni.PopResult.CHANNEL_CLOSED
''')
for number in range(1000):
    to.send(b"%d" % number)
    assert here.receive() == b"%d" % number
to.close()
answering.join()
destroy(interpreter)
""")


def test_one_broker() -> None:
    """`MailboxBroker.instance()` is the process's: names, totals and shutdown reach into every interpreter."""
    run("""
interpreter = create()
inside(interpreter, '''
pair = omni.open_channel("theirs")
broker = omni.MailboxBroker.instance()
assert pair.producer.try_push(b"x")
''')
assert broker.has_channel("theirs") and broker.get_stats().total_messages_sent == 1
try:
    omni.open_channel("theirs")
except omni.ChannelNameError:
    pass
else:
    raise AssertionError("one name, two channels")
assert not broker.shutdown(0)
inside(interpreter, '''
assert pair.producer.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED
pair.close()
''')
assert broker.shutdown(0)
destroy(interpreter)
assert omni.MailboxBroker.instance() is broker and broker.get_stats().active_channels == 0
""")


KEPT = {
    "in a global": "kept = handle",
    "in a cycle with a finaliser": (
        "class Cycle:\n    def __del__(self):\n        self.handle.is_connected()\n"
        "kept = Cycle()\nkept.handle, kept.itself = handle, kept"
    ),
    "in a module that stays": "import builtins\nbuiltins.kept = handle",
    "in the interpreter's own": "sys.path_hooks.append(lambda path, handle=handle: handle)",
    "in a context": "import contextvars\nkept = contextvars.ContextVar('kept')\nkept.set(handle)\n"
    "context = contextvars.copy_context()",
    "where nothing lets go": "import ctypes\nctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))",
    "by a function at exit": "import atexit\natexit.register(lambda handle=handle: handle.is_connected())",
    "detached and attached": "kept = omni.attach(handle.detach())",
    "with a view": "assert handle.try_push(b'seen')\nkept = handle, handle.reserve(1).data",
}


@pytest.mark.parametrize("where", KEPT.values(), ids=KEPT)
def test_an_interpreter_that_ends_closes_its_handles(where: str) -> None:
    """Wherever they were kept; a consumer that is blocked meanwhile in another one sees it [LIF-2]."""
    if "ctypes" in where and sys.version_info < (3, 13):
        pytest.skip("ctypes of CPython 3.12 loads in one interpreter only")
    run(f"""
producer, consumer = omni.open_channel()
interpreter = create()
inside(interpreter, f"handle = omni.attach({{producer.detach()}})\\n" + {where!r} + "\\ndel handle")
assert consumer.is_connected()
def drain():
    for payload in consumer:
        assert payload == b"seen"
blocked = threading.Thread(target=drain, daemon=True)
blocked.start()
destroy(interpreter)
blocked.join(20)
assert not blocked.is_alive()
consumer.close()
assert broker.get_stats().active_channels == 0
""")


def test_what_was_taken_before_a_detach_outlives_it() -> None:
    """Messages of the former owner have expired, and are safe when the channel and its interpreter are gone."""
    run("""
producer, consumer = omni.open_channel()
producer.send_many([b"first", b"second"])
_, [message] = consumer.batch_pop(1)
former = consumer.detach()
interpreter = create()
inside(interpreter, f'''
consumer = omni.attach({former})
assert consumer.receive() == b"second"
consumer.close()
''')
destroy(interpreter)
producer.close()
assert broker.get_stats().active_channels == 0
for call in (bytes, len, memoryview):
    try:
        raise AssertionError(call(message))
    except omni.MessageExpiredError:
        pass
assert consumer.get_stats() == omni.ConsumerStats() and "expired" in repr(message)
""")


def test_one_interpreter_after_the_other() -> None:
    """Each takes an end over from the one before it, sends, and passes it on when it ends."""
    run("""
producer, consumer = omni.open_channel(capacity=64)
token = producer.detach()
for number in range(10):
    interpreter = create()
    inside(interpreter, f'''
producer = omni.attach({token})
assert producer.try_push(b"{number}")
producer_token = producer.detach()
assert producer_token == {token} + 1
''')
    destroy(interpreter)
    token += 1
omni.close_detached(token)
assert [int(payload) for payload in consumer] == list(range(10))
""")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not find_spec("_interpreters"), reason="the target is for Python 3.13 and later")
def test_each_end_in_an_interpreter_of_its_own() -> None:
    """What threads of two interpreters see is linearizable: the suite's own checks, the producer in another one."""
    command = [
        sys.executable, "-m", "conformance", "run", "--target", "tests.fast_impl.threads.apart",
        "--only", "linearizability", "--workers", "1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout
