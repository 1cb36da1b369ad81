"""Operations, programs of operations, and the journal of the program under way."""

from __future__ import annotations

import ast
import builtins
import mmap
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

Namespace = dict[str, Any]


@lru_cache(maxsize=4096)
def _compiled(source: str, mode: str) -> CodeType:
    return compile(source, f"<{source}>", mode)


@dataclass(frozen=True, slots=True)
class Expr:
    """An argument given as source, for values whose repr does not evaluate back or that differ by implementation."""

    source: str

    def value(self, names: Namespace) -> Any:
        """Its value among `names`."""
        return eval(_compiled(self.source, "eval"), names)

    def __repr__(self) -> str:
        return self.source


def _value(argument: Any, names: Namespace) -> Any:
    """An argument as it is passed, the elements of a list included."""
    if type(argument) is Expr:
        return argument.value(names)
    return [_value(each, names) for each in argument] if type(argument) is list else argument


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a program.

    kind: the method's name or what it does instead; a row of the coverage table.
    on: the variable whose method is called.
    args: values, or `Expr`.
    into: the variables that the result is assigned to or unpacked into.
    source: an expression or statement, where the operation is no plain method call.
    """

    kind: str
    on: str = ""
    args: tuple[Any, ...] = ()
    into: tuple[str, ...] = ()
    source: str = ""
    statement: bool = False

    @property
    def text(self) -> str:
        """The right-hand side, or the statement, as Python."""
        return self.source or f"{self.on}.{self.kind}({', '.join(map(repr, self.args))})"

    @property
    def form(self) -> str:
        """The call, whatever it is made on."""
        return self.source or f"{self.kind}({', '.join(map(repr, self.args))})"

    def render(self) -> str:
        """The operation as a line of Python."""
        return f"{', '.join(self.into)} = {self.text}" if self.into else self.text

    def run(self, names: Namespace) -> Any:
        """Run it among `names`; returns or raises what the implementation does."""
        if self.statement:
            exec(_compiled(self.source, "exec"), names)
            return None
        if self.source:
            return eval(_compiled(self.source, "eval"), names)
        arguments = [_value(arg, names) for arg in self.args]
        return getattr(names[self.on], self.kind)(*arguments)

    def uses(self) -> set[str]:
        """The variables that must exist for it to run."""
        names = {self.on} if self.on else set()
        for source in [self.source] + [arg.source for arg in self.args if type(arg) is Expr]:
            if source:
                names.update(_names(source))
        return names


@lru_cache(maxsize=4096)
def _names(source: str) -> frozenset[str]:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    bound = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    return frozenset(node.id for node in nodes if node.id not in bound and not hasattr(builtins, node.id))


@dataclass(frozen=True)
class Program:
    """Operations in order."""

    operations: tuple[Operation, ...]

    def render(self) -> str:
        """The program as Python, without assertions."""
        return "\n".join(operation.render() for operation in self.operations)


def parse(text: str) -> Program:
    """A program from Python text: assignments of one call each, and statements.

    A line may end in `# xN`, which repeats it N times.
    """
    operations: list[Operation] = []
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        code, _, times = line.partition("# x")
        operations.extend([_operation(code.strip())] * (int(times) if times else 1))
    return Program(tuple(operations))


def _operation(line: str) -> Operation:
    node = ast.parse(line).body[0]
    into: tuple[str, ...] = ()
    if isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
        target = node.targets[0]
        elements = target.elts if isinstance(target, ast.Tuple) else [target]
        into = tuple(element.id for element in elements if isinstance(element, ast.Name))
    elif not isinstance(node, ast.Expr):
        kind = {"Delete": "del", "With": "with", "Assign": "assign"}.get(type(node).__name__, "statement")
        if isinstance(node, ast.With) and ".build(" in line:
            kind = "build"
        return Operation(kind, source=line, statement=True)
    value = node.value
    call = value.func if isinstance(value, ast.Call) else None
    if isinstance(value, ast.Call) and isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
        on = call.value.id
        if on not in ("omni", "copy", "pickle") and not value.keywords:
            args = tuple(_argument(argument) for argument in value.args)
            return Operation(call.attr, on, args, into)
        return Operation(call.attr, into=into, source=ast.unparse(value))
    kind = call.attr if isinstance(call, ast.Attribute) else call.id if isinstance(call, ast.Name) else "eval"
    return Operation(kind, into=into, source=ast.unparse(value))


def _argument(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return Expr(ast.unparse(node))


JOURNAL_SIZE = 1 << 20
"""Bytes: more than any program of the suite takes. Operations that do not fit are left out."""

_HEAD = struct.Struct("<QB")  # where the text ends; whether the last operation has returned and is being compared


class Journal:
    """The operations of the program under way, in a file that survives the process that runs them.

    Does nothing until `write_to` names the file.
    """

    def __init__(self) -> None:
        self._map: mmap.mmap | None = None
        self._end = _HEAD.size

    @staticmethod
    def create(path: Path) -> None:
        """Write an empty journal."""
        path.write_bytes(bytes(JOURNAL_SIZE))

    def write_to(self, path: Path) -> None:
        """From now on, record this process's operations in the journal at `path`."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), JOURNAL_SIZE)
        self.restart()

    def restart(self) -> None:
        """Begin a new program."""
        if self._map is not None:
            self._end = _HEAD.size
            _HEAD.pack_into(self._map, 0, self._end, False)

    def note(self, operation: Operation) -> None:
        """Record an operation that is about to run."""
        if self._map is None:
            return
        line = operation.render().encode("utf-8", "backslashreplace") + b"\n"
        end = self._end + len(line)
        if end <= JOURNAL_SIZE:
            self._map[self._end : end] = line
            self._end = end
            _HEAD.pack_into(self._map, 0, end, False)

    def comparing(self) -> None:
        """Record that the operation has returned and that the observable state is being compared."""
        if self._map is not None:
            _HEAD.pack_into(self._map, 0, self._end, True)

    @staticmethod
    def read(path: Path) -> tuple[list[str], bool]:
        """The operations of the last program, each as Python, and whether the last one has returned."""
        content = path.read_bytes()
        end, returned = _HEAD.unpack_from(content)
        return content[_HEAD.size : end].decode().splitlines(), bool(returned)


journal = Journal()
"""Of this process."""
