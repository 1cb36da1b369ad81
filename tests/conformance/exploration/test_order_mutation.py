"""Memory-order mutation: every atomic access, fence and wake of the core is in the table, and its results hold."""

from __future__ import annotations

import ctypes
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.__main__ import main as omni_conformance
from conformance.exploration import order_mutation
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import library, run, sources
from conformance.exploration.clients.every import generated
from conformance.exploration.clients.weaken import (
    SWITCH,
    Access,
    Weakening,
    accesses,
    every_weakening,
    switched,
    weakened,
    weakenings,
)
from conformance.exploration.order_mutation import holding, main, mismatches, page, read, rematched, write

pytestmark = pytest.mark.once
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"
)
DOCS = Path(__file__).parents[3] / "docs"
TABLE = read()
WEAKENINGS = {each.key: each for each in every_weakening(sources())}
ADDED = "static int added(_Atomic int *x) {\n  return platform_load(x, acquire);\n}\n\n"
FAILING = [(number, row) for number, row in enumerate(TABLE.rows, 1) if row.client]


def test_the_table_is_that_of_the_core() -> None:
    """Every access has a row, no row is of another core, and each row has a failing client or a reason, not both."""
    assert not mismatches(TABLE, WEAKENINGS)
    named = {client.name for client in FULL}
    assert all(row.client in named or generated(row.client) for _, row in FAILING)


def test_the_page_is_that_of_the_table() -> None:
    """Where docs/necessity.md differs from the table, run `make necessity`, or `make necessity ARGS=--rematch`."""
    assert (DOCS / "necessity.md").read_text() == page(TABLE)


@needs_compiler
def test_a_row_is_replayed_as_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The command of a row prints the failing execution; without --weaken, the core that ships has none there."""
    number, row = next((number, row) for number, row in FAILING if row.function == "ring_publish")
    arguments = ["--only", row.client, "--replay", row.replay]
    assert omni_conformance(["explore", "--weaken", str(number), *arguments]) == 1
    printed = capsys.readouterr().out
    assert f"weakened: {row.key}" in printed and row.failure in printed and f"replay: {row.replay}" in printed
    assert omni_conformance(["explore", *arguments]) in (0, 2)


@needs_compiler
def test_every_row_holds() -> None:
    """With the access weakened, the client fails as the table says; a row that says otherwise is found."""
    assert list(holding(TABLE.rows)) == list(TABLE.rows)
    wrong = [replace(FAILING[0][1], failure="lost wakeup"), replace(FAILING[0][1], replay="0.0.0.0.0.0.0.0")]
    assert not list(holding(wrong))


@pytest.mark.parametrize("number", ["0", "1000"])
def test_a_row_that_does_not_exist_cannot_be_weakened(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which numbers there are."""
    assert omni_conformance(["explore", "--weaken", number]) == 2
    assert f"--weaken takes a number from 1 to {len(WEAKENINGS)}, not {number}" in capsys.readouterr().err


def test_a_change_of_the_core_makes_the_table_stale(tmp_path: Path) -> None:
    """A core with another order does not fit the table."""
    core = tmp_path / "core"
    shutil.copytree(sources(), core)
    ring = (core / "ring.h").read_text()
    (core / "ring.h").write_text(ring.replace("write + count, release", "write + count, seq_cst"))
    problems = mismatches(TABLE, [each.key for each in every_weakening(core)])
    assert len(problems) == 2
    assert problems[0].startswith(
        "not in the table: ring.h ring_publish: platform_store(&ring->write_index, write + count, seq"
    )
    assert problems[1].startswith("not in the core: ring.h ring_publish")


def test_rows_in_another_order_are_reported() -> None:
    """A row's number is that of its access in the core: those of two accesses that changed places are each other's."""
    one, other, *rest = WEAKENINGS
    assert mismatches(TABLE, [other, one, *rest]) == [
        f"the core has this where the table has {one}: {other}",
        f"the core has this where the table has {other}: {one}",
    ]


def test_a_moved_or_renamed_access_keeps_its_result(tmp_path: Path) -> None:
    """Rematched, a core with another file, function or variable has the rows of before; a new access has none."""
    core = tmp_path / "core"
    shutil.copytree(sources(), core)
    (core / "ring.h").rename(core / "queue.h")
    for file in core.glob("*.[ch]"):
        text = file.read_text().replace("ring_publish", "queue_publish").replace("write_index", "tail")
        file.write_text(text.replace("static inline void guard_close(", f"{ADDED}static inline void guard_close("))
    there = every_weakening(core)
    kept = rematched(TABLE, there)
    results = sorted((row.client, row.replay, row.reason) for row in kept.rows)
    assert results == sorted((row.client, row.replay, row.reason) for row in TABLE.rows)
    missing = "not in the table: guard.h added: platform_load(x, acquire) -> relaxed"
    assert mismatches(kept, [each.key for each in there]) == [missing]


def test_a_row_has_a_client_or_a_reason(tmp_path: Path) -> None:
    """A row with neither is reported, and one with both; so is a reason for nothing."""
    write(TABLE, tmp_path / "table.json")
    assert read(tmp_path / "table.json") == TABLE
    _, found = FAILING[0]

    def problems(**changes: str) -> list[str]:
        rows = tuple(replace(row, **changes) if row is found else row for row in TABLE.rows)
        return mismatches(replace(TABLE, rows=rows), WEAKENINGS)

    assert problems(client="") == [f"no client fails, and no reason says why it stays: {found.key}"]
    assert problems(reason="busy") == [f"fails a client, and has a reason why nothing fails: {found.key}"]
    more = replace(TABLE, reasons={**TABLE.reasons, "nothing": "it stays"})
    assert mismatches(more, WEAKENINGS) == ["a reason without an access: nothing"]


