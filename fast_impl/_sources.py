"""The C sources of the extension modules: headers as cffi reads them, what is made from them, docstrings.

At build time it is loaded by its path, before `fast_impl` can be imported.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cffi import FFI as _FFI

CORE = Path(__file__).resolve().parent / "core"
VERIFIER = Path(__file__).resolve().parent / "flatbuffers" / "verifier"

FLAGS = ("-std=gnu11", "-fvisibility=hidden", "-fno-asynchronous-unwind-tables")
"""Of each extension module. Debuggers find their way by what -g makes; unwind tables are a tenth of a module."""

SMALL = "-Os"
"""Of the verifier, and of all that is called through cffi, whose calls take longest."""

SOURCE = """
#include "omni_functions.h"
#include "omni_internal.h"

static const omni_functions functions = OMNI_FUNCTIONS;
__attribute__((constructor)) static void publish(void) { omni_core = &functions; }

/* Through a slot that is there before what it is to hold, and NULL until then: so that it is owned at every moment. */
static void slot_new_broker(omni_broker **slot, uint64_t memory_limit) { *slot = omni_broker_new(memory_limit); }
static void slot_free_broker(omni_broker **slot) { if (*slot) omni_broker_free(*slot); }

/* Py_IsFinalizing, where the interpreter has it. Once that is true, other threads get no further than to where they ask
 * for the GIL, which may be between the two steps of a pop, and since CPython 3.14 stay there. So no close waits for
 * a thread inside any more [LIF-11]. What it is inside of is not freed: the process is about to end. */
static int (*is_ending)(void);
static void slot_learn_ending(uintptr_t function) { is_ending = (int (*)(void))function; }

/* A slot of a handle has a second place, set once the handle is detached. Whether nobody is inside after the close. */
static bool slot_close_producer(omni_producer **slot) {
  if (!*slot || slot[1] || !omni_producer_close_begin(*slot)) return true;
  if (is_ending && is_ending()) return false;
  omni_producer_close_end(*slot);
  return true;
}
static bool slot_close_consumer(omni_consumer **slot) {
  if (!*slot || slot[1] || !omni_consumer_close_begin(*slot)) return true;
  if (is_ending && is_ending()) return false;
  omni_consumer_close_end(*slot);
  return true;
}
static void slot_free_producer(omni_producer **slot) {
  if (slot[1]) omni_producer_release(*slot);
  else if (*slot && slot_close_producer(slot)) omni_producer_free(*slot);
}
static void slot_free_consumer(omni_consumer **slot) {
  if (slot[1]) omni_consumer_release(*slot);
  else if (*slot && slot_close_consumer(slot)) omni_consumer_free(*slot);
}
static int slot_detach_producer(omni_producer **slot, uint64_t *token) {
  int code = slot[1] ? OMNI_EXPIRED : omni_producer_detach(*slot, token);
  if (code == 0) slot[1] = *slot;
  return code;
}
static int slot_fileno_producer(omni_producer **slot) { return slot[1] ? OMNI_EXPIRED : omni_producer_fileno(*slot); }
static int slot_fileno_consumer(omni_consumer **slot) { return slot[1] ? OMNI_EXPIRED : omni_consumer_fileno(*slot); }
static int slot_detach_consumer(omni_consumer **slot, uint64_t *token) {
  int code = slot[1] ? OMNI_EXPIRED : omni_consumer_detach(*slot, token);
  if (code == 0) slot[1] = *slot;
  return code;
}
"""

INTERNAL = """
const char *omni_fences(void);
extern const void *omni_core;
bool omni_producer_is_inherited(const omni_producer *producer);
bool omni_consumer_is_inherited(const omni_consumer *consumer);
int omni_producer_claim(omni_producer *producer);
int omni_consumer_claim(omni_consumer *consumer);
void omni_producer_unclaim(omni_producer *producer);
void omni_consumer_unclaim(omni_consumer *consumer);
"""

DECLARATIONS = INTERNAL + "".join(
    f"{signature};" for signature in re.findall(r"^static (\w+ slot_.*?\))", SOURCE, re.MULTILINE)
)
"""Of what there is besides the C ABI."""


def declarations(header: Path) -> str:
    """The declarations of a header of ours, as cffi reads them: what stands between its two marks."""
    declared = re.search(r"/\* declarations begin \*/(.*)/\* declarations end \*/", header.read_text(), re.DOTALL)
    if declared is None:
        raise RuntimeError(f"{header.name} has lost the marks around its declarations")
    return declared.group(1)


def core(module_name: str, portable: bool, headers: Path) -> _FFI:
    """The binding `module_name` over the portable or the futex variant of the core, ready to compile.

    `headers` is the folder of what `make_headers` has made.
    """
    from cffi import FFI  # not everywhere

    ffi = FFI()
    table = "".join(f"{each.pointer()};" for each in functions())
    table = f"typedef struct {{ uint32_t version, size; uint32_t sizes[...]; {table} }} omni_functions;"
    ffi.cdef(declarations(CORE / "omni_mailbox.h") + table + DECLARATIONS)
    macros = {"OMNI_PORTABLE": "1"} if portable else {}
    _set_source(ffi, module_name, SOURCE, CORE, macros, headers)
    return ffi


def verifier(module_name: str) -> _FFI:
    """The binding `module_name` over the FlatBuffers verifier, ready to compile."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(VERIFIER / "omni_flatbuffers.h"))
    _set_source(ffi, module_name, '#include "omni_flatbuffers.h"', VERIFIER, {})
    return ffi


