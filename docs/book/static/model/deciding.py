"""Why the model answered as it did, read off its own source: which of its lines ran, and which rules they name.

While a call runs, `recorded` follows the lines of spec_model that are executed. `explained` finds the pure functions
that answered, the statement of each that returned, what was asked before it, and the entry of the precedence in the
docstring that it is. There is no table of rules here: they stand in the docstrings and in the comments of those lines.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from importlib import import_module
from types import CodeType, FrameType
from typing import Any, NamedTuple

from spec_model.channel.value import Blocked, Channel, Refused
from spec_model.registry import Registry
from spec_model.vocabulary import ChannelError, PopResult, PushResult

RULE = re.compile(r"\b[A-Z]{3}-\d+\b")
PURE = ("spec_model.channel.", "spec_model.registry")
"""Modules of pure functions: they decide, and all of their variables are values."""
CODES = (PushResult, PopResult, ChannelError, Blocked, Refused)
"""What says by itself how an operation ended."""
PLUMBING = ("Store.", "Descriptor.")
"""What reads and writes the registry behind the handles: no decision is made for it."""


Error = tuple[str, str, int]


def known_by(error: BaseException) -> Error:
    """An error by its type, its text and its identity: the error itself would keep alive what its frames hold."""
    return type(error).__name__, str(error), id(error)


@dataclass
class Call:
    """One call of a function of the model, while it is recorded and afterwards.

    lines: as they ran. values: of a pure function, its variables before each line. errors: what was raised in it or
    came to it, each with the line.
    """

    module: str
    name: str
    first: int
    lines: list[int] = field(default_factory=list)
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    errors: dict[Error, int] = field(default_factory=dict)
    answer: Any = None

    @property
    def pure(self) -> bool:
        """Whether it is of a pure function."""
        return self.module.startswith(PURE)

    @property
    def function(self) -> Function:
        """Its source."""
        return _functions(self.module)[self.first]


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """The calls of the model that are made meanwhile, each with those that it made."""
    top: list[Call] = []
    under_way: list[tuple[int, Call]] = []

    def begins(frame: FrameType, event: str, argument: Any) -> Any:
        module = frame.f_globals.get("__name__", "")
        code = frame.f_code
        if not module.startswith("spec_model.") or "<" in (code.co_filename[0], code.co_name[0]):
            return None  # and so with what a dataclass has been given, which has no source
        call = Call(module, code.co_qualname, code.co_firstlineno)
        (under_way[-1][1].calls if under_way else top).append(call)
        under_way.append((id(frame), call))
        return goes_on

    def goes_on(frame: FrameType, event: str, argument: Any) -> Any:
        while under_way and under_way[-1][0] != id(frame):
            under_way.pop()
        if not under_way:
            return None
        call = under_way[-1][1]
        if event == "line":
            call.lines.append(frame.f_lineno)
            if call.pure:
                call.values[frame.f_lineno] = dict(frame.f_locals)
        elif event == "exception":
            call.errors.setdefault(known_by(argument[1]), frame.f_lineno)
        elif event == "return":
            if call.pure:  # anything else may be a handle or a view, which must not live longer for our sake
                call.answer = argument
            under_way.pop()
            if not call.lines:  # a generator that was resumed and had nothing left to do
                (under_way[-1][1].calls if under_way else top).remove(call)
        return goes_on

    before = sys.gettrace()
    sys.settrace(begins)
    try:
        yield top
    finally:
        sys.settrace(before)


# ---- the source ----


class Function(NamedTuple):
    """A function of the model: its file, all lines of that, its syntax tree, and its docstring or its class's."""

    file: str
    text: list[str]
    node: ast.FunctionDef
    doc: str

    def rules_on(self, nodes: Iterable[ast.AST]) -> list[str]:
        """The rules that the comments on the lines of these nodes name."""
        return [
            rule
            for node in nodes
            for line in self.text[node.lineno - 1 : node.end_lineno]  # type: ignore[attr-defined]
            for rule in RULE.findall(line.partition("# ")[2])
        ]


