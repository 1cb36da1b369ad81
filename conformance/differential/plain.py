"""Programs from files of others: read, checked and carried out node by node, and never given to Python to evaluate.

A line may call what a target has, by the names of the API, with literals and the few types that programs are made of.
Anything else is refused, by name, before the first line is carried out.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.differential.program import Namespace, Operation, Program, parse
from conformance.targets.target import SHARED, TYPES
from conformance.threads import OPERATIONS


class Refused(ValueError):
    """A line of a file that is more than calls of the API with literals; names what."""


CALLABLES: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (bool, bytearray, bytes, float, hasattr, int, iter, len, list, memoryview, range, set, slice, str)
}
"""Functions and types that a program may call by themselves."""

IMPORTED = ("Decimal", "Fraction", "timedelta")
"""Types of `lockstep.IMPORTS` that it may call too."""

OF_MODULES = {"array": ("array",), "copy": ("copy", "deepcopy"), "pickle": ("dumps",)}
"""What it may use of modules."""

OF_OMNI = frozenset({*TYPES, *SHARED, "open_channel", "attach", "close_detached", "wait_any", "set_start_index"})
"""What it may use of a target by itself."""

ATTRIBUTES = OPERATIONS - {"__del__"} | {
    "data", "producer", "consumer", "detach", "name", "build", "tobytes", "__setitem__", "__enter__", "release",
    "clear", "pop", "Finish", "CreateString",
}  # fmt: skip
"""Methods and attributes of objects that it may use."""


def _power(base: Any, exponent: Any) -> Any:
    """As `**`, of what a configuration or a count is made of."""
    if abs(base) > 10 or exponent > 1000:
        raise Refused(f"the failure file has a power that is not carried out: {base} ** {exponent}")
    return base**exponent


MOST_BITS, MOST_ELEMENTS = 5_000, 1 << 28
"""Of a product: more than any number, or message, of the suite."""


def _times(one: Any, other: Any) -> Any:
    """As `*`, of what a message or a configuration is made of."""
    if isinstance(one, int) and isinstance(other, int):
        size, most = one.bit_length() + other.bit_length(), MOST_BITS
    else:
        sequence, count = (other, one) if isinstance(one, int) else (one, other)
        size, most = len(sequence) * count if hasattr(sequence, "__len__") else 0, MOST_ELEMENTS
    if size > most:
        raise Refused(f"the failure file has a product that is not carried out: of {size:,} bits or elements")
    return one * other


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Mult: _times, ast.Add: operator.add, ast.Pow: _power,
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.is_,
}  # fmt: skip
_STRUCTURE = (
    ast.Module, ast.Expr, ast.Assign, ast.Delete, ast.With, ast.withitem, ast.For, ast.If, ast.Pass, ast.Load,
    ast.Store, ast.Del, ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.keyword, ast.Subscript, ast.Slice,
    ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.comprehension, ast.UnaryOp, ast.USub, ast.BinOp, ast.Compare,
    *BINARY, *COMPARED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plain(Operation):
    """An operation whose text is carried out node by node."""

    def run(self, names: Namespace) -> Any:
        """As `Operation.run`."""
        (node,) = ast.parse(self.text).body
        if isinstance(node, ast.Expr):
            return _value(node.value, names)
        _carry_out(node, names)
        return None


def program(lines: Iterable[str], own: Program | None = None) -> Program:
    """The program of a file's lines; Refused for a line that is neither plain nor one of `own`, the suite's check."""
    known = {operation.render(): operation for operation in (own.operations if own else ())}
    return Program(tuple(known.get(line) or _plain(line) for line in lines))


def _plain(line: str) -> Operation:
    try:
        tree = ast.parse(line)
    except (SyntaxError, ValueError) as error:
        why = error.msg if isinstance(error, SyntaxError) else error  # without a place in a file that nobody has
        raise Refused(f"a line of the failure file is no Python, {why}: {line!r}") from None
    if len(line.splitlines()) > 1:
        raise Refused(f"a line of the failure file has {len(line.splitlines())} lines, not 1: {line!r}")
    if "# x" in line:
        raise Refused(f"a line of the failure file asks to be repeated: {line!r}")
    if len(tree.body) != 1:
        raise Refused(f"a line of the failure file has {len(tree.body)} statements, not 1: {line!r}")
    for what in _beyond(tree):
        raise Refused(f"the failure file would do more than call the target, by {what}: {line!r}")
    (operation,) = parse(line).operations
    return Plain(operation.kind, operation.on, operation.args, operation.into, operation.source, operation.statement)


def _beyond(node: ast.AST) -> Iterator[str]:
    """What a line has, by name, that a line of a file may not have."""
    if not isinstance(node, _STRUCTURE):
        yield type(node).__name__
    if isinstance(node, ast.Name) and (node.id in ("ctypes", *OF_MODULES) or node.id.startswith("__")):
        yield node.id
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        called = ast.unparse(node.func)
        if called not in CALLABLES and called not in IMPORTED:
            yield f"{called}()"
    of_module = False
    if isinstance(node, ast.Attribute):
        of = node.value.id if isinstance(node.value, ast.Name) else ""
        of_module = of in OF_MODULES
        if node.attr not in (OF_OMNI if of == "omni" else OF_MODULES.get(of, ATTRIBUTES)):
            yield ast.unparse(node)
    if not of_module:
        for part in ast.iter_child_nodes(node):
            yield from _beyond(part)


def _value(node: ast.expr, names: Namespace) -> Any:
    """The value of an expression that `_beyond` has let through."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            if node.id not in names:
                raise NameError(f"name {node.id!r} is not defined")
            return names[node.id]
        case ast.Attribute():
            return getattr(_value(node.value, names), node.attr)
        case ast.Call():
            called = _called(node.func, names)
            arguments = [_value(each, names) for each in node.args]
            return called(*arguments, **{str(each.arg): _value(each.value, names) for each in node.keywords})
        case ast.Subscript():
            return _value(node.value, names)[_value(node.slice, names)]
        case ast.Slice():
            return slice(*(each and _value(each, names) for each in (node.lower, node.upper, node.step)))
        case ast.List() | ast.Tuple() | ast.Set():
            kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
            return kind([_value(each, names) for each in node.elts])
        case ast.ListComp(generators=[ast.comprehension(target=ast.Name(id=variable), ifs=[]) as generator]):
            return [_value(node.elt, {**names, variable: each}) for each in _value(generator.iter, names)]
        case ast.UnaryOp():
            return -_value(node.operand, names)
        case ast.BinOp():
            return BINARY[type(node.op)](_value(node.left, names), _value(node.right, names))
        case ast.Compare(ops=[compared], comparators=[other]):
            return COMPARED[type(compared)](_value(node.left, names), _value(other, names))
    raise Refused(f"the failure file has an expression that is not carried out: {ast.unparse(node)}")


