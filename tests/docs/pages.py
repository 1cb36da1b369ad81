"""Makes docs/api.md from the signatures and docstrings of fast_impl: `python -m tests.docs.pages` (make pages)."""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import fast_impl

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
REFERENCE = ROOT / "fast_impl" / "cffi"
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

HEAD = """\
# API

Public names of `fast_impl`; `spec_model` has the same, for programs of one thread. Timeouts are seconds as a number, a
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
    text = str(inspect.signature(member)).replace("'", "")
    return re.sub(r"\(self(, )?", "(", text)


def _doc(thing: Any) -> str:
    """A docstring with a link at each rule it names, without the contracts that CrossHair reads."""
    text = "\n".join(line for line in (inspect.getdoc(thing) or "").splitlines() if not line.startswith("post: "))
    linked = RULE.sub(lambda found: f"[{found[1]}](rules.md#{found[1].lower()})", text.rstrip())
    return linked.replace("[[", "[").replace(")]", ")")


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, classmethod | staticmethod):
            yield name, getattr(kind, name)
        elif callable(member) or inspect.isdatadescriptor(member):
            yield name, member


def _entry(name: str, known: dict[str, str]) -> str:
    thing = attrgetter(name)(fast_impl)
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


def api() -> str:
    """The page."""
    known = signatures()
    parts = [HEAD]
    for title, names in SECTIONS.items():
        parts += [f"## {title}\n", *(_entry(name, known) for name in names)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(api(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
