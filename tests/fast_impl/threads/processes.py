"""Programs in processes of their own, which end without a word; one that hangs ends with the stacks of its threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT = 60
"""Seconds for a program and for each child of it: generous, for a machine under load."""

PRELUDE = f"""
import faulthandler, gc, os, signal, sys, threading, time, traceback, warnings
faulthandler.register(signal.SIGALRM, chain=True)  # the stacks, and then what the signal does by default: the end
signal.alarm({LIMIT})
warnings.filterwarnings("ignore", category=DeprecationWarning)  # of a fork beside threads
import fast_impl as omni
from tests.workers import wait_until_asleep

def fork(body, *arguments):
    "Start `body` in a child, which ends with 0 unless that raises or hangs."
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm({LIMIT})
        body(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)

def ends(child):
    assert os.waitpid(child, 0)[1] == 0, "the child failed, or hung"

def blocked(call, *arguments):
    "A daemon thread that sleeps in the call, and what it returned or raised, in a list, once it has."
    answers, entered = [], threading.Event()
    def body():
        entered.set()
        try:
            answers.append(call(*arguments))
        except BaseException as error:
            answers.append(error)
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    entered.wait()
    wait_until_asleep("self", thread.native_id)
    return thread, answers

def raises(error, call, *arguments):
    try:
        call(*arguments)
    except error as caught:
        return str(caught)
    raise AssertionError(f"{{call}} did not raise {{error}}")
"""


def run(program: str, folder: Path, *, seconds: float = LIMIT + 20, status: int = 0, out: str = "") -> None:
    """The program after the prelude, as the main module of a process; it ends with `status`, printing only `out`."""
    file = folder / "program.py"
    file.write_text(PRELUDE + program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(file)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        printed = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:  # a child of it has its pipes, or the alarm came too early to be known
        os.killpg(process.pid, 9)
        raise AssertionError(f"hung for {seconds} s; it printed: {process.communicate()}") from None
    ended = (process.returncode, *printed)
    assert ended == (status, out, ""), "ended with status {}, printed {!r} and on stderr:\n{}".format(*ended)
