"""The steps of a history, carried out one after the other on a fresh model.

A step is a line of Python, which conformance.differential.plain carries out node by node and never gives to Python to
evaluate: a shared history is anyone's. Two kinds of steps are more than a line. `& CALL` is a call that waits: it stays
under way while the other side plays, is made again after each step, and has its answer as soon as it need not wait.
`& HANDLE` is the end of its time.
"""

from __future__ import annotations

import array
import ast
import copy
import inspect
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import deciding
from values import expressions

import spec_model
from conformance.differential import plain
from conformance.differential.observe import canonical, label, raised, spoken
from spec_model.arguments import seconds
from spec_model.handles.endpoint import DETACHED

Record = dict[str, Any]

SAFE_MEANWHILE = ("close", "name", "is_connected", "capacity", "max_message_size", "get_config", "get_stats")
"""Calls on a handle in which another call waits that are played: any thread may make them [LIF-8]."""

NOT_AGAIN = ("send_many",)
"""Calls that would wait in the middle, with a part of them done, and cannot be made again from the start."""

NONE_BESIDE_SHUTDOWN = ("request_channel", "open_channel", "shutdown")
"""Calls that are not played while a shutdown waits: made again, it would take what they made for its own [SHD-3]."""


class NotPlayed(Exception):
    """Why a step is not carried out."""


@dataclass
class Waiting:
    """A call that waits: what was called, with which arguments, what the answer is assigned to, and its limit.

    text: the call as Python, up to the limit. seen: an expression that is true on fast_impl while it waits.
    """

    line: str
    on: str
    kind: str
    call: Callable[..., Any]
    arguments: dict[str, Any]
    into: tuple[str, ...]
    limit: float | None
    for_what: str
    step: int
    text: str
    seen: str

    @property
    def handle(self) -> Any:
        """What it was called on."""
        return self.call.__self__  # type: ignore[attr-defined]


