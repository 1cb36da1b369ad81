"""Makes docs/api.md from the packages' signatures and docstrings: `python -m tests.docs.pages` (make pages)."""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fast_impl
from conformance import omnimailbox_pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
REFERENCE = ROOT / "fast_impl" / "cffi"
FIELD = re.compile(r"^([a-z_]+(?:, [a-z_]+)*): ")
ANOTHER = re.compile(r"(?<=\.) (?=[a-z_]+(?:, [a-z_]+)*: )")
"""With which a docstring says what an attribute or argument is, at the beginning of a line and within one."""
RULE = re.compile(r"\b([A-Z]{3}-\d+)\b")

SECTIONS = {
    "Brokers and channels": (
        "MailboxBroker", "ChannelConfig", "ChannelPair", "open_channel", "wait_any", "attach", "close_detached",
    ),
    "Producer": ("ProducerHandle", "Reservation"),
    "Consumer": ("ConsumerHandle", "Message", "Batch"),
    "Results and statistics": (
        "PushResult", "PopResult", "ChannelError", "BrokerStats", "ProducerStats", "ConsumerStats", "ChannelInfo",
    ),
    "Exceptions": (
        "OmniError", "ChannelClosedError", "ChannelNameError", "MessageExpiredError", "ConcurrentUseError",
        "NotAllSent", "FlatBufferTooLarge", "SchemaError", "UnknownTableError",
    ),
    "FlatBuffers": ("Schema",),
    "A process's status": ("serve_status", "status.StatusServer", "status.fetch"),
    "Native code": ("get_include", "native.functions", "native.NativeHandle"),
}  # fmt: skip

MODEL = {
    "channel.value": ("Channel", "Side", "Blocked", "Refused", "well_formed"),
    "channel.pushing": (),
    "channel.reserving": (),
    "channel.popping": (),
    "channel.lifecycle": (),
    "channel.queries": (),
    "registry": (),
}
"""Modules of the model that fast_impl has nothing like, with their names; those of `__all__` where none are given."""

SUITE = {
    "conformance": ("check", "NotConforming"),
    "conformance.results": ("Report",),
    "conformance.failure": ("Failure",),
    "conformance.targets": ("load", "Target", "Unusable"),
}

HEAD = """\
# API

Public names of `fast_impl`; `spec_model` has the same, for programs of one thread, and besides them
[pure functions over values](#the-model). [The suite](#the-suite) is `conformance`. Timeouts are seconds as a number, a
`timedelta`, or None for no limit; sizes are bytes. Ids such as [PSH-1](rules.md#psh-1) are [rules](rules.md); that page
also explains §.

`Timeout` and `Buffer` are declared in [spec_model/vocabulary.py](../spec_model/vocabulary.py): `Buffer` is whatever has
the buffer protocol, `collections.abc.Buffer` from Python 3.12 on. mypy and pyright take a `ChannelPair` for a tuple, so
that `producer, consumer = channel` gives each its type; `len(channel)` and `channel[0]`, which they therefore let pass,
raise TypeError. At run time `inspect.signature` of a method in C gives names and defaults. CPython keeps no annotations
for it; with `OMNI_BINDING=cffi` every call has those that are shown here.

Made by `make pages` from signatures and docstrings; a test fails while it is stale.
"""


def signatures() -> dict[str, str]:
    """`Class.method` -> signature with types, from the binding over cffi: the types in C have none."""
    return {
        f"{outer.name}.{inner.name}": _written(inner)
        for path in sorted(REFERENCE.glob("*.py"))
        for outer in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(outer, ast.ClassDef)
        for inner in outer.body
        if isinstance(inner, ast.FunctionDef)
    }


def _written(function: ast.FunctionDef) -> str:
    """A function's signature as source, without self; of a property its type alone."""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    if any(isinstance(each, ast.Name) and each.id == "property" for each in function.decorator_list):
        return returns.replace(" -> ", ": ")
    arguments = ast.unparse(function.args).removeprefix("self").removeprefix(", ")
    return f"({arguments}){returns}"


def _signature(owner: str, name: str, member: Any, known: dict[str, str]) -> str:
    if f"{owner}.{name}" in known:
        return known[f"{owner}.{name}"]
    if isinstance(member, property):
        returns = inspect.signature(member.fget).return_annotation if member.fget else ""
        return f": {returns}"
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(member)))
    return re.sub(r"\(self(, )?", "(", text)