def _set_source(ffi: _FFI, module_name: str, source: str, folder: Path, macros: dict[str, str], *headers: Path) -> None:
    ffi.set_source(
        module_name,
        source,
        sources=[str(path) for path in sorted(folder.rglob("*.c"))],
        include_dirs=[str(folder), *map(str, headers)],
        define_macros=list(macros.items()),
        extra_compile_args=[SMALL, *FLAGS],
        libraries=["pthread"],
    )


def handles(package: Path) -> list[str]:
    """The sources of `_handles`: the types in C, with the core and the verifier in the same module."""
    folders = ("cpython", "core", "flatbuffers/verifier")
    return sorted(str(path) for folder in folders for path in (package / folder).rglob("*.c"))


def includes(package: Path) -> list[str]:
    """The folders of headers that these include."""
    return [str(package / "core"), str(package / "flatbuffers" / "verifier")]


class Function(NamedTuple):
    """A function that omni_mailbox.h declares."""

    returns: str
    """With the blank that follows it, where there is one: "int ", "void *"."""
    name: str
    parameters: str

    def __str__(self) -> str:
        return f"{self.returns}{self.name}({self.parameters})"

    def pointer(self) -> str:
        """A pointer to it, of its own name."""
        return f"{self.returns}(*{self.name})({self.parameters})"

    def has_owner(self) -> bool:
        """Whether its first argument is an object, which tells the core that made it."""
        return re.match(r"(const )?omni_\w+ \*\w", self.parameters) is not None

    def forwarded(self) -> str:
        """Its definition in native code that was built apart: the call of the core that made its first argument."""
        names = [re.split(r"[ *]", parameter)[-1] for parameter in self.parameters.split(", ")]
        owner = {"omni_pop": "->consumer", "omni_pin": "->channel"}.get(re.findall(r"omni_\w+", self.parameters)[0], "")
        call = f"core->{self.name}({', '.join(names)})"
        refused = "NULL" if "*" in self.returns else "0" if "uint64_t" in self.returns else "OMNI_FOREIGN"
        body = f"if (core) {call};" if self.returns == "void " else f"return core ? {call} : {refused};"
        return f"{self} {{\n  const omni_functions *core = core_of({names[0]}{owner});\n  {body}\n}}\n"


def functions() -> list[Function]:
    """What omni_mailbox.h declares, in its order."""
    code = " ".join(_without_comments(declarations(CORE / "omni_mailbox.h")).split())
    found = re.findall(r"(?:^|(?<=[;}] ))((?:const )?\w+ \*?)(omni_\w+)\(([^()]*)\);", code)
    return [Function(*parts) for parts in found]


def native(template: Path) -> str:
    """A template of `fast_impl/native`, filled with what omni_mailbox.h declares: `@functions@` and the like."""
    code = _without_comments(declarations(CORE / "omni_mailbox.h"))
    structs = re.findall(r"typedef struct \{(.*?)\} (\w+);", code, re.DOTALL)
    enumerators = re.findall(r"\bOMNI_\w+", code)
    opaque = re.findall(r"typedef struct (\w+) \1;", code)
    every = functions()
    parts = {
        "pointers": "".join(f"  {each.pointer()};\n" for each in every),
        "names": ", ".join(each.name for each in every),
        "each": " ".join(f"_({each.name})" for each in every),
        "structs": str(len(structs)),
        "sizes": ", ".join(f"sizeof({name})" for _, name in structs),
        "forwarded": "\n".join(each.forwarded() for each in every if each.has_owner()),
        "pxd_opaque": "".join(f"    ctypedef struct {name}:\n        pass\n" for name in opaque),
        "pxd_enumerators": "".join(f"        {name}\n" for name in enumerators),
        "pxd_structs": "".join(
            f"    ctypedef struct {name}:\n" + "".join(f"        {line.strip()}\n" for line in body.split(";")[:-1])
            for body, name in structs
        ),
        "pxd_pointers": "".join(f"        {each.pointer()} noexcept nogil\n" for each in every).replace("(void)", "()"),
    }
    return re.sub(r"@(\w+)@\n?", lambda mark: parts[mark[1]], template.read_text(encoding="utf-8"))


def make_headers(package: Path, folder: Path) -> dict[Path, str]:
    """Make in `folder` what is compiled or shipped and not written; what is shipped, with its place in the package.

    Docstrings for the types in C, and the templates of `fast_impl/native`, filled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "docs.h").write_text("".join(docs(package)), encoding="utf-8")
    places: dict[Path, str] = {}
    for template in sorted((package / "native").glob("*.in")):
        made = folder / template.stem
        made.write_text(native(template), encoding="utf-8")
        places[made] = "__init__.pxd" if made.suffix == ".pxd" else f"native/{made.name}"
    return places


def _without_comments(code: str) -> str:
    return re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)


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
