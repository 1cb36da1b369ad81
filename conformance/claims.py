"""What a check's assertion that does not hold says, where it has no words of its own."""

from __future__ import annotations

import ast
import linecache
import re
from pathlib import Path
from types import FrameType, TracebackType

_SUITE = str(Path(__file__).parent)


def in_words(error: Exception, claim: str) -> str:
    """The error of a check: its own words, or else the call that did not answer as it should, and what should hold."""
    claim = " ".join(claim.split())
    place = _innermost(error.__traceback__)
    where = _statement(place) if place is not None else ""
    if isinstance(error, AssertionError):
        words = str(error)
        if words and not re.fullmatch(r"[\w.]+", words):
            return words
        found = f" ({words})" if words else _values(place)
        return f"not so: {_spoken(where)}{found}; expected: {claim}" if where else f"not so: {claim}"
    raised = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{raised}, raised in {_spoken(where)}; expected: {claim}" if where else f"{raised}; expected: {claim}"


def _innermost(trace: TracebackType | None) -> tuple[FrameType, int] | None:
    """The innermost line of the suite's own checks, or of its own at all."""
    best: tuple[FrameType, int] | None = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_SUITE) and file != f"{_SUITE}/threads.py" and not file.endswith("/registry.py"):
            best = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return best


def _statement(place: tuple[FrameType, int]) -> str:
    """The statement at a line, an assertion without its message, in one line."""
    frame, number = place
    lines = linecache.getlines(frame.f_code.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return ""
    simple = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assert, ast.Expr, ast.Assign, ast.AnnAssign, ast.Return, ast.Raise))
        and node.lineno <= number <= (node.end_lineno or node.lineno)
    ]
    if not simple:
        return lines[number - 1].strip() if number <= len(lines) else ""
    node = max(simple, key=lambda node: node.lineno)
    return ast.unparse(node.test if isinstance(node, ast.Assert) else node)


def _spoken(statement: str) -> str:
    """A line of a check as a program of the API's would have it."""
    plain = re.sub(r"promptly\(([\w.\[\]]+), ", r"\1(", statement)
    return re.sub(r"promptly\(([\w.\[\]]+)\)", r"\1()", plain)


def _values(place: tuple[FrameType, int] | None) -> str:
    """The plain values of the names in the statement."""
    if place is None:
        return ""
    frame, statement = place[0], _statement(place)
    words = dict.fromkeys(re.findall(r"\b[a-z_]\w*\b", statement))
    known = {word: frame.f_locals[word] for word in words if word in frame.f_locals}
    shown = [
        f"{word} is {getattr(each, 'name', each)!s:.80}"
        for word, each in known.items()
        if isinstance(each, (bool, int, float, str, bytes, tuple)) or (hasattr(each, "name") and hasattr(each, "value"))
    ]
    return f" ({', '.join(shown)})" if shown else ""