class Player:
    """A fresh model, and the variables of the steps that were played on it."""

    def __init__(self) -> None:
        DETACHED.clear()
        spec_model.MailboxBroker.instance().__init__()  # type: ignore[misc]
        self.names: dict[str, Any] = {
            "omni": spec_model, "array": array, "copy": copy, "pickle": pickle,
            "timedelta": timedelta, "Decimal": Decimal, "Fraction": Fraction,
        }  # fmt: skip
        self.waiting: list[Waiting] = []
        self.played = 0
        self._promised: dict[str, list[str]] = {}
        """By the variable of a view, the rule of the step that took it."""

    def play(self, line: str) -> Record:
        """Carry out one step, and answer the calls that need wait no more."""
        record: Record = {"line": line, "played": True}
        try:
            record |= self._step(line)
        except NotPlayed as refused:
            record |= {"played": False, "said": str(refused), "answer": "not played"}
        record["ended"] = [ended for each in [*self.waiting] if (ended := self._again(each)) is not None]
        record["waits"] = [
            {
                "line": each.line, "on": each.on, "for": each.for_what, "step": each.step, "limit": each.limit,
                "text": each.text, "seen": each.seen,
            }
            for each in self.waiting
        ]  # fmt: skip
        self.played += 1
        return record

    def value(self, text: str) -> Any:
        """The value of an expression of a step."""
        (operation,) = self._parsed(text).operations
        return operation.run(self.names)

    def _parsed(self, line: str) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd but valid text
                program = plain.program([line])
        except (ValueError, RecursionError) as error:
            raise _not_played(error) from None
        lacking = sorted(name for name in program.operations[0].uses() if name not in self.names)
        if lacking:
            raise NotPlayed(f"no step that was played has made {', '.join(lacking)}")
        return program

    def _step(self, line: str) -> Record:
        if line.startswith("&"):
            rest = line[1:].strip()
            return self._time_is_up(rest) if rest in {each.on for each in self.waiting} else self._begin(rest)
        (operation,) = self._parsed(line).operations
        self._check_free(line)
        promised = [rule for name in operation.uses() for rule in self._promised.get(name, [])]
        record = self._made(lambda: operation.run(self.names), operation.into)
        for name in operation.into:
            if isinstance(self.names.get(name), memoryview):
                self._promised[name] = record["why"]["rules"][:1]
        record["why"]["rules"] = record["why"]["rules"] or promised  # of Python's own call on a view
        if operation.kind == "detach" and not record["error"]:  # a number that is another one each time
            record |= {"answer": "token", "said": "a token"}
        return record

    def _made(self, call: Callable[[], Any], into: tuple[str, ...], waits: bool = False) -> Record:
        """Make a call, and say what it answered and why."""
        error = None
        with deciding.recorded() as calls:
            try:
                value = call()
                if len(into) == 1:
                    self.names[into[0]] = value
                elif into:
                    self.names.update(zip(into, value, strict=True))
                outcome, text = canonical(spec_model, value), ""
                value = None
            except plain.Refused as refused:
                raise _not_played(refused) from None
            except ImportError as missing:
                raise NotPlayed(f"it needs the package {missing.name}, which this page does not have") from None
            except NameError as missing:
                raise NotPlayed(str(missing)) from None
            except Exception as caught:
                if waits and isinstance(caught, spec_model.WouldBlockForever):
                    return {"blocked": deciding.blocked(calls), "calls": calls}
                error = deciding.known_by(caught)
                outcome, text = raised(spec_model, caught), f"{error[0]}: {error[1]}"
        return {
            "answer": _cut(label(outcome)), "said": _cut(text or spoken(outcome)), "error": bool(text),
            "outcome": outcome, "why": deciding.explained(calls, error), "blocked": deciding.blocked(calls),
        }  # fmt: skip

    # ---- calls that wait ----

    def _check_free(self, line: str) -> None:
        """NotPlayed for a call that may not be made while another one waits."""
        call = _call(line)
        if call is None or not self.waiting:
            return
        kind, on = call.func.attr, call.func.value  # type: ignore[attr-defined]
        handle = self.value(ast.unparse(on)) if isinstance(on, (ast.Name, ast.Attribute)) else None
        for each in self.waiting:
            if each.kind == "shutdown" and kind in NONE_BESIDE_SHUTDOWN:
                raise NotPlayed(f"{each.line} waits, and is made again after each step: no {kind} is played until then")
            if handle is each.handle and each.kind != "shutdown" and kind not in SAFE_MEANWHILE:
                raise NotPlayed(
                    f"{each.on} is inside {each.line}: a second call in one handle is refused or comes after "
                    "it [CON-2]; a close ends it [LIF-8]"
                )

    def _begin(self, line: str) -> Record:
        """A call that stays under way where it would wait."""
        (operation,) = self._parsed(line).operations
        self._check_free(line)
        waiting = self._as_waiting(line, operation.into)
        if waiting is None:  # it cannot wait, or would not: an argument is refused, the limit is 0
            return self._made(lambda: operation.run(self.names), operation.into)
        record = self._look(waiting)
        if "calls" not in record:
            return record
        waiting.for_what = record["blocked"].value
        self.waiting.append(waiting)
        return {"answer": "waits", "said": f"waits for {waiting.for_what}", "error": False, "outcome": None,
                "why": deciding.explained(record["calls"]), "blocked": None}  # fmt: skip

    def _as_waiting(self, line: str, into: tuple[str, ...]) -> Waiting | None:
        call = _call(line)
        if call is None:
            return None
        on, kind = ast.unparse(call.func.value), call.func.attr  # type: ignore[attr-defined]
        method = getattr(self.value(on), kind, None)
        try:
            found = inspect.signature(method).bind(  # type: ignore[arg-type]
                *(self.value(ast.unparse(each)) for each in call.args),
                **{str(each.arg): self.value(ast.unparse(each.value)) for each in call.keywords},
            )
            found.apply_defaults()
            limit = seconds(found.arguments["timeout"])
        except Exception:  # of whatever kind: the call itself will say what is wrong
            return None
        if limit == 0 or kind in NOT_AGAIN or not inspect.ismethod(method):
            return None
        place = list(found.signature.parameters).index("timeout")
        before = [ast.unparse(each) for each in call.args[:place]]
        before += [ast.unparse(each) for each in call.keywords if each.arg != "timeout"]
        text = f"{on}.{kind}({', '.join([*before, 'timeout='])}"
        seen = self._seen(on, method.__self__)
        return Waiting(line, on, kind, method, dict(found.arguments), into, limit, "", self.played, text, seen)

    def _seen(self, on: str, handle: Any) -> str:
        if isinstance(handle, spec_model.MailboxBroker):
            return f"all(each.shut for each in {on}.channels())"
        store, side = handle._endpoint._store, handle._kind
        brokers = expressions(self.names, spec_model.MailboxBroker)
        broker = next((name for name, each in brokers if each._store is store), "omni.MailboxBroker.instance()")
        return f"any(each.name == {handle.name!r} and each.{side}_sleeps is not None for each in {broker}.channels())"

    def _look(self, waiting: Waiting) -> Record:
        """Make the call as if it had no limit: what it answers, or what it waits for."""
        return self._made(lambda: waiting.call(**{**waiting.arguments, "timeout": None}), waiting.into, waits=True)

    def _again(self, waiting: Waiting) -> Record | None:
        """Make a call that waits again; its end, unless it still waits."""
        if waiting.step == self.played:
            return None
        record = self._look(waiting)
        if "calls" in record:
            return None
        self.waiting.remove(waiting)
        return {"line": waiting.line, "step": waiting.step, **record}

    def _time_is_up(self, on: str) -> Record:
        waiting = next(each for each in self.waiting if each.on == on)
        if waiting.limit is None:
            raise NotPlayed(f"{waiting.line} has no timeout: it waits for ever")
        self.waiting.remove(waiting)
        record = self._made(lambda: waiting.call(**waiting.arguments), waiting.into)
        return {**record, "ends": waiting.step}


def _not_played(error: Exception) -> NotPlayed:
    """Why plain.py refuses a step, in words of the page."""
    return NotPlayed(str(error).replace("the failure file", "it").replace("a line of it", "the step"))


LONGEST = 2000
"""Characters of an answer that are shown."""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _call(line: str) -> ast.Call | None:
    """The call that a step is, where it is one of a method or of a function of the module."""
    call = getattr(ast.parse(line).body[0], "value", None)
    return call if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
