"""The C sources as text: every "pairs with" names a function or macro that exists, and includes point downwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fast_impl

pytestmark = pytest.mark.once

PACKAGE = Path(fast_impl.__file__).parent
CORE = PACKAGE / "core"
FILES = sorted(path for path in CORE.rglob("*") if path.suffix in (".c", ".h"))

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DEFINED = re.compile(r"^#define (\w+)\(|^(?!typedef|return|#)[a-zA-Z_][\w *()]*?\b(\w+)\([^;{]*\{", re.MULTILINE)
NAME = re.compile(r"\w*_\w+")
REFERENCE = re.compile(r"\b(?:[Pp]airs with|[Ss]ee) (\w*)((?:,? and \w*_\w+|, \w*_\w+)*)")
ORDERED = re.compile(r"\bplatform_fence_(?:full|light|heavy)\(\)|\bplatform_\w+\([^;]*\b(?:acquire|release|acq_rel)\)")


def defined(files: list[tuple[str, str]]) -> set[str]:
    """Every function and function-like macro that the sources define."""
    return {name for _, text in files for found in DEFINED.findall(COMMENT.sub("", text)) for name in found if name}


def unresolved(name: str, text: str, known: set[str]) -> Iterator[str]:
    """A line for each reference of a comment that names nothing of `known`."""
    for comment in COMMENT.finditer(text):
        # Of the same length, so that places stay: the stars that begin a comment's further lines are blanks.
        words = re.sub(r"\n\s*\*(?!/)", lambda gap: " " * len(gap.group()), comment.group())
        for found in re.finditer(r"\b(?:[Pp]airs\s+with|[Ss]ee)\b", words):
            rest = " ".join(words[found.start() :].split())
            reference = REFERENCE.match(rest)
            names = [reference.group(1), *NAME.findall(reference.group(2))] if reference else [""]
            at = f"{name}:{text.count(chr(10), 0, comment.start() + found.start()) + 1}"
            if rest[:3].lower() == "see" and "_" not in names[0]:
                continue  # "see docs/...", or no reference at all
            yield from (f"{at}: no function or macro is called {each!r}" for each in names if each not in known)


def unexplained(name: str, text: str) -> Iterator[str]:
    """A line for each ordered access or fence without a "pairs with" beside it."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not ORDERED.search(COMMENT.sub("", line)) or line.startswith("#define"):
            continue
        if not re.search(r"[Pp]airs with", " ".join(lines[max(0, number - 3) : number])):
            yield f"{name}:{number}: what does this pair with? {line.strip()}"


def sources() -> list[tuple[str, str]]:
    """Each file of the core by its path within it, with its text."""
    return [(str(path.relative_to(CORE)), path.read_text()) for path in FILES]


def test_what_an_atomic_pairs_with_exists() -> None:
    """Each "pairs with" and "see" of a comment names functions or macros that the core defines."""
    files = sources()
    known = defined(files)
    assert {"ring_waiting", "EVENTCOUNT_WAIT", "guard_enter_slow", "omni_unpin", "is_unpinned"} <= known
    assert [line for name, text in files for line in unresolved(name, text, known)] == []


def test_each_ordered_access_says_what_it_pairs_with() -> None:
    """Every acquire, release and fence of the protocol has a "pairs with" on its line or just above."""
    protocol = [(name, text) for name, text in sources() if not name.startswith("platform/")]
    assert [line for name, text in protocol for line in unexplained(name, text)] == []


@pytest.mark.parametrize(
    ("comment", "named"),
    [
        ("/* pairs with ring_wating */", "ring_wating"),
        ("/* pairs with the loads in ring_waiting */", "the"),
        ("/* release: pairs\n * with ring_waiting and guard_entr */", "guard_entr"),
        ("/* ordered: see ring_nothing */", "ring_nothing"),
    ],
)
def test_a_name_that_does_not_resolve_is_reported(comment: str, named: str) -> None:
    """With the file, the line and the name."""
    report = list(unresolved("ring.h", f"int a;\n{comment}\n", {"ring_waiting", "guard_enter"}))
    assert report == [f"ring.h:2: no function or macro is called {named!r}"]


# A file may include the headers of layers further down, and its own. Headers of the core, in the order of the layers.
LAYERS = [{"platform.h"}, {"eventcount.h"}, {"guard.h", "pool.h"}, {"ring.h"}, {"channel.h"}]
PUBLIC = {"omni_mailbox.h", "omni_internal.h"}
ABOVE = {"broker.c", "producer.c", "consumer.c", "detached.c", "process.c"}


def includes(path: Path) -> list[str]:
    """The names of the headers of ours that a file includes."""
    return [Path(name).name for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)]


def test_the_core_includes_only_what_is_below() -> None:
    """platform < eventcount < guard, pool < ring < channel < broker, producer, consumer."""
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = []
    for path in FILES:
        own = f"{path.stem}.h"
        if path.name in PUBLIC:
            top = -1
        elif path.parent.name == "platform":
            top = 1
        else:
            top = len(LAYERS) if path.name in ABOVE else level[own]
        allowed = {name for name, number in level.items() if number < top} | PUBLIC | {own}
        wrong += [f"{path.relative_to(CORE)} includes {name}" for name in includes(path) if name not in allowed]
    assert wrong == []


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("cpython", {"handles.h", "docs.h", "omni_functions.h", "omni_flatbuffers.h", *PUBLIC}),
        ("flatbuffers/verifier", None),
    ],
)
def test_nothing_outside_the_core_includes_its_layers(folder: str, allowed: set[str] | None) -> None:
    """The bindings see the two C ABIs and omni_internal.h; the verifier its own headers only."""
    files = sorted((PACKAGE / folder).glob("*.[ch]"))
    allowed = allowed or {path.name for path in files if path.suffix == ".h"}
    assert [f"{path.name} includes {name}" for path in files for name in includes(path) if name not in allowed] == []