def _doc(thing: Any) -> str:
    """A docstring with a link at each rule it names and its fields as a list, without the contracts for CrossHair."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("pre: ", "post: ")))
    linked = RULE.sub(lambda found: f"[{found[1]}](rules.md#{found[1].lower()})", text.rstrip())
    return "\n\n".join(map(_fields, linked.replace("[[", "[").replace(")]", ")").split("\n\n")))


def _fields(paragraph: str) -> str:
    """A paragraph that begins with `name: ` as a list, with an item for each name, several to a line or not."""
    if not FIELD.match(paragraph):
        return paragraph
    items = ANOTHER.sub("\n", paragraph).splitlines()
    named = (FIELD.sub(lambda found: f"- `{found[1].replace(', ', '`, `')}`: ", item) for item in items)
    return "\n".join(item if item.startswith("- ") else f"  {item.strip()}" for item in named)


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, classmethod | staticmethod):
            yield name, getattr(kind, name)
        elif callable(member) or inspect.isdatadescriptor(member):
            yield name, member


def _entry(name: str, known: dict[str, str], package: Any = fast_impl) -> str:
    thing = attrgetter(name)(package)
    lines = [f"### {name}", "", _doc(thing), ""]
    if not isinstance(thing, type):
        return "\n".join([lines[0], "", f"`{name}{_signature('', name, thing, known)}`", "", *lines[2:]])
    if issubclass(thing, enum.Enum):
        return "\n".join([*lines, ", ".join(f"`{each.name}` = {each.value}" for each in thing), ""])
    if issubclass(thing, tuple):
        fields = ", ".join(f"`{field}`" for field in getattr(thing, "_fields", ()))
        return "\n".join([*lines, f"Fields: {fields}.", ""])
    for method, member in _members(thing):
        if _doc(member):
            awaited = "await " if inspect.iscoroutinefunction(member) else ""
            lines += [f"**`{awaited}{method}{_signature(name, method, member, known)}`**", "", _doc(member), ""]
    return "\n".join(lines)


MODEL_HEAD = """\
## The model

Each operation of `spec_model` is a pure function from a value, the whole state of a channel or of a broker, and the
call's arguments to the next value and the answer. It never waits: where the call would, it answers `Blocked`, and a
function whose name ends in `_timed_out` ends the call. The handles above apply these functions to a value that they
keep. The docstrings in the files have each function's contract too, as Python (`pre:`, `post:`).
"""

SUITE_HEAD = """\
## The suite

What an implementer uses of `conformance`, from Python; [implementers.md](implementers.md) shows how, and what the
command `omni-conformance` does.
"""


def _model() -> Iterator[str]:
    yield MODEL_HEAD
    for name, names in MODEL.items():
        module = import_module(f"spec_model.{name}")
        file = f"spec_model/{name.replace('.', '/')}.py"
        yield f"### spec_model.{name}\n\n{_doc(module)} In [{file}](../{file}).\n"
        own = [each for each in getattr(module, "__all__", ()) if vars(module)[each].__module__ == module.__name__]
        for each in names or own:
            yield _pure(each, getattr(module, each))


def _pure(name: str, thing: Any) -> str:
    """A function or value of the model; the parts of a contract as a list, a precedence as one with numbers."""
    if isinstance(thing, type) and issubclass(thing, enum.Enum):
        return f"**`{name}`**: {', '.join(f'`{each.name}` ({each.value})' for each in thing)}\n\n{_doc(thing)}\n"
    if isinstance(thing, type):
        return f"**`{name}`**\n\n{_doc(thing)}\n"
    lines = [f"**`{name}{_signature('', name, thing, {})}`**", ""]
    numbered, below = False, ""
    for line in _doc(thing).splitlines():
        part = re.match(r"(Precondition|Effect|Result): (.*)", line)
        if part:
            numbered, below = part[2].startswith("the first of these that applies"), "  "
            lines.append(f"- {part[1]}: {part[2]}")
        elif numbered and (lines[-1].endswith(";") or lines[-1].startswith("- Result")):
            lines.append(f"  1. {line.strip()}")
        else:
            lines.append(f"{'     ' if numbered else below}{line.strip()}" if line else "")
    return "\n".join(lines) + "\n"


def _suite() -> Iterator[str]:
    yield SUITE_HEAD
    for name, names in SUITE.items():
        module = import_module(name)
        for each in names:
            yield _entry(each, {}, module).replace(f"### {each}\n", f"### {name}.{each}\n", 1)
    yield "### pytest\n\nThe plugin, which pytest loads wherever `omnimailbox` is installed, adds these options.\n"
    yield "| option | |\n|---|---|\n" + "\n".join(f"| `{option}` | {told} |" for option, told in _pytest_options())


def _pytest_options() -> Iterable[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def add(option: str, *, help: str, metavar: str = "", choices: Iterable[str] = (), **_: Any) -> None:
        found.append((f"{option} {metavar or '{' + ','.join(choices) + '}'}", help))

    group = SimpleNamespace(addoption=add)
    omnimailbox_pytest.pytest_addoption(SimpleNamespace(getgroup=lambda *_: group))  # type: ignore[arg-type]
    return found


def api() -> str:
    """The page."""
    known = signatures()
    parts = [HEAD]
    for title, names in SECTIONS.items():
        parts += [f"## {title}\n", *(_entry(name, known) for name in names)]
    parts += [*_model(), *_suite()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(api(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