@lru_cache
def _functions(module: str) -> dict[int, Function]:
    """The functions of a module, by the number of their first line."""
    found = import_module(module)
    text = inspect.getsource(found).splitlines()
    functions: dict[int, Function] = {}

    def enter(node: ast.AST, doc: str) -> None:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.ClassDef):
                enter(each, ast.get_docstring(each) or "")
            elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                own = ast.get_docstring(each) or doc
                first = min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
                functions[first] = Function(module.replace(".", "/") + ".py", text, each, own)  # type: ignore[arg-type]
                enter(each, own)

    enter(ast.parse("\n".join(text)), "")
    return functions


def _named(module: str, name: str) -> Function | None:
    return next((each for each in _functions(module).values() if each.node.name == name), None)


class Entry(NamedTuple):
    """One entry of a precedence: the answers that it is for, none where it names a function; and its words."""

    answers: list[str]
    text: str


class Result(NamedTuple):
    """What a docstring says under "Result:": the words before a precedence, or all; and its entries, if it has any."""

    head: str
    entries: list[Entry]


_ANSWER = r"(?:Blocked\.|Refused\.)?[A-Z][A-Z_]{3,}|True|False"
_ENTRY = re.compile(rf"(?:that of `\w+`|({_ANSWER})(?: or ({_ANSWER}))?)(?=[:,;.])")