SOURCE = """\
/* platform_load(&in_a_comment, relaxed) */
static inline void eventcount_wake(platform_word *waiter) {
  platform_fence_light();
  if (platform_load(&waiter->value, relaxed) && platform_exchange(&waiter->value, f(0, g(1)), acq_rel))
    platform_wake(waiter);
}
#define TWICE(x)            \\
  platform_store(x, 1, relaxed); \\
  platform_store(x, 1, relaxed);
"""


def test_accesses_are_found_in_source(tmp_path: Path) -> None:
    """Calls over parentheses, in functions and macros, not in comments nor definitions; alike ones are numbered."""
    (tmp_path / "a.h").write_text(SOURCE)
    (tmp_path / "platform.h").write_text("platform_load(x, relaxed)")
    assert [(each.key, each.operation, each.order) for each in accesses(tmp_path)] == [
        ("a.h eventcount_wake: platform_fence_light()", "fence", ""),
        ("a.h eventcount_wake: platform_load(&waiter->value, relaxed)", "load", "relaxed"),
        ("a.h eventcount_wake: platform_exchange(&waiter->value, f(0, g(1)), acq_rel)", "exchange", "acq_rel"),
        ("a.h eventcount_wake: platform_wake(waiter)", "wake", ""),
        ("a.h TWICE: platform_store(x, 1, relaxed)", "store", "relaxed"),
        ("a.h TWICE: platform_store(x, 1, relaxed) (2)", "store", "relaxed"),
    ]


def test_an_access_is_weakened_where_it_is_named(tmp_path: Path) -> None:
    """Only that access changes; a fence loses its seq_cst, a wake goes."""
    core = tmp_path / "original"
    core.mkdir()
    (core / "a.h").write_text(SOURCE)

    def made(access: Access, weaker: str) -> str:
        folder = tmp_path / f"{access.start}{weaker}"
        return (weakened(core, Weakening(access, weaker), folder) / "a.h").read_text()

    fence, load, exchange, wake, _, second = accesses(core)
    assert [each.weaker for each in weakenings(exchange)] == ["acquire", "release"]
    assert made(exchange, "acquire") == SOURCE.replace("acq_rel", "acquire")
    assert made(load, "nonatomic") == SOURCE.replace("value, relaxed", "value, nonatomic")
    assert made(fence, "acq_rel") == SOURCE.replace(
        "platform_fence_light()", "atomic_thread_fence(memory_order_acq_rel)"
    )
    assert made(wake, "left out") == SOURCE.replace("platform_wake(waiter)", "(void)0")
    assert made(second, "nonatomic").endswith("relaxed); \\\n  platform_store(x, 1, nonatomic);\n")


def test_a_switched_core_has_every_weakening(tmp_path: Path) -> None:
    """Each access chooses by the number of its weakenings, also within another one's argument; lines stay."""
    core = tmp_path / "original"
    core.mkdir()
    (core / "a.h").write_text(SOURCE)
    copy = switched(core, tmp_path / "copy")
    text, orders = (copy / "a.h").read_text(), (copy / "switched.h").read_text().splitlines()
    assert text.startswith('#include "switched.h"\n#line 1\n')
    assert len(text.splitlines()) == len(SOURCE.splitlines()) + 2
    assert '(core_weakening == 1 ? wm_fence(wm_acq_rel, WM_SITE("")) : platform_fence_light());' in text
    assert '(core_weakening == 5 ? wm_fence(wm_nonatomic, WM_SITE("platform_wake(waiter)")) : platform_wake' in text
    exchange = "core_weakening == 3 ? wm_acquire : core_weakening == 4 ? wm_release : wm_acq_rel)"
    (name,) = [line.split()[1].removeprefix("wm_") for line in orders if line.endswith(exchange)]
    assert f"f(0, g(1)), {name})" in text


@needs_compiler
def test_a_switched_core_fails_as_the_weakened_one(tmp_path: Path) -> None:
    """With the number of a row it fails the row's client as the table says, and with none it does not."""
    core = switched(sources(), tmp_path)
    number, row = next((number, row) for number, row in enumerate(TABLE.rows, 1) if row.failure == "data race")
    given = generated(row.client)
    assert given is not None
    for chosen, failure in ((0, None), (number, "data race")):
        ctypes.c_int.in_dll(library(True, core), SWITCH).value = chosen
        assert run(given, asymmetric=True, core=core).failure == failure


@needs_compiler
@pytest.mark.timeout(120)
def test_with_more_calls_what_fails_no_generated_client_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it fails one of the catalogue; without, what holds is not explored again."""
    row = next(row for _, row in FAILING if not generated(row.client))
    monkeypatch.setattr(order_mutation, "QUICK", [client for client in QUICK if client.name == row.client])
    monkeypatch.setattr(order_mutation, "holding", list)
    monkeypatch.setattr(order_mutation, "CALLS", 1)
    for calls, explored in ((1, False), (2, True)):
        assert main(["--missing", "--calls", str(calls), "--only", row.key, "--workers", "1"]) == 0
        printed = capsys.readouterr().out
        assert ("1 of 1: " in printed) is explored and "1 weakenings: 1 fail a client" in printed


@needs_compiler
@pytest.mark.timeout(120)
def test_the_command_finds_the_client(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For one access: its weaker form, the client that fails with it, and as what."""
    monkeypatch.setattr(order_mutation, "QUICK", QUICK[:2])
    assert main(["--only", "ring_publish: platform_store(&ring->write_index", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "data race in" in printed and "1 weakenings: 1 fail a client" in printed
    assert main(["--rematch"]) == 0
