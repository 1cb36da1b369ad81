"""A history as a tree of steps, of which one is shown: what the page asks, by `ask`, and what it draws."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import exporting
import values
from offers import FIELDS, OFFERS, line_of, result_variables
from player import NotPlayed, Player, Record

import spec_model
from conformance import link
from conformance.differential.lockstep import does
from conformance.differential.observe import canonical, raised
from conformance.rules import RULES

OPENING = (
    "b = omni.MailboxBroker()",
    "p, c = omni.open_channel('a', capacity=8, max_message_size=64, broker=b)",
)
"""The steps that a new history begins with."""


@dataclass
class Step:
    """One step: its line, the number of the step that it follows (-1 for none), its name, and what came of it."""

    line: str
    after: int
    name: str = ""
    record: Record | None = None
    state: values.Values | None = None


class Session:
    """The tree, the step that is shown, and a model on which the steps up to some other one have been played."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.at = -1
        self.failure: dict[str, str] | None = None
        self.fails_at = -1
        self._player, self._there = Player(), -1
        self.new()

    # ---- what the page asks ----

    def change(self, what: str, *given: Any) -> None:
        """Do one of what follows, all of it or, where it raises, nothing."""
        kept = self.steps[:], self.at, self.failure, self.fails_at
        try:
            getattr(self, what)(*given)
        except BaseException:
            self.steps, self.at, self.failure, self.fails_at = kept
            self._player, self._there = Player(), -1
            raise

    def new(self) -> None:
        """Begin again, with an empty channel."""
        self.steps, self.failure, self.fails_at, self.at = [], None, -1, -1
        self._player, self._there = Player(), -1
        for line in OPENING:
            self._append(line)

    def open(self, fragment: str) -> None:
        """Show the history of a link; ValueError says what is wrong with it."""
        history = link.decode(fragment)
        forks, names = history["forks"], history["names"]
        self.steps = [
            Step(line, forks.get(number, number - 1), names.get(number, ""))
            for number, line in enumerate(history["steps"])
        ]
        self.failure, self.fails_at = history["failure"], len(self.steps) - 1 if history["failure"] else -1
        self._player, self._there = Player(), -1
        for number in (*range(len(self.steps)), history["at"]):
            self._reach(number)

    def press(self, offer: str, given: dict[str, str]) -> None:
        """Add the step of an offer; ValueError where its fields make no line, or where it cannot be played now."""
        self.add(line_of(offer, given, result_variables(offer, self._player_at(self.at).names)))

    def add(self, line: str) -> None:
        """Add a step after the one that is shown: where others follow that one, a fork."""
        self._append(line)
        step = self.steps[self.at]
        assert step.record is not None
        if not step.record["played"]:
            raise ValueError(f"{line.removeprefix('& ')}: {step.record['said']}")
        if step.record["answer"] != "waits" and "ends" not in step.record:
            step.line = step.record["line"] = line.removeprefix("& ")  # it did not wait: a plain call does the same

    def go(self, step: int) -> None:
        """Show another step."""
        if not -1 <= step < len(self.steps):
            raise ValueError(f"there is no step {step}")
        self._reach(step)

    def name(self, text: str) -> None:
        """Name the step that is shown."""
        if self.at >= 0:
            self.steps[self.at].name = text.strip()[:80]

    def export(self) -> str:
        """The steps up to the one that is shown, as a program for fast_impl."""
        steps = [self.steps[each] for each in self.path(self.at)]
        before = [None, *(step.state for step in steps)]
        return exporting.program(
            {**(step.record or {}), "changed": step.state != state} for step, state in zip(steps, before, strict=False)
        )

    # ---- the tree ----

    def path(self, step: int) -> list[int]:
        """The numbers of the steps that lead to one, and its own."""
        found = []
        while step >= 0:
            found.append(step)
            step = self.steps[step].after
        return found[::-1]

    def _append(self, line: str) -> None:
        self.steps.append(Step(line, self.at))
        self._reach(len(self.steps) - 1)

    def _player_at(self, step: int) -> Player:
        """A model on which the steps up to one have been played."""
        path = self.path(step)
        if self._there not in (-1, *path):
            self._player, self._there = Player(), -1
        for number in path[path.index(self._there) + 1 if self._there >= 0 else 0 :]:
            record = self._player.play(self.steps[number].line)
            self._there = number
            if self.steps[number].record is None:
                self.steps[number].record = record
                self.steps[number].state = values.snapshot(self._player.names)
        return self._player

    def _reach(self, step: int) -> None:
        if step >= 0 and self.steps[step].record is None:
            self._player_at(step)
        self.at = step

    # ---- what is drawn ----

    def fragment(self) -> str:
        """The whole history, for a link."""
        forks = {str(number): each.after for number, each in enumerate(self.steps) if each.after != number - 1}
        names = {str(number): each.name for number, each in enumerate(self.steps) if each.name}
        lines = [each.line for each in self.steps]
        return link.encode({"steps": lines, "forks": forks, "names": names, "at": self.at, "failure": self.failure})

    def view(self) -> dict[str, Any]:
        """Everything that the page draws."""
        path = self.path(self.at)
        step = self.steps[self.at] if path else None
        before = self.steps[path[-2]].state if len(path) > 1 else None
        state = step.state if step and step.state else values.snapshot({})
        record = {key: each for key, each in (step.record if step and step.record else {}).items() if key not in UNSENT}
        record["ended"] = [{key: each[key] for key in each if key not in UNSENT} for each in record.get("ended", [])]
        return {
            "steps": [
                {"line": each.line, "after": each.after, "name": each.name, "answer": (each.record or {}).get("answer"),
                 "played": (each.record or {}).get("played"), "error": (each.record or {}).get("error", False)}
                for each in self.steps
            ],
            "at": self.at, "path": path, "record": record, "state": state, "changes": values.changes(before, state),
            "before": before, "fragment": self.fragment(), "failure": self._failing(),
        }  # fmt: skip

    def _failing(self) -> dict[str, Any] | None:
        """What the report says of the step that is shown, and what the model does now."""
        if self.failure is None:
            return None
        found = {**self.failure, "step": self.fails_at, "now": ""}
        if self.failure["query"] and self.at == self.fails_at:
            try:
                answer = self._player_at(self.at).value(self.failure["query"])
                found["now"] = does(canonical(spec_model, answer))
            except NotPlayed:
                found["now"] = self.failure["expected"]
            except Exception as error:  # the answer of the model, as any other
                found["now"] = does(raised(spec_model, error))
        return found


UNSENT = ("outcome", "blocked", "calls")
"""Of a record, what is of use in Python only."""

_here: list[Session] = []
"""The one of the page, from its first question on."""


def ask(what: str, arguments: str) -> str:
    """What the page asks, with its arguments as JSON; the answer as JSON, with what went wrong under "wrong"."""
    given = json.loads(arguments)
    if what == "begin":
        _here[:] = [Session()]
    (session,) = _here
    try:
        if what == "begin":
            offers = [each._asdict() for each in OFFERS]
            rules = {each.id: each.text for each in RULES.values()}
            return json.dumps({"offers": offers, "fields": FIELDS, "rules": rules, **session.view()})
        if what == "export":
            return json.dumps({"program": session.export()})
        session.change(what, *given)
    except (ValueError, NotPlayed) as error:
        return json.dumps({"wrong": str(error), **session.view()})
    return json.dumps(session.view())