def _called(node: ast.expr, names: Namespace) -> Any:
    if isinstance(node, ast.Name):
        return CALLABLES.get(node.id) or names[node.id]  # one of IMPORTED
    return _value(node, names)


def _carry_out_all(nodes: Iterable[ast.stmt], names: Namespace) -> None:
    for node in nodes:
        _carry_out(node, names)


def _carry_out(node: ast.stmt, names: Namespace) -> None:
    """A statement that `_beyond` has let through."""
    match node:
        case ast.Expr():
            _value(node.value, names)
        case ast.Pass():
            pass
        case ast.Assign(targets=[ast.Attribute() as target]):
            setattr(_value(target.value, names), target.attr, _value(node.value, names))
        case ast.Delete():
            for each in node.targets:
                del names[ast.unparse(each)]
        case ast.With(items=[ast.withitem() as item]):
            with _value(item.context_expr, names) as entered:
                if item.optional_vars is not None:
                    names[ast.unparse(item.optional_vars)] = entered
                _carry_out_all(node.body, names)
        case ast.For(target=ast.Name(id=variable), orelse=[]):
            for value in _value(node.iter, names):
                names[variable] = value
                _carry_out_all(node.body, names)
        case ast.If(orelse=[]):
            if _value(node.test, names):
                _carry_out_all(node.body, names)
        case _:
            raise Refused(f"the failure file has a statement that is not carried out: {ast.unparse(node)}")
