"""The C sources of the extension modules: headers as cffi reads them, docstrings for the types in C.

At build time it is loaded by its path, before `fast_impl` can be imported.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cffi import FFI

CORE = Path(__file__).resolve().parent / "core"
VERIFIER = Path(__file__).resolve().parent / "flatbuffers" / "verifier"

SOURCE = """
#include "omni_mailbox.h"
#include "omni_internal.h"

/* Through a slot that is there before what it is to hold, and NULL until then: so that it is owned at every moment. */
static void slot_new_broker(omni_broker **slot, uint64_t memory_limit) { *slot = omni_broker_new(memory_limit); }
static void slot_free_broker(omni_broker **slot) { if (*slot) omni_broker_free(*slot); }

/* A slot of a handle has a second place, set once the handle is detached. */
static void slot_close_producer(omni_producer **slot) { if (*slot && !slot[1]) omni_producer_close(*slot); }
static void slot_close_consumer(omni_consumer **slot) { if (*slot && !slot[1]) omni_consumer_close(*slot); }
static void slot_free_producer(omni_producer **slot) {
  if (slot[1]) omni_producer_release(*slot);
  else if (*slot) omni_producer_free(*slot);
}
static void slot_free_consumer(omni_consumer **slot) {
  if (slot[1]) omni_consumer_release(*slot);
  else if (*slot) omni_consumer_free(*slot);
}
static int slot_detach_producer(omni_producer **slot, uint64_t *token) {
  int code = slot[1] ? OMNI_EXPIRED : omni_producer_detach(*slot, token);
  if (code == 0) slot[1] = *slot;
  return code;
}
static int slot_detach_consumer(omni_consumer **slot, uint64_t *token) {
  int code = slot[1] ? OMNI_EXPIRED : omni_consumer_detach(*slot, token);
  if (code == 0) slot[1] = *slot;
  return code;
}
"""

DECLARATIONS = "const char *omni_fences(void);" + "".join(
    f"{signature};" for signature in re.findall(r"^static (\w+ slot_.*?\))", SOURCE, re.MULTILINE)
)
"""Of what there is besides the C ABI."""


def declarations(header: Path) -> str:
    """The declarations of a header of ours, as cffi reads them: what stands between its two marks."""
    declared = re.search(r"/\* declarations begin \*/(.*)/\* declarations end \*/", header.read_text(), re.DOTALL)
    if declared is None:
        raise RuntimeError(f"{header.name} has lost the marks around its declarations")
    return declared.group(1)


def core(module_name: str, portable: bool) -> FFI:
    """The binding `module_name` over the portable or the futex variant of the core, ready to compile."""
    from cffi import FFI  # not everywhere

    ffi = FFI()
    ffi.cdef(declarations(CORE / "omni_mailbox.h") + DECLARATIONS)
    _set_source(ffi, module_name, SOURCE, CORE, {"OMNI_PORTABLE": "1"} if portable else {})
    return ffi


def verifier(module_name: str) -> FFI:
    """The binding `module_name` over the FlatBuffers verifier, ready to compile."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(VERIFIER / "omni_flatbuffers.h"))
    _set_source(ffi, module_name, '#include "omni_flatbuffers.h"', VERIFIER, {})
    return ffi


def _set_source(ffi: FFI, module_name: str, source: str, folder: Path, macros: dict[str, str]) -> None:
    ffi.set_source(
        module_name,
        source,
        sources=[str(path) for path in sorted(folder.rglob("*.c"))],
        include_dirs=[str(folder)],
        define_macros=list(macros.items()),
        extra_compile_args=["-std=gnu11", "-O2", "-fvisibility=hidden"],
        libraries=["pthread"],
    )


def handles(package: Path) -> list[str]:
    """The sources of `_handles`: the types in C, with the core and the verifier in the same module."""
    folders = ("cpython", "core", "flatbuffers/verifier")
    return sorted(str(path) for folder in folders for path in (package / folder).rglob("*.c"))


def includes(package: Path) -> list[str]:
    """The folders of headers that these include."""
    return [str(package / "core"), str(package / "flatbuffers" / "verifier")]


def docs(package: Path) -> Iterator[str]:
    """Lines of C: DOC_<class> and DOC_<class>_<member> for what has a docstring in `fast_impl/_interface.py`.

    A method's begins with its signature, in the form from which CPython makes `__text_signature__`.
    """
    interface = ast.parse((package / "_interface.py").read_text(encoding="utf-8"))
    members: dict[str, dict[str, ast.FunctionDef]] = {}
    for kind in interface.body:
        if isinstance(kind, ast.ClassDef):
            own = {member.name: member for member in kind.body if isinstance(member, ast.FunctionDef)}
            inherited = [members.get(base.id, {}) for base in kind.bases if isinstance(base, ast.Name)]
            members[kind.name] = {name: member for each in (*inherited, own) for name, member in each.items()}
            yield _definition(f"DOC_{kind.name}", ast.get_docstring(kind))
            for member in members[kind.name].values():
                decorators = {ast.unparse(each) for each in member.decorator_list}
                method = "property" not in decorators and not member.name.startswith("_")
                signature = f"{member.name}(${_parameters(member)})\n--\n\n" if method else ""
                yield _definition(f"DOC_{kind.name}_{member.name}", ast.get_docstring(member), signature)


def _parameters(function: ast.FunctionDef) -> str:
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(function.args)


def _definition(name: str, docstring: str | None, signature: str = "") -> str:
    return f"#define {name} {json.dumps(signature + docstring, ensure_ascii=False)}\n" if docstring else ""
