"""Steps that were played as a program for fast_impl, which asserts what the model answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.differential import plain
from conformance.differential.lockstep import IMPORTS
from conformance.differential.program import Operation
from conformance.differential.shrink import asserted, commented

WAITS = '''\

def begun(call, waits):
    """A call in a thread of its own, which waits when this returns; what is returned gives its answer."""
    done = []

    def run():
        try:
            done.append((call(), None))
        except Exception as error:
            done.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not waits():
        assert thread.is_alive() and time.monotonic() < until, "it does not wait"
        time.sleep(0.001)

    def answer():
        thread.join(30)
        assert not thread.is_alive(), "it still waits"
        value, error = done[0]
        if error is not None:
            raise error
        return value

    return answer

'''

LEAST = 0.5
"""Seconds that a call whose time runs out gets, to be seen waiting; its own limit is no part of the answer."""

UNSAID = ("detach",)
"""Calls whose answer is another one in each run."""


def program(records: Iterable[dict[str, Any]]) -> str:
    """The program of some steps, by what came of each; `changed`: whether a step did, of its record.

    It ends before a call that the model ends half done, where an implementation would go on waiting.
    """
    records = list(records)
    timed = {record["ends"] for record in records if "ends" in record}
    lines: list[str] = []
    for number, record in enumerate(records):
        line = record["line"]
        if not record["played"]:
            lines.append(commented(f"not played: {line}\n{record['said']}"))
        elif record["answer"] == "waits":
            lines.append(_begins(number, record, limited=number in timed))
        elif "ends" in record:
            lines.append(_answers(record["ends"], records[record["ends"]]["line"], record["outcome"]))
        elif record["changed"] and _never_ends(record):
            lines.append(f"# fast_impl would go on waiting here, with a part done, so the program ends: {line}")
            lines += [commented(each["line"]) for each in records[number + 1 :]]
            records = records[:number]
            break
        else:
            lines.append(_step(line.removeprefix("& "), record))
        lines += [_answers(each["step"], each["line"], each["outcome"]) for each in record.get("ended", [])]
    waits = any(record["answer"] == "waits" for record in records)
    threads = "import threading\nimport time\n" if waits else ""
    head = f"{IMPORTS}{threads}\nimport fast_impl as omni\n"
    over = {each["step"] for record in records for each in record.get("ended", [])} | timed
    left = [number for number, record in enumerate(records) if record["answer"] == "waits" and number not in over]
    end = "".join(f"# {records[number]['line'].removeprefix('& ')} still waits here\n" for number in left)
    return f"{head}{WAITS if waits else ''}\n" + "\n".join(lines) + f"\n{end}"


def _never_ends(record: dict[str, Any]) -> bool:
    return getattr(record["outcome"], "error", "") == "WouldBlockForever"


def _step(line: str, record: dict[str, Any]) -> str:
    outcome = record["outcome"]
    if _never_ends(record):
        return f"# would wait for ever here: {line}"
    (operation,) = plain.program([line]).operations
    unsaid = operation.kind in UNSAID or (operation.kind == "channels" and record.get("waits"))  # who sleeps since when
    return line if unsaid and not hasattr(outcome, "error") else asserted(operation, outcome)


def _begins(number: int, record: dict[str, Any], limited: bool) -> str:
    waiting = next(each for each in record["waits"] if each["step"] == number)
    limit = LEAST if limited else None
    return f"waits_{number} = begun(lambda: {waiting['text']}{limit}), lambda: {waiting['seen']})"


def _answers(number: int, line: str, outcome: Any) -> str:
    (operation,) = plain.program([line.removeprefix("& ")]).operations
    return asserted(Operation(operation.kind, into=operation.into, source=f"waits_{number}()"), outcome)