def _section(doc: str, title: str) -> list[str]:
    """The lines of a section of a docstring."""
    found = re.search(rf"^{title}: (.*(?:\n[ ]+.*)*)", doc, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


def result_of(function: Function) -> Result:
    """What its docstring says of its result; the first line where it has no such section."""
    lines = _section(function.doc, "Result") or function.doc.splitlines()[:1]
    starts = [number for number, line in enumerate(lines) if number and _ENTRY.match(line)]
    if len(starts) < 2:
        return Result(" ".join(lines), [])
    entries = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = _ENTRY.match(lines[start])
        assert found is not None
        entries.append(Entry([each for each in found.groups() if each], " ".join(lines[start:end])))
    return Result(" ".join(lines[: starts[0]]), entries)


# ---- what a call did ----


def code(answer: Any) -> str:
    """The answer of a pure function in a word: a result code, True, False, a number; "" for a state alone."""
    if isinstance(answer, (Blocked, Refused)):
        return f"{type(answer).__name__}.{answer.name}"
    if isinstance(answer, Enum):
        return answer.name
    if answer is None or isinstance(answer, (bool, int)):
        return str(answer)
    return code(answer[1]) if _is_operation(answer) else ""


def _is_operation(answer: Any) -> bool:
    """Whether it is the answer of an operation: a state with an answer, or a code by itself."""
    if isinstance(answer, CODES):
        return True
    return isinstance(answer, tuple) and len(answer) > 1 and isinstance(answer[0], (Channel, Registry)) and (
        not isinstance(answer[1], Channel)
    )  # fmt: skip


@lru_cache
def _statements(node: ast.AST) -> list[ast.stmt]:
    """The statements in a node, each before those in it."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node]
    return sorted(found, key=lambda each: (each.lineno, -(each.end_lineno or 0)))


@lru_cache
def _compiled(test: ast.expr) -> CodeType:
    return compile(ast.Expression(test), "<asked>", "eval")


def _path(call: Call, line: int = 0) -> list[ast.stmt]:
    """The statement at a line of a call, by default the one that ended it, below those that it is in."""
    path: list[ast.stmt] = []
    body: list[ast.stmt] = call.function.node.body
    line = line or call.lines[-1]
    while found := next((each for each in body if _has(each, line)), None):
        path.append(found)
        body = _statements(found)
    return path


def _tests(statement: ast.stmt) -> list[ast.expr]:
    """What a statement asks."""
    if isinstance(statement, ast.If):
        return [statement.test]
    value = getattr(statement, "value", None)
    if isinstance(statement, (ast.Assign, ast.Return)) and isinstance(value, ast.BoolOp):
        return [value]
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return [each.test for each in parts if isinstance(statement, ast.Return) and isinstance(each, ast.IfExp)]


def asked(call: Call) -> list[dict[str, Any]]:
    """What was asked on the way, in order, each condition with its answer; None for one that was not looked at."""
    found = []
    for statement in filter(_tests, _statements(call.function.node)):
        last = (statement.test if isinstance(statement, ast.If) else statement).end_lineno or 0
        ran = [line for line in call.values if statement.lineno <= line <= last]
        if not ran:
            continue
        names = {**sys.modules[call.module].__dict__, **call.values[ran[0]]}
        for test in _tests(statement):
            parts = test.values if isinstance(test, ast.BoolOp) else [test]
            stops_at = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)
            stopped = False
            for part in parts:
                holds = None if stopped else bool(eval(_compiled(part), names))
                stopped = stopped or (len(parts) > 1 and holds is stops_at)
                found.append({"text": ast.unparse(part), "line": part.lineno, "holds": holds})
    return found


def _below(call: Call) -> list[Call]:
    """The calls in a call that answered it with a code, of those of one function the last."""
    last = {each.first: each for each in call.calls if each.pure and _is_operation(each.answer)}
    return [each for each in call.calls if last.get(each.first) is each]


def _place(call: Call) -> int:
    """Of the returns of one answer in a function, which one ended the call, or the one in it that gave its answer."""
    for each in reversed(_below(call)):
        if code(each.answer) == code(call.answer):
            return _place(each)
    returns = [each for each in _statements(call.function.node) if isinstance(each, ast.Return)]
    same = [each for each in returns if _literal(each.value) == code(call.answer).rpartition(".")[2]]
    ended = [each for each in same if _has(each, call.lines[-1])]
    return same.index(ended[0]) if ended else 0


def _literal(value: ast.expr | None) -> str:
    """The answer that an expression spells out."""
    parts = value.elts[1:2] if isinstance(value, ast.Tuple) else [value]
    for part in parts:
        if isinstance(part, ast.Attribute):
            return part.attr
        if isinstance(part, ast.Constant):
            return str(part.value)
    return ""


def _precedence(call: Call, function: Function, answer: str) -> tuple[Result, int | None]:
    """What a docstring says of results, and which of its entries decided."""
    result = result_of(function)
    same = [number for number, each in enumerate(result.entries) if answer in each.answers]
    others = [number for number, each in enumerate(result.entries) if not each.answers]
    place = _place(call)
    if place < len(same):
        return result, same[place]
    return result, next(iter(others or same[-1:]), None)


def _referred(call: Call, text: str) -> Iterator[Function]:
    """The functions whose result some text of a docstring refers to, and that were not called themselves."""
    for name in re.findall(r"that of `(\w+)`", text):
        other = _named(call.module, name)
        if other is not None and all(each.name != name for each in _below(call)):
            yield other
            yield from _referred(call, result_of(other).head)


def decision(call: Call) -> dict[str, Any]:
    """A call of a pure function: its answer, the precedence with what decided, the lines that ran, and the rules."""
    function, answer = call.function, code(call.answer)
    path, asks = _path(call), asked(call)
    specific = function.rules_on([*path[-1:], *(each.test for each in path if isinstance(each, ast.If))])
    named = bool(specific)
    for statement in [each for each in _statements(function.node) if isinstance(each, ast.Assign) and _tests(each)]:
        settled = [each["line"] for each in asks if each["holds"] is False and _has(statement, each["line"])]
        for line in [*settled, *([statement.lineno] if settled else [])]:  # the part that did, and what is said of all
            specific += RULE.findall(function.text[line - 1].partition("# ")[2])
    below = [decision(each) for each in _below(call)]
    result, decided = _precedence(call, function, answer)
    text = result.head + (result.entries[decided].text if decided is not None else "")
    said = below[-1]["answer"] if below else answer
    lists: list[dict[str, Any]] = []
    for other, of in [(function, answer), *((other, said) for other in _referred(call, text))]:
        result, decided = _precedence(call, other, of)
        entries = [each.text for each in result.entries]
        lists.append({"of": other.node.name, "head": result.head, "entries": entries, "decided": decided})
        specific += RULE.findall(entries[decided]) if decided is not None else []
    rules = _once([*specific, *(rule for each in reversed(below) for rule in each["rules"])])
    for each in lists:  # a precedence is always a reason; what else is said of the result, where it says more than that
        if each["entries"] or not rules or (below and said != answer and not named):
            rules = _once([*rules, *RULE.findall(each["head"])])
    return {
        "call": f"{call.module.rpartition('.')[2]}.{call.name}",
        "answer": answer,
        "lists": [each for each in lists if each["head"]],
        "asked": asks,
        "source": listing(call),
        "rules": rules or _once(RULE.findall(" ".join(_section(function.doc, "Effect")) or function.doc)),
        "through": below,
    }


def _has(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def listing(call: Call, end: int = 0) -> dict[str, Any]:
    """The body of a function: each line with its number, whether it ran, and whether it ended there (or at `end`)."""
    function = call.function
    body = [each for each in function.node.body if not _is_docstring(each)] or function.node.body
    ended = _path(call, end)[-1:]
    lines = []
    for number in range(body[0].lineno, (function.node.end_lineno or 0) + 1):
        last = any(_has(each, number) for each in ended)
        mark = "decided" if last else "ran" if number in call.lines else ""
        lines.append([number, function.text[number - 1], mark])
    return {"file": function.file, "of": call.name, "lines": lines}


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _once(rules: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(rules))


# ---- a whole operation ----


def every(calls: Iterable[Call]) -> Iterator[Call]:
    """Calls, and the calls in them."""
    for call in calls:
        yield call
        yield from every(call.calls)


def decisive(calls: Iterable[Call]) -> list[Call]:
    """The pure functions that handles called and that decided; of operations, if there are any, they alone."""
    found: list[Call] = []

    def look(calls: Iterable[Call]) -> None:
        for call in calls:
            if call.pure:
                found.append(call)
            elif not call.name.startswith(PLUMBING):
                look(call.calls)

    look(calls)
    return [call for call in found if _is_operation(call.answer)] or found


def blocked(calls: Iterable[Call]) -> Blocked | None:
    """What the last operation waits for, where it does."""
    found = decisive(calls)
    answer = found[-1].answer if found else None
    answer = answer[1] if isinstance(answer, tuple) else answer
    return answer if isinstance(answer, Blocked) else None


def explained(calls: list[Call], error: Error | None = None) -> dict[str, Any]:
    """Why the calls of one operation ended as they did, or with an error.

    decisions: of those that answered, each function's last, in order. source: of the handle's method, or the check of
    an argument, that ended it, where it raised or nothing else decided. rules: those that decided, the most specific
    first. also: what else the lines that ran name.
    """
    chosen = decisive(calls)
    last = {(call.module, call.first): call for call in chosen}
    decisions = [decision(call) for call in chosen if last[call.module, call.first] is call]
    rules = [rule for each in reversed(decisions) for rule in each["rules"]]
    end = _origin(calls, error) if error else next(iter(calls[-1:]), None)
    source = None
    if end is not None and not end.pure:
        line = end.errors.get(error, 0) if error else 0
        path = _path(end, line)
        own = end.function.rules_on([*path[-1:], *(each.test for each in path if isinstance(each, ast.If))])
        if end.module == "spec_model.arguments":
            decisions, rules = [], []
        rules = [*own, *rules] or next(filter(None, (RULE.findall(each.function.doc) for each in every([end]))), [])
        source = listing(end, line) if error or not decisions else None
    rules = _once(rules)
    return {"rules": rules, "decisions": decisions, "source": source, "also": list(_also(calls, rules))}


def _origin(calls: Iterable[Call], error: Error) -> Call | None:
    """The innermost call that an error came from."""
    for call in calls:
        if error in call.errors:
            return _origin(call.calls, error) or call
    return None


def _also(calls: Iterable[Call], known: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rules that other lines that ran name in a comment, and the docstrings of the helpers that changed the state."""
    seen = set(known)
    for caller, call in _with_callers(calls):
        function, places = call.function, []
        for number in dict.fromkeys(call.lines):
            text, _, comment = function.text[number - 1].partition("  # ")
            places.append((comment, number, text.strip()))
        if call.pure and isinstance(call.answer, (Channel, Registry)) and not caller.startswith(PLUMBING):
            places.append((function.doc, function.node.lineno, function.doc.partition("\n")[0]))
        for source, number, text in places:
            if rules := _once(rule for rule in RULE.findall(source) if rule not in seen):
                seen.update(rules)
                yield {"rules": rules, "file": function.file, "line": number, "text": text}


def _with_callers(calls: Iterable[Call], caller: str = "") -> Iterator[tuple[str, Call]]:
    for call in calls:
        yield caller, call
        yield from _with_callers(call.calls, call.name)
